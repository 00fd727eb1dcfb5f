// Requests to the token endpoint over HTTP: signatures that local mode verifies, answers of Lambda and of the function, what is
// repeated, and what the errors say and don't say.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AwsCredentials, TokenClientOptions } from '../../client/options.ts';
import { readSettings } from '../../client/options.ts';
import { type Runtime, SYSTEM } from '../../client/runtime.ts';
import { VendingEndpoint } from '../../client/vending-endpoint.ts';
import { type Listening, listen } from '../../local/http.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const CREDENTIALS = { accessKeyId: 'canary-id', secretAccessKey: 'canary-secret', sessionToken: 'canary-token' };
const TOKEN = { access_token: 'the-token', token_type: 'Bearer', expires_in: 60, scope: 'a b', tenant: 'mine' };

/** One answer. A string is a body that is not JSON. `cut`: the connection is cut. */
interface Scripted {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: object | string;
  readonly cut?: boolean;
  /** There is no answer. */
  readonly hangs?: boolean;
}

let server: Listening;
let script: Scripted[];
let requests: { headers: IncomingMessage['headers']; body: string }[];
let pausesMs: number[];

beforeAll(async () => {
  server = await listen(createServer((request, response) => void answer(request, response)));
});
afterAll(() => server.close());
beforeEach(() => {
  script = [];
  requests = [];
  pausesMs = [];
});

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  requests.push({ headers: request.headers, body });
  const { status = 200, headers = {}, body: sent = TOKEN, cut, hangs } = script.shift() ?? {};
  if (hangs) return;
  if (cut) return void response.destroy();
  response.writeHead(status, headers).end(typeof sent === 'string' ? sent : JSON.stringify(sent));
}

/** Pauses are noted and cost no time. */
const runtime: Runtime = {
  ...SYSTEM,
  random: () => 0.5,
  sleep: async (ms) => void pausesMs.push(ms),
};

function endpoint(options: TokenClientOptions = {}, clock = runtime): VendingEndpoint {
  const usual = { url: server.url, region: 'eu-central-1', credentials: CREDENTIALS };
  return new VendingEndpoint(readSettings({ ...usual, ...options }, {}), clock);
}

const ask = (of = endpoint(), repeat = true) => of.request(new URLSearchParams({ scope: 'a b' }), { repeat });

/** The error that a request ends with. */
const failure = (asking = ask()): Promise<unknown> =>
  asking.then(
    () => 'no error',
    (error: unknown) => error,
  );

const lambda403 = (message: string, headers = {}) => ({ status: 403, headers, body: { message } });

test('a request is a signed form, and its answer is read', async () => {
  const token = await ask();
  expect(token).toMatchObject({ accessToken: 'the-token', lifetimeMs: 60_000, scopes: ['a', 'b'], tenant: 'mine' });
  expect(requests[0]?.body).toBe('scope=a+b');
  expect(requests[0]?.headers).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded',
    'x-amz-security-token': 'canary-token',
    authorization: expect.stringMatching(
      /^AWS4-HMAC-SHA256 Credential=canary-id\/\d{8}\/eu-central-1\/lambda\/aws4_request, /,
    ),
  });
});

