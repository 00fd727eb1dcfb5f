// Answers of authorization servers, as they are really sent. Each is served over HTTP to the bundle as it is deployed.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProfileFile } from '../../lambda/vend/settings.ts';
import { writeVendCode } from '../../lib/vend-code.ts';
import type { Misbehaviour, ReceivedRequest } from '../../local/authorization-server.ts';
import { type LocalMode, startLocalMode } from '../../local/local-mode.ts';
import { sign } from '../../local/sign.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { SecretOperator } from '../../testbed/secret-operator.ts';

const PROFILE: ProfileFile = { clientAuthentication: 'client_secret_post' };
const TOKEN = { access_token: 'a-token', token_type: 'Bearer', expires_in: 1799, scope: 'a b' };
const json = (body: object, status = 200): Misbehaviour => ({ status, body: JSON.stringify(body) });
const granted = (changes: object = {}) => json({ ...TOKEN, ...changes });
const encoded = (coding: string, body: Buffer): Misbehaviour => ({ headers: { 'content-encoding': coding }, body });
const TEXT = JSON.stringify(TOKEN);
const DEEP = TEXT.replace('{', `{"deep":${'['.repeat(100_000)}${']'.repeat(100_000)},`);
const GATEWAY: Misbehaviour = { status: 503, body: '<html>' };
const QUOTA = { fault: { faultstring: 'Quota', detail: { errorcode: 'policies.ratelimit.QuotaViolation' } } };
const NOT_APPROVED = { fault: { faultstring: 'Key', detail: { errorcode: 'oauth.v2.ApiKeyNotApproved' } } };

/** The same code runs in all tests. */
const code = temporaryFolder();
beforeAll(() => writeVendCode(code.path, PROFILE));
afterAll(() => code.close());

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((opened) => opened.close()));
});

async function start(respondWith: (request: ReceivedRequest) => Misbehaviour | undefined) {
  const printed: string[] = [];
  const mode = await startLocalMode({
    codeDirectory: code.path,
    profile: PROFILE,
    emporix: { respondWith },
    write: (text) => printed.push(text),
  });
  open.push(mode);
  return { mode, printed: () => printed.join('') };
}

async function vend({ url }: LocalMode, scope = 'a b') {
  const body = new URLSearchParams({ scope }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const response = await fetch(`${url}/oauth/token`, await sign(`${url}/oauth/token`, { headers, body }));
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body: answer };
}

test.each<[string, ...Misbehaviour[]]>([
  ["Apigee's type and numbers in text", granted({ token_type: 'BearerToken', expires_in: '1799' })],
  ['a lifetime that is longer than any date', granted({ expires_in: Number.MAX_SAFE_INTEGER })],
  ['scopes in a list', granted({ scope: ['b', 'a'] })],
  ['scopes with commas', granted({ scope: 'a,b' })],
  ['scopes with line feeds', granted({ scope: 'a\nb\n' })],
  ['scopes that are left out', granted({ scope: undefined })],
  ['an answer with a refresh token', granted({ refresh_token: 'a-refresh-token' })],
  ['a form', { body: 'access_token=a-token&token_type=bearer&expires_in=1799&scope=a+b' }],
  ['gzip', encoded('gzip', gzipSync(TEXT))],
  ['deflate', encoded('deflate', deflateSync(TEXT))],
  ['br', encoded('br', brotliCompressSync(TEXT))],
  ['a 408, then a token', { status: 408 }, granted()],
  ['a 421, then a token', { status: 421 }, granted()],
  ['a 425, then a token', { status: 425 }, granted()],
  ['a 503 of a gateway, then a token', GATEWAY, granted()],
  ['a token that has just ended, then another one', granted({ expires_in: 0 }), granted()],
  ['a token that ended a second ago, then another one', granted({ expires_in: -1 }), granted()],
  ['an answer with a refresh token in another spelling', granted({ refreshToken: 'a-refresh-token' })],
])('a token is vended from %s', async (_, ...answers) => {
  const { mode } = await start(() => answers.shift());
  const { status, body } = await vend(mode);
  expect([status, body]).toMatchObject([200, { access_token: 'a-token', token_type: 'Bearer', scope: 'a b' }]);
  expect(Object.values(body)).not.toContain('a-refresh-token');
  expect(body.expires_in).toBeGreaterThan(1_700);
});

test('a firewall that refuses requests without User-Agent lets ours pass', async () => {
  const { mode } = await start(({ headers }) => (headers['user-agent'] ? granted() : { status: 403, body: '<html>' }));
  expect((await vend(mode)).status).toBe(200);
});

describe('the version before mints, and an alarm tells, if the current one is refused with', () => {
  test.each<[string, Misbehaviour]>([
    ['a 401 that names a denial', json({ error: 'access_denied' }, 401)],
    ['a 401 that names another client', json({ error: 'unauthorized_client' }, 401)],
    ['a 401 of HTML', { status: 401, body: '<html>' }],
    ['a 401 of nothing', { status: 401 }],
    ['a 401 in gzip', { ...encoded('gzip', gzipSync('{"error":"x"}')), status: 401 }],
    ['a 400 in gzip', { ...encoded('gzip', gzipSync('{"error":"invalid_client"}')), status: 400 }],
    ['a 401 that is too large', { status: 401, body: 'x'.repeat(1024 * 1024 + 1) }],
    ['a 200 that names an error', json({ error: 'invalid_client' })],
    ['a 403 of a key that is not approved', json(NOT_APPROVED, 403)],
    ['a 500 of the same', json(NOT_APPROVED, 500)],
  ])('%s', async (_, refusal) => {
    const { mode, printed } = await start(({ clientSecret }) => (clientSecret === 'wrong' ? refusal : granted()));
    const operator = new SecretOperator(mode.secretsManager.url, mode.secretsManager.secretId);
    open.push(operator);
    await operator.put({ clientId: 'emporix-client', clientSecret: 'wrong' });
    expect(await vend(mode)).toMatchObject({ status: 200, body: { access_token: 'a-token' } });
    expect(mode.emporix?.requests.map(({ clientSecret }) => clientSecret)).toEqual(['wrong', 'emporix-secret']);
    expect(printed()).toContain('"CredentialRefused":1');
  });
});

