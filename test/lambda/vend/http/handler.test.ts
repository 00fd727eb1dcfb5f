import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../../lambda/clock.ts';
import { type ErrorCode, VendingError } from '../../../../lambda/errors.ts';
import { Log } from '../../../../lambda/log-line.ts';
import { AuditLog } from '../../../../lambda/vend/http/audit-log.ts';
import type { FunctionUrlEvent } from '../../../../lambda/vend/http/function-url-event.ts';
import { createHandler, type HandlerProps } from '../../../../lambda/vend/http/handler.ts';
import type { VendedToken, VendRequest } from '../../../../lambda/vend/state/token-state.ts';
import { ISSUED_AT_MS, someToken } from '../../../../testbed/test-data.ts';

const NOW_MS = ISSUED_AT_MS;
const token = someToken({ lifetimeSeconds: 100, scope: 'a b' });

/** The handler with a given vendor. The requests to the vendor and the lines that were printed are kept. */
function handling(vend: () => Promise<VendedToken>, props: Partial<HandlerProps> = {}) {
  const requests: { request: VendRequest; deadlineMs: number }[] = [];
  const printed: string[] = [];
  const clock = { ...systemClock, nowMs: () => NOW_MS };
  const handler = createHandler({
    vendor: {
      vend: (request, deadlineMs) => {
        requests.push({ request, deadlineMs });
        return vend();
      },
    },
    auditLog: new AuditLog(
      new Log({
        dimensions: { Stack: 'S', Profile: 'default' },
        of: 'Profile',
        clock,
        write: (line) => printed.push(line),
      }),
    ),
    clock,
    settings: { profile: 'default' },
    ...props,
  });
  const call = (event: FunctionUrlEvent | null) =>
    handler(event as FunctionUrlEvent, { awsRequestId: 'request-1', getRemainingTimeInMillis: () => 25_000 });
  return { call, requests, printed };
}

function post(event: Partial<FunctionUrlEvent> = {}): FunctionUrlEvent {
  return { rawPath: '/oauth/token', requestContext: { http: { method: 'POST' } }, ...event };
}

const vended =
  (source: VendedToken['source'] = 'memory') =>
  async (): Promise<VendedToken> => ({
    token,
    source,
    credentialVersion: 'version-1',
    isOfReplacedCredential: false,
    renewal: 'not due',
    key: 'default#hash',
  });
const failing = (error: unknown) => () => Promise.reject(error);

test.each(['memory', 'table', 'mint'] as const)(
  'the answer with a token from %s names that source in a header, and may not be cached',
  async (source) => {
    const { call } = handling(vended(source));
    const { statusCode, headers, body } = await call(post());
    expect(statusCode).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json',
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'x-token-source': source,
    });
    expect(JSON.parse(body)).toEqual({
      access_token: 'the-token',
      token_type: 'Bearer',
      expires_in: 100,
      scope: 'a b',
    });
  },
);

test('a token of a replaced credential is counted as such, so that an alarm can be set on it', async () => {
  const { call, printed } = handling(async () => ({ ...(await vended('table')()), isOfReplacedCredential: true }));
  await call(post());
  expect(JSON.parse(printed.join(''))).toMatchObject({ event: 'vended', level: 'warn', ReplacedCredentialInUse: 1 });
});

test('every answer leaves a second before the time-out of the function', async () => {
  const { call, requests } = handling(vended());
  await call(post());
  expect(requests[0]?.deadlineMs).toBe(NOW_MS + 24_000);
});

test.each([
  ['a form in base64', 'application/x-www-form-urlencoded', 'c2NvcGU9YithJm1pbl90dGw9NjA=', true],
  ['a form as text', 'application/x-www-form-urlencoded', 'scope=b+a&min_ttl=60', false],
  ['JSON as text', 'application/json', '{"scope":"b a","min_ttl":60}', false],
  ['JSON in base64', 'application/json', 'eyJzY29wZSI6ImIgYSIsIm1pbl90dGwiOiI2MCJ9', true],
])('%s is read', async (_, type, body, isBase64Encoded) => {
  const { call, requests } = handling(vended());
  await call(post({ headers: { 'content-type': type }, body, isBase64Encoded }));
  expect(requests[0]?.request).toMatchObject({ minTtlMs: 60_000, scopes: { list: ['a', 'b'] } });
});

describe('repeated slashes and a slash at the end make no difference:', () => {
  test.each(['/', '//', '///', '/oauth/token', '/oauth/token/', '//oauth/token', '/oauth//token///'])(
    'a token is vended at %s',
    async (rawPath) => {
      const { call } = handling(vended());
      expect((await call(post({ rawPath }))).statusCode).toBe(200);
    },
  );

  test.each(['/.well-known/oauth-authorization-server/', '//.well-known///oauth-authorization-server'])(
    'the metadata is at %s, and names the same URLs',
    async (rawPath) => {
      const { call } = handling(vended());
      const requestContext = { http: { method: 'GET' }, domainName: 'id.lambda-url.eu-central-1.on.aws' };
      const { statusCode, body } = await call({ rawPath, requestContext });
      expect(statusCode).toBe(200);
      expect(JSON.parse(body).token_endpoint).toBe('https://id.lambda-url.eu-central-1.on.aws/oauth/token');
    },
  );

  test.each([
    '',
    '/oauth',
    '/oauthtoken',
    'oauth/token',
    '/token/',
    '/oauth/token/a',
    '/oauth/%2Ftoken',
    '/oauth/./token',
  ])('nothing is at "%s"', async (rawPath) => {
    const { call } = handling(vended());
    expect((await call(post({ rawPath }))).statusCode).toBe(404);
  });
});