describe('what may pass by itself is repeated', () => {
  test.each<[string, Scripted]>([
    [
      '429 of Lambda',
      { status: 429, body: { Reason: 'ConcurrentInvocationLimitExceeded', message: 'Rate Exceeded.' } },
    ],
    ['502 of Lambda', { status: 502, body: 'Internal Server Error' }],
    ['503', { status: 503, body: { error: 'temporarily_unavailable', error_description: 'down', request_id: 'r' } }],
    ['504 of a proxy', { status: 504, body: '<html>' }],
    ['a connection that is cut', { cut: true }],
  ])('%s, with growing pauses', async (_, answered) => {
    script = [answered, answered, answered];
    await ask();
    expect(requests).toHaveLength(4);
    expect(pausesMs).toEqual([150, 300, 600]);
  });

  test('the pause is at least the Retry-After', async () => {
    script = [{ status: 503, headers: { 'retry-after': '7' } }];
    await ask();
    expect(pausesMs).toEqual([7150]);
  });

  test('but not if the Retry-After is longer than the time limit', async () => {
    script = [{ status: 503, headers: { 'retry-after': '40' } }];
    expect(await failure()).toMatchObject({ status: 503, retryAfterSeconds: 40 });
    expect(requests).toHaveLength(1);
  });

  test('and not in the background', async () => {
    script = [{ status: 503 }];
    expect(await failure(ask(endpoint(), false))).toMatchObject({ code: 'server_error', status: 503 });
    expect(requests).toHaveLength(1);
  });

  test('until the time limit, after which the error is the last one that said something', async () => {
    script = Array.from({ length: 1000 }, () => ({ status: 502, body: 'Internal Server Error' }));
    let nowMs = 0;
    const clock: Runtime = {
      now: () => ({ wallMs: Date.now(), monotonicMs: nowMs }),
      random: () => 0.5,
      sleep: async (ms) => {
        nowMs += ms;
      },
    };
    expect(await failure(ask(endpoint({ timeoutMs: 30_000 }, clock)))).toMatchObject({ status: 502 });
    expect(nowMs).toBeGreaterThan(20_000);
    expect(nowMs).toBeLessThan(30_000);
    expect(requests.length).toBeLessThan(20);
  });

  test('but no pause keeps a process alive when nobody waits', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const fetch = async () => new Response(null, { status: 503 });
    const sleep: Runtime['sleep'] = async (ms, signal) => {
      const slept = SYSTEM.sleep(ms, signal);
      pausesMs.push(timers() - before);
      await slept;
    };
    expect(await failure(ask(endpoint({ fetch, timeoutMs: 400 }, { ...SYSTEM, sleep })))).toMatchObject({
      status: 503,
    });
    expect(pausesMs[0]).toBe(0);
  });

  test('a request that hangs ends with the time limit', async () => {
    script = [{ hangs: true }];
    expect(await failure(ask(endpoint({ timeoutMs: 50 })))).toMatchObject({ code: 'unreachable', status: undefined });
  });

  test('the error is the one before, where the last request had no time left to be answered', async () => {
    script = [{ status: 502 }, { hangs: true }];
    expect(await failure(ask(endpoint({ timeoutMs: 400 })))).toMatchObject({ status: 502 });
    expect(requests).toHaveLength(2);
  });

  test.each<[number, Scripted]>([
    [400, { body: { error: 'invalid_scope', error_description: 'no', request_id: 'r' } }],
    [403, { body: { message: 'The security token included in the request is invalid.' } }],
    [404, {}],
    [500, { body: { error: 'server_error', error_description: 'run this', request_id: 'r' } }],
  ])('a %d is not', async (status, answered) => {
    script = [{ status, body: {}, ...answered }];
    expect(await failure()).toMatchObject({ status });
    expect(requests).toHaveLength(1);
  });

  test('a redirect is not followed, because the signature is for this host', async () => {
    script = [{ status: 307, headers: { location: '/elsewhere' } }];
    expect(await failure()).toMatchObject({ code: 'unusable_answer', status: 307 });
    expect(requests).toHaveLength(1);
  });
});

describe('an error says', () => {
  test("the function's own words, code, status and request ID", async () => {
    const body = { error: 'invalid_scope', error_description: 'the profile does not allow b', request_id: 'r-1' };
    script = [{ status: 400, body }];
    expect(await failure()).toMatchObject({
      code: 'invalid_scope',
      status: 400,
      requestId: 'r-1',
      message: '400: the profile does not allow b',
      hint: undefined,
    });
  });

  test.each([
    [
      'not authorized to perform: lambda:InvokeFunctionUrl on resource',
      /permission lambda:InvokeFunctionUrl is missing/,
    ],
    ['not authorized to perform: lambda:InvokeFunction on resource', /permission lambda:InvokeFunction is missing/],
    ['Forbidden. For troubleshooting …', /two permissions .*lambda:InvokeFunctionUrl and lambda:InvokeFunction/],
    ['Credential should be scoped to a valid region. ', /signed for another region/],
    ['The security token included in the request is invalid.', /credentials are of no user or role/],
    ['The request signature we calculated does not match …', /secret access key is wrong/],
    ['Signature expired: 1 is now earlier than 2', /clock is more than 5 minutes off/],
  ])('after a 403 with %j what to change', async (message, hint) => {
    script = [lambda403(message, { date: '' }), lambda403(message, { date: '' })];
    expect(await failure()).toMatchObject({ code: 'forbidden', status: 403, hint: expect.stringMatching(hint) });
  });

  test("that Lambda throttles, and its request's ID", async () => {
    script = [{ status: 429, headers: { 'retry-after': '60', 'x-amzn-requestid': 'r-2' }, body: {} }];
    expect(await failure()).toMatchObject({
      code: 'throttled',
      requestId: 'r-2',
      hint: expect.stringContaining('concurrency limit'),
    });
  });

  test('how to get credentials where there are none', async () => {
    const credentials = () => Promise.reject(new Error('no credentials in the chain'));
    expect(await failure(ask(endpoint({ credentials })))).toMatchObject({
      code: 'no_credentials',
      hint: expect.stringContaining('aws sso login'),
    });
    expect(requests).toHaveLength(0);
  });

  test.each<[string, object | undefined]>([
    ['none', undefined],
    ['no key', { accessKeyId: 'a' }],
    ['a line end in them', { ...CREDENTIALS, sessionToken: 'canary\ntoken' }],
    ['a letter that no header takes', { ...CREDENTIALS, sessionToken: 'canary-€' }],
  ])('that the credentials are unusable, and not what they are, if the provider returns %s', async (_, found) => {
    const error = await failure(ask(endpoint({ credentials: async () => found as AwsCredentials })));
    expect(error).toMatchObject({ code: 'no_credentials', name: 'TokenVendingError' });
    expect(inspect(error, { depth: 10 })).not.toMatch(/canary/);
    expect(requests).toHaveLength(0);
  });

  test.each(['ENOTFOUND', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])(
    'after %s that a route is missing',
    async (code) => {
      const cause = Object.assign(new Error('connect'), { code });
      const fetch = () => Promise.reject(new TypeError('fetch failed', { cause }));
      expect(await failure(ask(endpoint({ fetch }), false))).toMatchObject({
        code: 'unreachable',
        message: expect.stringContaining(`(${code})`),
        hint: expect.stringContaining('NAT gateway'),
      });
    },
  );

  test.each<[string, Scripted]>([
    ['no JSON', { body: '<html>' }],
    ['no token', { body: { expires_in: 60 } }],
    ['an empty token', { body: { ...TOKEN, access_token: '' } }],
    ['a token that no header takes', { body: { ...TOKEN, access_token: 'the\ntoken' } }],
    ['no lifetime', { body: { access_token: 'a' } }],
    ['a list', { body: [] }],
  ])('that a 200 with %s is unusable', async (_, answered) => {
    script = [answered];
    expect(await failure()).toMatchObject({ code: 'unusable_answer' });
  });

  test('nothing that AWS or a stranger has sent, and no key, whatever goes wrong', async () => {
    const quoting = 'x-amz-security-token:canary-token signature does not match canary-body';
    for (const status of [200, 302, 400, 401, 403, 404, 413, 429, 500, 502, 503]) {
      for (const body of [
        { message: quoting },
        { Message: quoting },
        { error: quoting },
        quoting,
        { scope: quoting },
      ]) {
        script = [{ status, body, headers: { 'x-amzn-requestid': 'r' } }];
        const error = await failure(ask(endpoint(), false));
        expect(error).toBeInstanceOf(Error);
        expect(inspect(error, { depth: 10 })).not.toMatch(/canary/);
      }
    }
  });
});