describe('an answer without a token gets', () => {
  test.each<[string, Misbehaviour, number, object]>([
    ['502 if it is nonsense', { body: '<html>' }, 502, { error: 'server_error' }],
    ['502 if it is a 403', { status: 403, body: '<html>' }, 502, { error: 'server_error' }],
    ['502 if it names two tenants', granted({ scope: 'tenant=mine a b tenant=other' }), 502, { error: 'server_error' }],
    ['502 if it is nested too deeply', { body: DEEP }, 502, { error: 'server_error' }],
    ['502 if it has a token and an error', granted({ error: 'unknown' }), 502, { error: 'server_error' }],
    ['502 if it is too large', encoded('gzip', gzipSync(Buffer.alloc(3_000_000))), 502, { error: 'server_error' }],
    ['400 if the scopes are refused', json({ error: 'invalid_scope' }, 403), 400, { error: 'invalid_scope' }],
    ['503 if the server is down', GATEWAY, 503, { error: 'temporarily_unavailable' }],
    ['503 if the token has just ended', granted({ expires_in: 0 }), 503, { error: 'temporarily_unavailable' }],
  ])('%s', async (_, answer, status, body) => {
    const { mode } = await start(() => answer);
    expect(await vend(mode)).toMatchObject({ status, body });
  });
});

describe('every kind of body means the same with every family of status, if it is', () => {
  const STATUSES = [200, 400, 401, 429, 500, 503];
  /** G: granted. C: the client is refused. S: the scope is refused. T: throttled. U: it may pass by itself. N: nonsense. */
  const OUTCOMES: Readonly<Record<string, readonly [status: number, failure?: string]>> = {
    G: [200],
    C: [502, 'credential_refused'],
    S: [400, 'invalid_scope'],
    T: [503, 'throttled'],
    U: [503, 'unavailable'],
    N: [502, 'unusable_answer'],
  };

  let started: Awaited<ReturnType<typeof start>>;
  let answer: Misbehaviour | undefined;
  beforeAll(async () => {
    started = await start(() => answer);
    open.splice(0);
  });
  afterAll(() => started.mode.close());

  /** Forgets what earlier answers meant for the whole credential, which is accepted afterwards. */
  async function startAnew() {
    answer = undefined;
    await started.mode.dynamodb.empty();
    await started.mode.restart();
    expect((await vend(started.mode, '')).status).toBe(200);
  }

  test.each<[string, Misbehaviour, string]>([
    ['a token', granted({ scope: undefined }), 'G N C T U U'],
    ['HTML', { body: '<html>' }, 'N N C T U U'],
    ['an unknown error', json({ error: 'canary' }), 'N N C T U U'],
    ['a refused client in gzip', encoded('gzip', gzipSync('{"error":"invalid_client"}')), 'C C C T C U'],
    ['a refused client as a form', { body: 'error=invalid_client' }, 'C C C T C U'],
    ['a refused scope', json({ error: 'invalid_scope' }), 'S S C T S U'],
    ['a quota', json(QUOTA), 'T T C T T T'],
    ['a failure', json({ error: 'server_error' }), 'U U C T U U'],
  ])('%s', async (_, body, outcomes) => {
    const { mode, printed } = started;
    const found: unknown[] = [];
    await startAnew();
    for (const status of STATUSES) {
      const before = printed().length;
      answer = { ...body, status };
      const vended = await vend(mode, `with.${status}`);
      const failure = /"event":"mint_failed".*"error":"(\w+)"/.exec(printed().slice(before))?.[1];
      found.push(failure === undefined ? [vended.status] : [vended.status, failure]);
      if (failure === 'throttled') await startAnew();
    }
    expect(found).toEqual(outcomes.split(' ').map((outcome) => OUTCOMES[outcome]));
  });
});

test('a quota that is reported with 500 throttles the client: five scope sets ask no more often than one', async () => {
  const { mode } = await start(() => json(QUOTA, 500));
  for (let set = 0; set < 5; set++) {
    const { status, headers } = await vend(mode, `a.${set}`);
    expect([status, headers.has('retry-after')]).toEqual([503, true]);
  }
  expect(mode.emporix?.requests).toHaveLength(2);
});

test.each([
  ['an asctime date', (date: Date) => asctime(date)],
  ['a date of RFC 850', (date: Date) => rfc850(date)],
  ['the date of today', (date: Date) => date.toUTCString()],
])('a Retry-After with %s reaches the caller', async (_, write) => {
  const headers = { 'retry-after': write(new Date(Date.now() + 100_000)) };
  const { mode } = await start(() => ({ status: 429, headers }));
  const answer = await vend(mode);
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(90);
});

/** `Sun Nov  6 08:49:37 1994` */
function asctime(date: Date): string {
  const [weekday, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} ${year}`;
}

/** `Sunday, 06-Nov-94 08:49:37 GMT` */
function rfc850(date: Date): string {
  const [, day, month, year, time] = date.toUTCString().replace(',', '').split(' ');
  const weekday = date.toLocaleDateString('en', { weekday: 'long', timeZone: 'UTC' });
  return `${weekday}, ${day}-${month}-${year?.slice(2)} ${time} GMT`;
}
