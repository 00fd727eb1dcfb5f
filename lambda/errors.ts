// The one error type of the functions. It is thrown where something is found out, and turned into HTTP in one place
// (vend/http/error-response.ts). Its message is the `error_description` that a caller reads: it never holds a token, a
// secret or a server's body.

const ERROR_CODES = [
  /** The request is malformed (RFC 6749 §5.2). */
  'invalid_request',
  /** A grant other than `client_credentials` (RFC 6749 §5.2). */
  'unsupported_grant_type',
  /** Not scope syntax, not allowed by the profile, or named and not granted (RFC 6749 §5.2). */
  'invalid_scope',
  'not_found',
  'method_not_allowed',
  /** The caller asks too often for something expensive (RFC 8628 §3.5 has the word). */
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
  /** No token can be taken from the authorization server's answer. */
  'unusable_answer',
  /** The authorization server asks for fewer requests (429). */
  'throttled',
  /** The authorization server did not answer in time. */
  'timed_out',
  /** The authorization server, or what leads to it, is down. */
  'unavailable',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** Failures that may pass by themselves: the next attempt may succeed. Other failures are answers. */
export const TRANSIENT: ReadonlySet<ErrorCode> = new Set(['throttled', 'timed_out', 'unavailable']);

/** Whether a text, as another version of this code may have stored it, is a code of today's. */
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
  /** How long to wait before the next try, where that is known. */
  readonly retryAfterSeconds: number | undefined;
  /** The `Allow` header of a `method_not_allowed`. */
  readonly allow: string | undefined;
  /** Of an `invalid_scope`: the indexes, in the canonical list asked for, of the scopes that were not granted. */
  readonly missing: readonly number[];
  /** What the system or an AWS service said, such as `ECONNREFUSED` or `AccessDeniedException`: for the log. */
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

/** The class or code of any error. */
export function errorName(error: unknown): string {
  if (error instanceof VendingError) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}

/** What a log line says of a failure: codes only. A message may quote anything. */
export function failureFields(error: unknown): { error: string; systemCode?: string } {
  const code = error instanceof VendingError ? error.systemCode : systemCodeOf(error);
  return { error: errorName(error), ...(code !== undefined && { systemCode: code }) };
}

/** Node.js, undici and OpenSSL name their failures like this: `ENOTFOUND`, `UND_ERR_SOCKET`, `CERT_HAS_EXPIRED`. */
const SYSTEM_CODE = /^[A-Z][A-Z0-9_]{1,63}$/;
/** AWS services name theirs like this. */
const SERVICE_ERROR = /^[A-Z][A-Za-z]{1,63}$/;
const MAX_CAUSES = 4;

/** The code of a system's failure, or the name of an AWS service's error; undefined where there is neither. */
export function systemCodeOf(error: unknown, depth = 0): string | undefined {
  if (typeof error !== 'object' || error === null || depth > MAX_CAUSES) return undefined;
  const { code, cause, name, $fault: fault } = error as Readonly<Record<string, unknown>>;
  // The AWS SDK copies what a service's answer says into the error, a `code` included.
  if (fault !== undefined) return typeof name === 'string' && SERVICE_ERROR.test(name) ? name : undefined;
  if (typeof code === 'string' && SYSTEM_CODE.test(code)) return code;
  return systemCodeOf(cause, depth + 1);
}

const MAX_FRAMES = 10;

/** Where an unexpected error was thrown: its stack frames without its message, which may hold anything. */
export function stackFrames(error: unknown): string[] {
  if (!(error instanceof Error) || typeof error.stack !== 'string') return [];
  const { message, stack } = error;
  // The message may have been changed since the stack was made, which then holds the earlier one.
  const end = message === '' ? (/^\w+(?:: )?(?=\n)/.exec(stack)?.[0].length ?? -1) : stack.indexOf(message) + message.length;
  if (stack[end] !== '\n') return [];
  const afterMessage = stack.slice(end).split('\n');
  return afterMessage
    .filter((line) => /^ {4}at .*:\d+:\d+\)?$/.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => line.trim());
}
