import { describe, expect, test } from '@jest/globals';
import { VendingError } from '../../../lambda/errors.ts';
import { type Answer, tokenOf } from '../../../lambda/oauth/answer.ts';

const STATUSES = [200, 201, 204, 302, 400, 401, 403, 404, 408, 421, 425, 429, 500, 501, 502, 503, 504, 529] as const;

/** G: granted. C: the client is refused. S: the scope is refused. T: throttled. U: it may pass by itself. N: nonsense. */
const OUTCOMES: Readonly<Record<string, string>> = {
  credential_refused: 'C',
  invalid_scope: 'S',
  throttled: 'T',
  unavailable: 'U',
  unusable_answer: 'N',
};

const TOKEN = { access_token: 'canary', token_type: 'Bearer', expires_in: 60 };
const fault = (errorcode: string) => ({ fault: { faultstring: 'canary', detail: { errorcode } } });
const unreadable = (problem: string) => ({ problem });
const json = (value: unknown) => ({ value });
const faultString = (faultstring: string) => json({ fault: { faultstring } });

/** Of each body: what it means with each status, in the order of STATUSES. */
const TABLE: readonly [body: string, answer: Answer['body'], outcomes: string][] = [
  //                                                       200       400         408         500
  //                                                       | 201     | 401       | 421       | 501
  //                                                       | | 204   | | 403     | | 425     | | 502
  //                                                       | | | 302 | | | 404   | | | 429   | | | 503, 504, 529
  ['a token', json(TOKEN), /*                             */ 'G G G N N C N N U U U T U U U U U U'],
  ['an empty body', unreadable('is not JSON'), /*         */ 'N N N N N C N N U U U T U U U U U U'],
  ['HTML', unreadable('is not JSON'), /*                  */ 'N N N N N C N N U U U T U U U U U U'],
  ['300 MB', unreadable('is too large'), /*               */ 'N N N N N C N N U U U T U U U U U U'],
  ['an empty object', json({}), /*                        */ 'N N N N N C N N U U U T U U U U U U'],
  ['a list', json([{ error: 'invalid_client' }]), /*      */ 'N N N N N C N N U U U T U U U U U U'],
  ['null', json(null), /*                                 */ 'N N N N N C N N U U U T U U U U U U'],
  ['a text', json('invalid_client'), /*                   */ 'N N N N N C N N U U U T U U U U U U'],
  ['a token of another type', json({ access_token: 1 }), /**/ 'N N N N N C N N U U U T U U U U U U'],
  ['a token and an empty error', json({ ...TOKEN, error: '' }), 'G G G N N C N N U U U T U U U U U U'],
  ['a token and null as error', json({ ...TOKEN, error: null }), 'G G G N N C N N U U U T U U U U U U'],
  ['a token and no error', json({ ...TOKEN, error: false }), 'G G G N N C N N U U U T U U U U U U'],
  ['a token and an unknown error', json({ ...TOKEN, error: 'canary' }), 'N N N N N C N N U U U T U U U U U U'],
  ['a token and an error object', json({ ...TOKEN, error: { code: 1 } }), 'N N N N N C N N U U U T U U U U U U'],
  ['a token and a refusal', json({ ...TOKEN, error: 'invalid_client' }), 'C C C C C C C C C C C T C U U U U U'],
  ['invalid_client', json({ error: 'invalid_client' }), /**/ 'C C C C C C C C C C C T C U U U U U'],
  ["GitHub's", json({ error: 'incorrect_client_credentials' }), 'C C C C C C C C C C C T C U U U U U'],
  ["Salesforce's", json({ error: 'invalid_client_id' }), /**/ 'C C C C C C C C C C C T C U U U U U'],
  ['bad_client_secret', json({ ok: false, error: 'bad_client_secret' }), 'C C C C C C C C C C C T C U U U U U'],
  ["Okta's", json({ errorCode: 'invalid_client' }), /*    */ 'C C C C C C C C C C C T C U U U U U'],
  ["Apigee's older form", json({ ErrorCode: 'invalid_client' }), 'C C C C C C C C C C C T C U U U U U'],
  ['a wrong API key', json(fault('oauth.v2.InvalidApiKey')), 'C C C C C C C C C C C T C U U U U U'],
  ['an unapproved key', json(fault('oauth.v2.ApiKeyNotApproved')), 'C C C C C C C C C C C T C U U U U U'],
  ['a wrong identifier', json(fault('oauth.v2.InvalidClientIdentifier')), 'C C C C C C C C C C C T C U U U U U'],
  ['only a fault string', faultString('Invalid ApiKey'), 'C C C C C C C C C C C T C U U U U U'],
  ['a nested code', json({ error: { code: 'invalid_client' } }), 'C C C C C C C C C C C T C U U U U U'],
  ['invalid-client', json({ error: 'invalid-client' }), /**/ 'C C C C C C C C C C C T C U U U U U'],
  ['Invalid Client', json({ error: 'Invalid Client' }), /**/ 'C C C C C C C C C C C T C U U U U U'],
  ['invalid_credentials', json({ error: 'invalid_credentials' }), 'C C C C C C C C C C C T C U U U U U'],
  ['bad_credentials', json({ error: 'bad_credentials' }), 'C C C C C C C C C C C T C U U U U U'],
  ['invalid_client_scope', json({ error: 'invalid_client_scope' }), 'S S S S S C S S S S S T S U U U U U'],
  ['invalid-scope', json({ error: 'invalid-scope' }), /*  */ 'S S S S S C S S S S S T S U U U U U'],
  ['a wrong thing of a client', json({ error: 'invalid_client_metadata' }), 'N N N N N C N N U U U T U U U U U U'],
  ['wrong credentials of a user', json({ error: 'invalid_user_credentials' }), 'N N N N N C N N U U U T U U U U U U'],
  ['invalid_scope', json({ error: 'invalid_scope' }), /*  */ 'S S S S S C S S S S S T S U U U U U'],
  ["Apigee's scope fault", json(fault('oauth.v2.InvalidScope')), 'S S S S S C S S S S S T S U U U U U'],
  ['a quota', json(fault('policies.ratelimit.QuotaViolation')), 'T T T T T C T T T T T T T T T T T T'],
  ['a spike', json(fault('policies.ratelimit.SpikeArrestViolation')), 'T T T T T C T T T T T T T T T T T T'],
  ['too_many_requests', json({ error: 'too_many_requests' }), 'T T T T T C T T T T T T T T T T T T'],
  ['Too Many Requests', json({ error: 'Too Many Requests' }), 'T T T T T C T T T T T T T T T T T T'],
  ['rate limit exceeded', json({ error: 'rate limit exceeded' }), 'T T T T T C T T T T T T T T T T T T'],
  ['too-many-requests', json({ error: 'too-many-requests' }), 'T T T T T C T T T T T T T T T T T T'],
  ["AWS's words", json({ error: 'TooManyRequestsException' }), 'T T T T T C T T T T T T T T T T T T'],
  ["AWS's type", json({ __type: 'ThrottlingException' }), /**/ 'T T T T T C T T T T T T T T T T T T'],
  ["AWS's type in full", json({ __type: 'com.canary#ThrottlingException' }), 'T T T T T C T T T T T T T T T T T T'],
  [
    "only a quota's fault string",
    faultString('Rate limit quota violation. Quota limit  exceeded. Identifier : canary'),
    'T T T T T C T T T T T T T T T T T T',
  ],
  [
    "only a spike's fault string",
    faultString('Spike arrest violation. Allowed rate : 10ps'),
    'T T T T T C T T T T T T T T T T T T',
  ],
  ['slow_down', json({ error: 'slow_down' }), /*          */ 'T T T T T C T T T T T T T T T T T T'],
  ['server_error', json({ error: 'server_error' }), /*    */ 'U U U U U C U U U U U T U U U U U U'],
  ['temporarily_unavailable', json({ error: 'temporarily_unavailable' }), 'U U U U U C U U U U U T U U U U U U'],
  ['unauthorized_client', json({ error: 'unauthorized_client' }), 'N N N N N C N N U U U T U U U U U U'],
  ['access_denied', json({ error: 'access_denied' }), /*  */ 'N N N N N C N N U U U T U U U U U U'],
  ['a token and a known error', json({ ...TOKEN, error: 'access_denied' }), 'N N N N N C N N U U U T U U U U U U'],
  ['an unknown error', json({ error: 'canary' }), /*      */ 'N N N N N C N N U U U T U U U U U U'],
  ['an error that is no text', json({ error: 42 }), /*    */ 'N N N N N C N N U U U T U U U U U U'],
];

