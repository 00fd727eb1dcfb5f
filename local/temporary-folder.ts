// A folder of one's own for as long as it is needed.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Also removed when the process exits without closing. */
export function temporaryFolder(): { readonly path: string; close(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), `token-vending-${process.pid}-`));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    path,
    close: async () => {
      process.off('exit', remove);
      remove();
    },
  };
}
