// The meaning of a token endpoint's error (RFC 6749 §5.2, and the errors of gateways). Emporix is behind Apigee and
// documents no errors. The forms below were observed, or are documented for that gateway.

import { type ErrorCode, VendingError } from '../errors.ts';

/** A longer `Retry-After` counts as this long. */
const MAX_RETRY_AFTER_SECONDS = 24 * 3600;

/** The codes of RFC 6749 §5.2. No other text of a server's body gets into an error. */
const OAUTH_ERRORS = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
]);

/** Matches `oauth.v2.InvalidApiKey`, `oauth.v2.InvalidClientIdentifier`, `invalid_client` and the like. */
const INVALID_CLIENT = /invalid[_ ]?client|invalid[_ ]?api[_ ]?key|^client(id|credentials)invalid$/i;

/** Turns a response outside 2xx into an error. */
export function failureOf(
  status: number,
  retryAfter: string | string[] | undefined,
  text: string,
  nowMs: number,
): VendingError {
  if (status === 429 || status >= 500) {
    const retryAfterSeconds = parseRetryAfter(String(retryAfter ?? ''), nowMs);
    return status === 429
      ? new VendingError('throttled', 'the authorization server throttles', { retryAfterSeconds })
      : new VendingError('unavailable', `the authorization server failed with status ${status}`, { retryAfterSeconds });
  }
  const codes = errorCodes(text);
  const failure = (code: ErrorCode, problem: string) => new VendingError(code, `the authorization server ${problem}`);
  // The token endpoint authenticates the client and nothing else, so every 401 is about the client (RFC 9110 §15.5.2).
  if (status === 401 || codes.some((code) => INVALID_CLIENT.test(code)))
    return failure('credential_refused', 'refused the credential');
  if (codes.includes('invalid_scope')) return failure('invalid_scope', 'refused the scopes');
  const registered = codes.find((code) => OAUTH_ERRORS.has(code));
  return failure('unusable_answer', `answered with status ${status}${registered ? ` and error ${registered}` : ''}`);
}

/** Whether a body names an error and holds no token. */
export function namesError(text: string): boolean {
  return errorCodes(text).length > 0 && !text.includes('"access_token"');
}

/** Reads seconds or an HTTP date (RFC 9110 §10.2.3). Undefined if the value is absent or unreadable. */
function parseRetryAfter(value: string, nowMs: number): number | undefined {
  let seconds = Number.NaN;
  if (/^\d+$/.test(value)) seconds = Number(value);
  else if (value.endsWith('GMT')) seconds = Math.ceil((Date.parse(value) - nowMs) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), MAX_RETRY_AFTER_SECONDS);
}

/** The error codes in a body, at the places that RFC 6749 and the gateways use. */
function errorCodes(text: string): string[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return []; // This is HTML from a proxy, or an empty body.
  }
  const at = (...path: string[]): unknown =>
    path.reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], body);
  const codes = [at('error'), at('ErrorCode'), at('fault', 'detail', 'errorcode'), at('fault', 'faultstring')];
  return codes.filter((code) => typeof code === 'string');
}
