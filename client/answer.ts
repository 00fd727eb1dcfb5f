// The token endpoint's answer: a token (RFC 6749 §5.1), or an error of the function or of Lambda in front of it.

import { isEndpointCode, TokenVendingError } from './errors.ts';
import { hintOfForbidden, THROTTLED_HINT } from './hints.ts';

/** A token as it was received. */
export interface ReceivedToken {
  readonly accessToken: string;
  /** From the moment on that the request was sent. */
  readonly lifetimeMs: number;
  readonly scopes: readonly string[];
  readonly tenant: string | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON object. Empty if the body is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

const MAX_DESCRIPTION_CHARACTERS = 1000;
/** What a header takes. `fetch` repeats what it can't send in its error. */
const PRINTABLE = /^[\x20-\x7E]+$/;

export async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const body: unknown = await response.text().then(parseJson);
  return { status, headers, body: typeof body === 'object' && body !== null ? { ...body } : {} };
}

/** @throws TokenVendingError */
export function tokenOf(answer: Answer): ReceivedToken {
  const { status, body } = answer;
  if (status !== 200) throw errorOf(answer);
  const { access_token: accessToken, expires_in: expiresIn, scope, tenant } = body;
  if (typeof accessToken !== 'string' || !PRINTABLE.test(accessToken) || typeof expiresIn !== 'number') {
    throw new TokenVendingError('unusable_answer', 'the answer holds no token', { status });
  }
  return {
    accessToken,
    lifetimeMs: expiresIn * 1000,
    scopes: typeof scope === 'string' ? scope.split(' ').filter((entry) => entry !== '') : [],
    tenant: typeof tenant === 'string' ? tenant : undefined,
  };
}

/** AWS's own message. It may repeat the session token, so it is never shown. */
export function messageOf({ body }: Answer): string {
  const message = body.Message ?? body.message;
  return typeof message === 'string' ? message : '';
}

function errorOf(answer: Answer): TokenVendingError {
  const { status, headers, body } = answer;
  const retryAfter = headers.get('retry-after') ?? '';
  const details = {
    status,
    requestId: typeof body.request_id === 'string' ? body.request_id : (headers.get('x-amzn-requestid') ?? undefined),
    retryAfterSeconds: /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : undefined,
  };
  const { error, error_description: description } = body;
  if (isEndpointCode(error) && typeof description === 'string') {
    return new TokenVendingError(error, `${status}: ${description.slice(0, MAX_DESCRIPTION_CHARACTERS)}`, details);
  }
  if (status === 403) {
    const hint = hintOfForbidden(messageOf(answer));
    return new TokenVendingError('forbidden', 'AWS refused the request (403)', { ...details, hint });
  }
  if (status === 429) {
    return new TokenVendingError('throttled', 'Lambda throttles (429)', { ...details, hint: THROTTLED_HINT });
  }
  const code = status >= 500 ? 'server_error' : 'unusable_answer';
  return new TokenVendingError(code, `the answer has the status ${status}, and says nothing more`, details);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
