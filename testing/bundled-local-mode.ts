// Local mode with the function's code in a temporary folder of its own, which is removed in the end.

import type { ProfileFile } from '../lambda/vend/settings.ts';
import { writeVendCode } from '../lib/vend-code.ts';
import { type LocalMode, type LocalModeOptions, startLocalMode } from '../local/local-mode.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

export interface BundledLocalModeOptions extends Omit<LocalModeOptions, 'codeDirectory' | 'profile'> {
  /** @default all scopes, client_secret_post */
  readonly profile?: ProfileFile;
}

/** A start that fails leaves nothing behind. */
export async function startBundledLocalMode(options: BundledLocalModeOptions = {}): Promise<LocalMode> {
  const { profile = { clientAuthentication: 'client_secret_post' } } = options;
  const code = temporaryFolder();
  try {
    writeVendCode(code.path, profile);
    const mode = await startLocalMode({ ...options, profile, codeDirectory: code.path });
    const close = async () => void (await Promise.all([mode.close(), code.close()]));
    return { ...mode, close };
  } catch (error) {
    await code.close();
    throw error;
  }
}
