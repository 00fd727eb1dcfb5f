// The policy for answers of token endpoints: what an answer means, by its status, its error word and its body. The first
// row that matches decides. docs/servers.md lists the servers that made the rows necessary.

import type { ErrorCode } from '../errors.ts';
import { firstMatch } from '../first-match.ts';

export type Meaning =
  | 'granted'
  | Extract<ErrorCode, 'credential_refused' | 'invalid_scope' | 'throttled' | 'unavailable' | 'unusable_answer'>;

interface AnswerSituation {
  /** `passing`: 408, 421, 425 and 500. `gateway`: 501 and above, which a server that is down doesn't send itself. */
  readonly status: 'success' | '401' | '429' | 'passing' | 'gateway' | 'other';
  /** What the error words of the body mean together. `none`: there is no `error`, and no other word that is known. */
  readonly word: Exclude<Meaning, 'granted'> | 'none';
  readonly body: 'token' | 'no token';
}

interface Row {
  readonly because: string;
  /** The facts that must hold for this row. Facts that are left out make no difference. */
  readonly when: Partial<AnswerSituation>;
  readonly means: Meaning;
}

const ANSWERS: readonly Row[] = [
  {
    because: 'a token endpoint authenticates the client and nothing else (RFC 9110 §15.5.2)',
    when: { status: '401' },
    means: 'credential_refused',
  },
  { because: 'too many requests (RFC 6585 §4)', when: { status: '429' }, means: 'throttled' },
  { because: 'gateways report quotas with 500 and 403 as well', when: { word: 'throttled' }, means: 'throttled' },
  { because: 'this is not the authorization server speaking', when: { status: 'gateway' }, means: 'unavailable' },
  {
    because: 'some servers name a refused client with 200, 400, 403 or 500',
    when: { word: 'credential_refused' },
    means: 'credential_refused',
  },
  { because: 'the same is true of a refused scope', when: { word: 'invalid_scope' }, means: 'invalid_scope' },
  { because: 'the server says that it failed', when: { word: 'unavailable' }, means: 'unavailable' },
  { because: 'this status passes by itself', when: { status: 'passing' }, means: 'unavailable' },
  {
    because: 'a token without an error is what was asked for',
    when: { status: 'success', word: 'none', body: 'token' },
    means: 'granted',
  },
  { because: 'there is no token, and no reason is known', when: {}, means: 'unusable_answer' },
];

/**
 * The first row that matches one of an answer's error words gives the words' meaning. Servers write `invalid_client`,
 * `invalid-client` and `Invalid Client`, so the words are compared without `_`, `-` and blanks.
 */
const WORDS: readonly { readonly means: AnswerSituation['word']; readonly words: RegExp }[] = [
  // Apigee has `policies.ratelimit.QuotaViolation`, and faults that begin with `Rate limit quota violation.` or `Spike
  // arrest violation.`; AWS has `TooManyRequestsException` and `ThrottlingException`.
  {
    means: 'throttled',
    words:
      /\bratelimit\b|(^|#)(toomanyrequests|throttl(ed|ing)|slowdown|ratelimit(ed|exceeded)|quotaexceeded)(exception)?$|^(ratelimitquota|spikearrest)violation\b/i,
  },
  // Apigee has `oauth.v2.InvalidApiKey`, `oauth.v2.ApiKeyNotApproved`, `oauth.v2.InvalidClientIdentifier` and
  // `clientIdInvalid`; GitHub has `incorrect_client_credentials`, Salesforce `invalid_client_id`. What is wrong may be
  // something else of the client, as in `invalid_client_scope` and `invalid_client_metadata`.
  {
    means: 'credential_refused',
    words:
      /(invalid|incorrect|bad|unknown)(apikey|client(id|secret|credential|auth|(?![a-z])))|^(invalid|incorrect|bad)credentials$|^client(id|credentials)invalid$|(apikey|app)notapproved/i,
  },
  { means: 'invalid_scope', words: /invalid(client)?scope/i },
  { means: 'unavailable', words: /^(servererror|temporarilyunavailable)$/i },
];

/** The words of RFC 6749 §4.1.2.1 and §5.2, and of RFC 8707 §2. No other text of a server's body gets into an error. */
const REGISTERED_WORDS: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_client',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'server_error',
  'temporarily_unavailable',
  'unauthorized_client',
  'unsupported_grant_type',
]);

/** @param body the body as a value. Undefined if there is none that can be read */
export function meaningOf(status: number, body: unknown): Meaning {
  const situation: AnswerSituation = {
    status: familyOf(status),
    word: meaningOfError(body),
    body: typeof at(body, 'access_token') === 'string' ? 'token' : 'no token',
  };
  return firstMatch(ANSWERS, situation)?.means ?? 'unusable_answer';
}

/** The first error word of a body that an RFC registers. */
export function registeredWord(body: unknown): string | undefined {
  return errorWords(body).find((word) => REGISTERED_WORDS.has(word));
}

function familyOf(status: number): AnswerSituation['status'] {
  if (status >= 200 && status <= 299) return 'success';
  if (status === 401 || status === 429) return `${status}`;
  if ([408, 421, 425, 500].includes(status)) return 'passing';
  return status > 500 ? 'gateway' : 'other';
}

function meaningOfError(body: unknown): AnswerSituation['word'] {
  const found = errorWords(body);
  const joined = found.map((word) => word.replace(/[_ -]/g, ''));
  const known = WORDS.find(({ words }) => joined.some((word) => words.test(word)));
  if (known) return known.means;
  return namesError(body) || found.some((word) => REGISTERED_WORDS.has(word)) ? 'unusable_answer' : 'none';
}

/** Whether a body has an `error`, known or not. Some servers send an empty one, null or false with a token. */
export function namesError(body: unknown): boolean {
  return Boolean(at(body, 'error'));
}

/** The error words in a body, at the places that RFC 6749 §5.2 and gateways use. */
function errorWords(body: unknown): string[] {
  const places = [
    at(body, 'error'),
    at(body, 'error', 'code'),
    at(body, 'ErrorCode'),
    at(body, 'errorCode'),
    at(body, '__type'),
    at(body, 'fault', 'detail', 'errorcode'),
    at(body, 'fault', 'faultstring'),
  ];
  return places.filter((word) => typeof word === 'string');
}

function at(body: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((value, name) => {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  }, body);
}