test('invalid base64 is refused', async () => {
  const { call } = handling(vended());
  const { statusCode } = await call(post({ body: 'c2Nv*', isBase64Encoded: true }));
  expect(statusCode).toBe(400);
});

describe('error answers:', () => {
  test.each<[ErrorCode, number, string]>([
    ['invalid_request', 400, 'invalid_request'],
    ['unsupported_grant_type', 400, 'unsupported_grant_type'],
    ['invalid_scope', 400, 'invalid_scope'],
    ['invalid_target', 400, 'invalid_target'],
    ['slow_down', 429, 'slow_down'],
    ['misconfigured', 500, 'server_error'],
    ['wrong_tenant', 500, 'server_error'],
    ['nothing_granted', 500, 'server_error'],
    ['too_much_granted', 500, 'server_error'],
    ['credential_refused', 502, 'server_error'],
    ['unusable_answer', 502, 'server_error'],
    ['throttled', 503, 'temporarily_unavailable'],
    ['timed_out', 503, 'temporarily_unavailable'],
    ['unavailable', 503, 'temporarily_unavailable'],
  ])('the error %s becomes %d %s', async (code, status, error) => {
    const { call, printed } = handling(failing(new VendingError(code, 'what happened')));
    const { statusCode, headers, body } = await call(post());
    expect(statusCode).toBe(status);
    expect(JSON.parse(body)).toEqual({ error, error_description: 'what happened', request_id: 'request-1' });
    expect(headers['retry-after']).toBe(status === 429 || status === 503 ? '2' : undefined);
    expect(JSON.parse(printed.join(''))).toMatchObject({
      event: 'refused',
      error: code,
      status,
      request_id: 'request-1',
    });
  });

  test.each([
    [0.2, '1'],
    [1, '1'],
    [1.2, '2'],
    [300, '300'],
  ])('a wait of %d s is rounded up to whole seconds in Retry-After', async (retryAfterSeconds, header) => {
    const { call } = handling(failing(new VendingError('unavailable', 'down', { retryAfterSeconds })));
    expect((await call(post())).headers['retry-after']).toBe(header);
  });

  test.each([[new TypeError('canary')], ['canary'], [undefined], [{ message: 'canary' }]])(
    'an unexpected error (%p) becomes a 500 that quotes nothing',
    async (error) => {
      const { call, printed } = handling(failing(error));
      const { statusCode, body } = await call(post());
      expect(statusCode).toBe(500);
      expect(JSON.parse(body)).toMatchObject({ error: 'server_error', request_id: 'request-1' });
      expect(body + printed.join('')).not.toContain('canary');
    },
  );

  test('the log names the line of code that threw an unexpected error, and none for an expected one', async () => {
    const unexpected = handling(failing(new TypeError('canary')));
    await unexpected.call(post());
    const line = JSON.parse(unexpected.printed.join(''));
    expect(line).toMatchObject({ event: 'refused', error: 'TypeError', level: 'error' });
    expect(line.stack[0]).toMatch(/^at .*handler\.test\.ts:\d+:\d+\)?$/);
    const expected = handling(failing(new VendingError('unavailable', 'away')));
    await expected.call(post());
    expect(JSON.parse(expected.printed.join(''))).not.toHaveProperty('stack');
  });
});

describe('the metadata document (RFC 8414)', () => {
  const get = (event: Partial<FunctionUrlEvent>) => ({
    rawPath: '/.well-known/oauth-authorization-server',
    requestContext: { http: { method: 'GET' }, domainName: 'id.lambda-url.eu-central-1.on.aws' },
    ...event,
  });

  test('names the URL as it was called, without a trailing slash', async () => {
    const { call } = handling(vended());
    const { statusCode, body } = await call(get({ headers: { host: 'localhost:8787', 'x-forwarded-proto': 'http' } }));
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual({
      issuer: 'http://localhost:8787',
      token_endpoint: 'http://localhost:8787/oauth/token',
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      token_endpoint_auth_methods_supported: ['none'],
    });
  });

  test('uses the domain name that Lambda gives, if there is no host header', async () => {
    const { call } = handling(vended());
    const { body } = await call(get({}));
    expect(JSON.parse(body).issuer).toBe('https://id.lambda-url.eu-central-1.on.aws');
  });

  test('lists the scopes of an allow-list', async () => {
    const { call } = handling(vended(), { settings: { profile: 'default', scopes: ['a', 'b'] } });
    const { body } = await call(get({}));
    expect(JSON.parse(body).scopes_supported).toEqual(['a', 'b']);
  });
});

test.each<[string, unknown]>([
  ['null', null],
  ['empty', {}],
  ['a text', 'event'],
  ['without a request context', { rawPath: '/oauth/token' }],
  ['with null for a request context', { rawPath: '/oauth/token', requestContext: null }],
  ['with null for http', { rawPath: '/oauth/token', requestContext: { http: null } }],
  ['with a path that is a number', { rawPath: 1, requestContext: { http: { method: 'POST' } } }],
  ['with a body that is a number', post({ body: 1 })],
  ['with headers that are null', post({ headers: null, body: 'a=b' })],
  ['with headers that are a text', post({ headers: 'content-type', body: 'a=b' })],
  ['with a content type that is a list', post({ headers: { 'content-type': ['application/json'] }, body: '{}' })],
])('an event that AWS does not send (%s) is answered with a 4xx', async (_, event) => {
  const { call } = handling(vended());
  const { statusCode, body } = await call(event as FunctionUrlEvent);
  expect(Math.floor(statusCode / 100)).toBe(4);
  expect(JSON.parse(body)).toMatchObject({ error: expect.any(String), request_id: 'request-1' });
});
