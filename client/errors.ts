// The one error type of the client. Its message never holds a token, a secret, or what AWS answered: AWS's answer to a
// wrong signature repeats the session token.

/** What the vending endpoint says in `error` (RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2). */
const ENDPOINT_CODES = [
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unsupported_grant_type',
  'slow_down',
  'server_error',
  'temporarily_unavailable',
  'not_found',
  'method_not_allowed',
] as const;

export type TokenVendingErrorCode =
  | (typeof ENDPOINT_CODES)[number]
  /** AWS refused the request (403). */
  | 'forbidden'
  /** Lambda's concurrency limit is reached (429). */
  | 'throttled'
  /** There was no answer, or not in time. */
  | 'unreachable'
  /** The answer is not one of a vending endpoint. */
  | 'unusable_answer'
  /** There are no AWS credentials, or they are unusable. */
  | 'no_credentials'
  /** An option is missing or wrong. */
  | 'misconfigured'
  /** `fetch` does not send the token with this request. */
  | 'unsafe_request';

export interface ErrorDetails {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

export class TokenVendingError extends Error {
  override readonly name = 'TokenVendingError';
  /** Stable: programs may compare it. */
  readonly code: TokenVendingErrorCode;
  /** The HTTP status of the answer. Undefined if there was none. */
  readonly status: number | undefined;
  /** Finds the request in the function's log. */
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** What to change, for the usual causes. The message ends with it. */
  readonly hint: string | undefined;

  constructor(code: TokenVendingErrorCode, message: string, details: ErrorDetails = {}) {
    const { status, requestId, retryAfterSeconds, hint, cause } = details;
    super(hint === undefined ? message : `${message}. ${hint}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.retryAfterSeconds = retryAfterSeconds;
    this.hint = hint;
  }
}

export function isEndpointCode(text: unknown): text is (typeof ENDPOINT_CODES)[number] {
  return ENDPOINT_CODES.some((code) => code === text);
}
