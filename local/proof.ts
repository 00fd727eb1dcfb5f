// Proves that local mode works: one token is vended over HTTP, to a signed request as any caller sends it.

import { sign } from './sign.ts';

export interface Proof {
  /** `x-token-source`: memory, table or mint. */
  readonly source: string;
  readonly expiresInSeconds: number;
  readonly scopeCount: number;
}

/** Is thrown if no token was vended. The message is one line: status, error code and description. */
export class ProofError extends Error {}

export async function proveVending(url: string): Promise<Proof> {
  const endpoint = `${url}/oauth/token`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = await sign(endpoint, { headers, body: 'grant_type=client_credentials' });
  const response = await fetch(endpoint, request);
  const answer = parse(await response.text());
  if (!response.ok || typeof answer.access_token !== 'string') {
    const { error = 'no access_token in the answer', error_description: description = '' } = answer;
    throw new ProofError([response.status, error, description].join(' ').trim().replaceAll(/\s+/g, ' '));
  }
  return {
    source: response.headers.get('x-token-source') ?? 'unknown',
    expiresInSeconds: Number(answer.expires_in),
    scopeCount: String(answer.scope ?? '')
      .split(' ')
      .filter(Boolean).length,
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === 'object' && answer !== null) return { ...answer };
  } catch {
    // Lambda's own errors are not always JSON.
  }
  return { error: text };
}
