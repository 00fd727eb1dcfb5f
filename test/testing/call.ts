// Calls a function URL as a consumer does: with the url, the region and the credentials that startLocal returns.

import { createHash } from 'node:crypto';
import { sign } from '../../local/sign.ts';
import type { LocalVending } from '../../testing/index.ts';

export interface Called {
  readonly status: number;
  /** `x-token-source`: memory, table or mint. Null if no token was vended. */
  readonly source: string | null;
  readonly retryAfterSeconds: number;
  readonly error: string | undefined;
  readonly accessToken: string;
  readonly scope: string | undefined;
}

type Callable = Pick<LocalVending, 'url' | 'region' | 'credentials'>;

export async function call(
  { url, region, credentials }: Callable,
  parameters: Readonly<Record<string, string>> = {},
): Promise<Called> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(parameters).toString();
  const response = await fetch(url, await sign(url, { region, credentials, headers, body }));
  const answer = (await response.json()) as Readonly<Record<string, string | undefined>>;
  return {
    status: response.status,
    source: response.headers.get('x-token-source'),
    retryAfterSeconds: Number(response.headers.get('retry-after')),
    error: answer.error,
    accessToken: answer.access_token ?? '',
    scope: answer.scope,
  };
}

/** Reports a token as rejected by an API. */
export function rejected(accessToken: string): { readonly rejected_token_sha256: string } {
  return { rejected_token_sha256: createHash('sha256').update(accessToken).digest('hex') };
}
