// The one error type of the functions. One place turns it into HTTP (vend/http/error-response.ts). Its message is the
// `error_description` that a caller reads, so it never holds a token, a secret or a server's body.

const ERROR_CODES = [
  /** The request is malformed (RFC 6749 §5.2). */
  'invalid_request',
  /** The grant is not `client_credentials` (RFC 6749 §5.2). */
  'unsupported_grant_type',
  /** A requested scope is not scope syntax, not allowed, not granted, or of another tenant (RFC 6749 §5.2). */
  'invalid_scope',
  /** The caller names another audience, resource or other target than the configured one (RFC 8707 §2). */
  'invalid_target',
  'not_found',
  'method_not_allowed',
  /** The caller makes an expensive request too often. The code is that of RFC 8628 §3.5. */
  'slow_down',
  /** The operator must correct this deployment. The message says how. */
  'misconfigured',
  /** The credential's token is of another tenant than the configured one. */
  'wrong_tenant',
  /** The server granted no scope of the profile's allow-list, or it refused the list. */
  'nothing_granted',
  /** The server granted a scope outside the profile's allow-list. The profile would limit nothing if it were vended. */
  'too_much_granted',
  /** The authorization server does not accept the credential (`invalid_client`). */
  'credential_refused',
  /** The authorization server's answer holds no usable token. */
  'unusable_answer',
  /** The authorization server asks for fewer requests (429). */
  'throttled',
  /** The authorization server did not answer in time. */
  'timed_out',
  /** The authorization server is down, or no connection to it can be opened. */
  'unavailable',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Transient failures: the next attempt may succeed. The other codes are definite answers. */
export const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['throttled', 'timed_out', 'unavailable']);

/** Whether a text is one of the codes. Another version of this code may have stored one that is unknown here. */
export function isErrorCode(text: string | undefined): text is ErrorCode {
  return ERROR_CODES.some((code) => code === text);
}

interface VendingErrorDetails {
  readonly retryAfterSeconds?: number | undefined;
  readonly allow?: string | undefined;
  readonly missing?: readonly number[] | undefined;
  readonly systemCode?: string | undefined;
}

export class VendingError extends Error {
  override readonly name = 'VendingError';
  readonly code: ErrorCode;
  /** How long to wait before the next try. Undefined if it is unknown. */
  readonly retryAfterSeconds: number | undefined;
  /** The `Allow` header of a `method_not_allowed`. */
  readonly allow: string | undefined;
  /**
   * For an `invalid_scope`: the indexes of the scopes that were not granted, in the canonical list of requested scopes.
   */
  readonly missing: readonly number[];
  /** The code of the system's or an AWS service's error, for the log: `ECONNREFUSED`, `AccessDeniedException`. */
  readonly systemCode: string | undefined;

  constructor(code: ErrorCode, message: string, details: VendingErrorDetails = {}) {
    super(message);
    this.code = code;
    this.retryAfterSeconds = details.retryAfterSeconds;
    this.allow = details.allow;
    this.missing = details.missing ?? [];
    this.systemCode = details.systemCode;
  }

  withRetryAfter(retryAfterSeconds: number): VendingError {
    const { code, message, allow, missing, systemCode } = this;
    return new VendingError(code, message, { retryAfterSeconds, allow, missing, systemCode });
  }
}

/** The code of a `VendingError`, or the class of any other error. */
export function errorName(error: unknown): string {
  if (error instanceof VendingError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** The fields by which a log line describes a failure. They are codes only, because a message may quote anything. */
export function failureFields(error: unknown): { error: string; systemCode?: string } {
  const code = error instanceof VendingError ? error.systemCode : systemCodeOf(error);
  return { error: errorName(error), ...(code !== undefined && { systemCode: code }) };
}

/** The form of the codes of Node.js, undici and OpenSSL: `ENOTFOUND`, `UND_ERR_SOCKET`, `CERT_HAS_EXPIRED`. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
/** The form of the names of AWS services' errors. */
const SERVICE_ERROR = /^[A-Z][A-Za-z]{1,63}$/;
const MAX_CAUSES = 4;

/** The code of a system's failure, or the name of an AWS service's error. Undefined if there is neither. */
export function systemCodeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > MAX_CAUSES) return undefined;
  const { code, cause, name, $fault: fault } = error as Readonly<Record<string, unknown>>;
  // The AWS SDK copies what a service's answer says into the error, a `code` included.
  if (fault !== undefined) return typeof name === 'string' && SERVICE_ERROR.test(name) ? name : undefined;
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) return code;
  return systemCodeOf(cause, depth + 1);
}

const MAX_FRAMES = 10;

/** The stack frames of an unexpected error, without its message, which may hold anything. */
export function stackFrames(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
  const { message, stack } = error;
  // The message may have been changed since the stack was made, which then holds the earlier one.
  const end =
    message === '' ? (/^\w+(?:: )?(?=\n)/.exec(stack)?.[0].length ?? -1) : stack.indexOf(message) + message.length;
  if (stack[end] !== '\n') return [];
  const afterMessage = stack.slice(end).split('\n');
  return afterMessage
    .filter((line) => /^ {4}at .*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim());
}
