// Tokens of local mode, requested as a caller requests them.

import type { LocalMode } from '../local/local-mode.ts';
import { sign } from '../local/sign.ts';

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