function outcomeOf(answer: Answer): string {
  try {
    tokenOf(answer, { requestedAtMs: 0, answeredAtMs: 0, scopes: undefined, random: 0.5 });
    return 'G';
  } catch (error) {
    if (!(error instanceof VendingError)) throw error;
    expect(error.message).not.toContain('canary');
    return OUTCOMES[error.code] ?? error.code;
  }
}

describe('an answer means the same with every status as the table says, if its body is', () => {
  test.each(TABLE)('%s', (_, body, outcomes) => {
    const found = STATUSES.map((status) => outcomeOf({ status, retryAfter: undefined, body }));
    expect(found.join(' ')).toBe(outcomes);
  });
});

describe('the message tells what can be told:', () => {
  test.each<[number, Answer['body'], string]>([
    [200, unreadable('is too large'), "the authorization server's answer is too large"],
    [200, json({}), "the authorization server's answer has no access_token"],
    [200, json({ error: 'canary' }), "the authorization server's answer names an unknown error"],
    [200, json({ ...TOKEN, error: 'canary' }), "the authorization server's answer names an unknown error"],
    [
      200,
      json({ error: 'access_denied' }),
      'the authorization server answered with status 200 and error access_denied',
    ],
    [403, unreadable('is not JSON'), 'the authorization server answered with status 403'],
    [
      400,
      json({ error: 'invalid_grant' }),
      'the authorization server answered with status 400 and error invalid_grant',
    ],
    [408, json({}), 'the authorization server failed with status 408'],
    [500, json(fault('policies.ratelimit.QuotaViolation')), 'the authorization server throttles'],
  ])('status %d and %j', (status, body, message) => {
    const facts = { requestedAtMs: 0, answeredAtMs: 0, scopes: undefined, random: 0.5 };
    expect(() => tokenOf({ status, retryAfter: undefined, body }, facts)).toThrow(message);
  });
});