describe('signatures', () => {
  let mode: LocalMode;
  beforeAll(async () => {
    mode = await startBundledLocalMode({ instances: 1, write: () => {} });
  });
  afterAll(() => mode.close());

  const local = (options: TokenClientOptions = {}, clock = runtime) => {
    const { accessKeyId, secretAccessKey, region, url } = mode;
    return endpoint({ url, region, credentials: { accessKeyId, secretAccessKey }, ...options }, clock);
  };
  const vend = (of: VendingEndpoint) => of.request(new URLSearchParams(), { repeat: false });
  const aheadBy = (ms: number): Runtime => ({
    ...runtime,
    now: () => ({ wallMs: Date.now() + ms, monotonicMs: performance.now() }),
  });

  test.each([
    ['right', 0],
    ['10 min ahead', 600_000],
    ['10 min behind', -600_000],
    ['a year behind', -31_536_000_000],
  ])('are taken from a machine whose clock is %s', async (_, ms) => {
    const of = local({}, aheadBy(ms));
    expect((await vend(of)).accessToken).toMatch(/^\S{32}$/);
    expect((await vend(of)).accessToken).toMatch(/^\S{32}$/);
  });

  test('for another region are refused, and the error says so', async () => {
    expect(await failure(vend(local({ region: 'us-east-2' })))).toMatchObject({
      hint: expect.stringContaining('another region'),
    });
  });

  test('with another key are refused, and the error says so', async () => {
    const { accessKeyId } = mode;
    const wrong = local({ credentials: { accessKeyId, secretAccessKey: 'wrong' } });
    expect(await failure(vend(wrong))).toMatchObject({ hint: expect.stringContaining('secret access key is wrong') });
  });
});

describe('temporary credentials', () => {
  const SECOND = { accessKeyId: 'second', secretAccessKey: 'secret' };

  test('that AWS says have expired are renewed, and the request is signed once more', async () => {
    const asked: unknown[] = [];
    const credentials = async (options?: { forceRefresh?: boolean }): Promise<AwsCredentials> => {
      asked.push(options?.forceRefresh);
      return options?.forceRefresh ? SECOND : CREDENTIALS;
    };
    script = [lambda403('The security token included in the request is expired')];
    await ask(endpoint({ credentials }));
    expect(asked).toEqual([undefined, true]);
    expect(requests.map(({ headers }) => /Credential=([\w-]+)/.exec(headers.authorization ?? '')?.[1])).toEqual([
      'canary-id',
      'second',
    ]);
  });

  test('that stay expired are an error with what to do', async () => {
    script = [1, 2].map(() => lambda403('The security token included in the request is expired'));
    expect(await failure()).toMatchObject({ hint: expect.stringContaining('have expired') });
    expect(requests).toHaveLength(2);
  });

  const { env } = process;
  afterEach(() => {
    process.env = env;
  });

  test('come from the default chain of the AWS SDK, where none are given', async () => {
    process.env = { ...env, AWS_ACCESS_KEY_ID: 'from-the-environment', AWS_SECRET_ACCESS_KEY: 'secret' };
    await ask(endpoint({ credentials: undefined }));
    expect(requests[0]?.headers.authorization).toContain('Credential=from-the-environment/');
  });
});
