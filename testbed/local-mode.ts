// Local mode for the tests: the function is bundled into a folder of its own, which is removed in the end. Tokens are
// requested as a caller requests them.

import type { ProfileFile } from '../lambda/vend/settings.ts';
import { writeVendCode } from '../lib/vend-code.ts';
import { type LocalMode, type LocalModeOptions, startLocalMode } from '../local/local-mode.ts';
import { sign } from '../local/sign.ts';
import { temporaryFolder } from '../local/temporary-folder.ts';

export interface BundledLocalModeOptions extends Omit<LocalModeOptions, 'codeDirectory' | 'profile'> {
  /** @default all scopes, client_secret_post */
  readonly profile?: ProfileFile;
}

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

export interface Vended {
  readonly status: number;
  /** The header `x-token-source`. */
  readonly source: string | null;
  readonly answer: Readonly<Record<string, unknown>>;
}

/** @param scope undefined: the parameter is left out */
export async function requestToken({ url }: Pick<LocalMode, 'url'>, scope?: string): Promise<Vended> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(scope === undefined ? {} : { scope }).toString();
  const response = await fetch(`${url}/oauth/token`, await sign(`${url}/oauth/token`, { headers, body }));
  const answer = (await response.json()) as Vended['answer'];
  return { status: response.status, source: response.headers.get('x-token-source'), answer };
}

/** What a JWT claims. Its signature isn't verified. */
export function claimsOf(jwt: unknown): Readonly<Record<string, unknown>> {
  const [, claims = ''] = String(jwt).split('.');
  return JSON.parse(Buffer.from(claims, 'base64url').toString());
}
