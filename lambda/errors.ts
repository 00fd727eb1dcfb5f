// The one error type of the functions. It is thrown where something is found out, and turned into HTTP in one place
// (vend/http.ts). Its message is the `error_description` a caller reads: never a token, a secret or a server's body.

const ERROR_CODES = [
  /** The request is malformed (RFC 6749 §5.2). */
  'invalid_request',
  /** A grant other than `client_credentials` (RFC 6749 §5.2). */
  'unsupported_grant_type',
  /** Not scope syntax, not allowed by the profile, or named and not granted (RFC 6749 §5.2). */
  'invalid_scope',
  'not_found',
  'method_not_allowed',
  /** The caller asks too often for something dear (RFC 8628 §3.5 has the word). */
  'slow_down',
  /** This deployment's operator has something to do; the message says what. */
  'misconfigured',
  /** The credential's token is of another tenant than the configured one. */
  'wrong_tenant',
  /** No scope of the profile's allow-list was granted, or the server doesn't know one of them. */
  'nothing_granted',
  /** A scope outside the profile's allow-list was granted: to vend it would undo the profile. */
  'too_much_granted',
  /** The authorization server does not accept the credential (`invalid_client`). */
  'credential_refused',
  /** The authorization server's answer is not one that a token could be taken from. */
  'unusable_answer',
  /** The authorization server asks for fewer requests (429). */
  'throttled',
  /** The authorization server did not answer in time. */
  'timed_out',
  /** The authorization server, or what leads to it, is down. */
  'unavailable',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Whether a text, as another version of this code may have stored it, is a code of today's. */
export function isErrorCode(text: string | undefined): text is ErrorCode {
  return ERROR_CODES.some((code) => code === text);
}

interface VendingErrorDetails {
  readonly retryAfterSeconds?: number | undefined;
  readonly allow?: string | undefined;
  readonly missing?: readonly number[] | undefined;
}

export class VendingError extends Error {
  override readonly name = 'VendingError';
  readonly code: ErrorCode;
  /** How long to wait before the next try, where that is known. */
  readonly retryAfterSeconds: number | undefined;
  /** The `Allow` header of a `method_not_allowed`. */
  readonly allow: string | undefined;
  /** Of an `invalid_scope`: the places, in the canonical list asked for, of the scopes that were not granted. */
  readonly missing: readonly number[];

  constructor(code: ErrorCode, message: string, details: VendingErrorDetails = {}) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.allow = details.allow;
    this.missing = details.missing ?? [];
  }

  withRetryAfter(retryAfterSeconds: number): VendingError {
    const { code, message, allow, missing } = this;
    return new VendingError(code, message, { retryAfterSeconds, allow, missing });
  }
}

/** What a log line may say of any error: a code, or the class of an unexpected one. Messages may quote anything. */
export function errorName(error: unknown): string {
  if (error instanceof VendingError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
