// Calls APIs with a bearer token (RFC 6750), and once more with another one if the first one is refused.

import { TokenVendingError } from './errors.ts';
import { isSafe, type Settings } from './options.ts';
import type { TokenSource, VendedToken } from './token-source.ts';

type Input = string | URL | Request;

/** @throws TokenVendingError, and what `fetch` throws */
export async function authorizedFetch(
  { fetch, allowedOrigins }: Pick<Settings, 'fetch' | 'allowedOrigins'>,
  source: TokenSource,
  minTtlSeconds: number,
  input: Input,
  init: RequestInit,
): Promise<Response> {
  const { origin } = urlToCall(input, allowedOrigins);
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  if (headers.has('authorization')) throw unsafe('the request has an Authorization header already');
  const send = ({ accessToken }: VendedToken) => {
    headers.set('authorization', `Bearer ${accessToken}`);
    return fetch(input, { ...init, headers });
  };
  const signal = init.signal ?? (input instanceof Request ? input.signal : undefined);
  const canRepeat = canBeSentTwice(input, init);
  const token = await source.get(minTtlSeconds, signal);
  const response = await send(token);
  if (!refusesToken(response, origin)) return response;
  if (!source.reportRefused(token.accessToken) || !canRepeat) return response;
  // The API's own answer says more than a failure to get another token.
  const other = await source.get(minTtlSeconds, signal).catch(() => signal?.throwIfAborted());
  if (other === undefined || other.accessToken === token.accessToken) return response;
  // A body that was cut can't be cancelled, and nobody needs it.
  await response.body?.cancel().catch(() => {});
  const second = await send(other);
  source.noteSecondAnswer(refusesToken(second, origin));
  return second;
}

/** @throws TokenVendingError `unsafe_request` */
function urlToCall(input: Input, allowedOrigins: readonly string[] | undefined): URL {
  const url = new URL(input instanceof Request ? input.url : input);
  if (!isSafe(url)) throw unsafe('a token is sent over https only, or to this machine');
  if (allowedOrigins !== undefined && !allowedOrigins.includes(url.origin)) {
    throw unsafe(`the origin ${url.origin} is not among allowedOrigins`);
  }
  return url;
}

function unsafe(why: string): TokenVendingError {
  return new TokenVendingError('unsafe_request', `the request was not sent: ${why}`);
}

/**
 * Whether the answer refuses the token itself. One that came by a redirect from elsewhere says nothing: `fetch` carries no
 * token to another origin.
 */
function refusesToken({ status, headers, redirected, url }: Response, origin: string): boolean {
  if (status !== 401 || (redirected && new URL(url).origin !== origin)) return false;
  const challenge = headers.get('www-authenticate');
  return challenge === null || /\berror\s*=\s*"?invalid_token\b/i.test(challenge);
}

/** A stream is gone when it was sent. */
function canBeSentTwice(input: Input, { body }: RequestInit): boolean {
  if (body === undefined || body === null) return !(input instanceof Request) || input.body === null;
  const isText = typeof body === 'string' || body instanceof URLSearchParams;
  const isBinary = body instanceof ArrayBuffer || ArrayBuffer.isView(body) || body instanceof Blob;
  return isText || isBinary || body instanceof FormData;
}
