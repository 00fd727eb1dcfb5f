// The canary against local mode, and against endpoints that fail it.

import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { TokenClient } from '../../../client/index.ts';
import { type CanaryWorld, createCanary } from '../../../lambda/canary/canary.ts';
import { readSettings } from '../../../lambda/canary/settings.ts';
import { systemClock } from '../../../lambda/clock.ts';
import { writeCanaryCode } from '../../../lib/vend-code.ts';
import { lambdaEnvironment } from '../../../local/function-environment.ts';
import { listen } from '../../../local/http.ts';
import { Instances } from '../../../local/instances.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../local/names.ts';
import { startAuthorizationServer } from '../../../local/serve-authorization-server.ts';
import { temporaryFolder } from '../../../local/temporary-folder.ts';
import { type BundledLocalModeOptions, startBundledLocalMode } from '../../../testing/bundled-local-mode.ts';

const SCOPE = 'order.order_read';
const OUTSIDE = 'token-vending.canary';
const TOKEN = 'a-token-that-must-not-be-printed';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => void (await Promise.all(opened.splice(0).map((each) => each.close()))));

async function start(options: BundledLocalModeOptions = {}) {
  const printed: string[] = [];
  const profile = { clientAuthentication: 'client_secret_post', scopes: [SCOPE] } as const;
  const mode = await startBundledLocalMode({ profile, write: (text) => printed.push(text), ...options });
  opened.push(mode);
  const audit = () => linesOf(printed).filter(({ event }) => event === 'vended' || event === 'refused');
  return { ...mode, tokenEndpoint: `${mode.url}/oauth/token`, audit };
}

interface Line {
  readonly event: string;
  readonly [field: string]: unknown;
}

const linesOf = (printed: readonly string[]) =>
  printed
    .join('')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);

/** @param timeoutMs how long failures that may pass are repeated */
const clientOf = (tokenEndpoint: string, timeoutMs = 30_000) =>
  new TokenClient({ url: tokenEndpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, timeoutMs });

/** Makes one run. Returns the one line that it prints. */
async function run(tokenEndpoint: string, refusedScope?: string, world: Partial<CanaryWorld> = {}): Promise<Line> {
  const printed: string[] = [];
  const settings = { stackName: 'the-stack', profile: 'orders', tokenEndpoint, refusedScope };
  await createCanary(settings, {
    createClient: () => clientOf(tokenEndpoint),
    fetch,
    clock: systemClock,
    write: (line) => printed.push(line),
    ...world,
  })();
  const [line, ...others] = linesOf(printed);
  if (line === undefined || others.length > 0) throw new Error(`not exactly one line: ${printed.join('')}`);
  expect(printed.join('')).not.toContain(TOKEN);
  return line;
}

describe('a canary passes', () => {
  test('if it gets a token, and is refused another scope and without a signature: one line with the metric 1', async () => {
    const { tokenEndpoint, emporix } = await start();
    const line = await run(tokenEndpoint, OUTSIDE);
    expect(line).toEqual({
      _aws: {
        Timestamp: expect.any(Number),
        CloudWatchMetrics: [
          {
            Namespace: 'TokenVending',
            Dimensions: [['Stack', 'Profile']],
            Metrics: [{ Name: 'CanaryPassed', Unit: 'Count' }],
          },
        ],
      },
      time: expect.any(String),
      level: 'info',
      event: 'canary_passed',
      Profile: 'orders',
      Stack: 'the-stack',
      CanaryPassed: 1,
    });
    expect(JSON.stringify(line)).not.toContain(emporix?.tokens[0]?.accessToken);
  });

  test('while the authorization server is down, if a valid token is kept: consumers get it as well', async () => {
    const { tokenEndpoint, emporix } = await start();
    await run(tokenEndpoint, OUTSIDE);
    await emporix?.close();
    expect(await run(tokenEndpoint, OUTSIDE)).toMatchObject({ event: 'canary_passed', CanaryPassed: 1 });
  });

  test('without an allow-list, where no scope is outside it', async () => {
    const { tokenEndpoint, audit } = await start({ profile: { clientAuthentication: 'client_secret_post' } });
    expect(await run(tokenEndpoint)).toMatchObject({ CanaryPassed: 1 });
    expect(audit().map(({ event }) => event)).toEqual(['vended']);
  });
});

test('each run asks the function anew, and the refused scope is never requested from the authorization server', async () => {
  const { tokenEndpoint, emporix, audit } = await start();
  await run(tokenEndpoint, OUTSIDE);
  await run(tokenEndpoint, OUTSIDE);
  expect(audit().map(({ event, scopes_asked }) => [event, scopes_asked])).toEqual([
    ['vended', undefined],
    ['refused', OUTSIDE],
    ['vended', undefined],
    ['refused', OUTSIDE],
  ]);
  expect(emporix?.requests.map(({ params }) => params.scope)).toEqual([SCOPE]);
});

test('a wrong secret without a kept token fails one check, with the code and the ID of the request', async () => {
  const server = await startAuthorizationServer();
  opened.push(server);
  const { tokenEndpoint, audit } = await start({ authorizationServer: { ...server, clientSecret: 'wrong' } });
  const line = await run(tokenEndpoint, OUTSIDE, { createClient: () => clientOf(tokenEndpoint, 5_000) });
  expect(line).toMatchObject({ level: 'error', event: 'canary_failed', CanaryPassed: 0 });
  const refusals = audit().filter(({ error }) => error === 'credential_refused');
  expect(
    refusals.map(({ request_id }) => ({ check: 'token', error: 'server_error', status: 502, request_id })),
  ).toContainEqual((line.failures as readonly unknown[])[0]);
  expect(line.failures).toHaveLength(1);
});

interface Asked {
  readonly isSigned: boolean;
  readonly scope: string | null;
}

type Answer = readonly [status: number, body: object];

const VENDED: Answer = [200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 3600 }];
const REFUSED_SCOPE: Answer = [400, { error: 'invalid_scope', error_description: TOKEN }];
const THROTTLED: Answer = [429, { message: TOKEN }];
const MISSING = 'not authorized to perform: lambda:InvokeFunctionUrl';

/** What a function URL should answer. */
const asItShould = ({ isSigned, scope }: Asked): Answer => {
  if (!isSigned) return [403, { Message: 'Forbidden' }];
  return scope === OUTSIDE ? REFUSED_SCOPE : VENDED;
};

async function endpointThat(answer: (asked: Asked) => Answer): Promise<string> {
  const endpoint = await listen(
    createServer(async (request, response) => {
      const body = Buffer.concat(await request.toArray()).toString();
      const isSigned = request.headers.authorization !== undefined;
      const [status, answered] = answer({ isSigned, scope: new URLSearchParams(body).get('scope') });
      // A client doesn't repeat a request when it would have to wait for so long.
      response
        .writeHead(status, { 'x-amzn-requestid': 'request-1', 'retry-after': '60' })
        .end(JSON.stringify(answered));
    }),
  );
  opened.push(endpoint);
  return `${endpoint.url}/oauth/token`;
}

describe('a canary', () => {
  test('passes an endpoint that answers as it should', async () => {
    expect(await run(await endpointThat(asItShould), OUTSIDE)).toMatchObject({ CanaryPassed: 1 });
  });

  const request_id = 'request-1';
  test.each<[string, (asked: Asked) => Answer, readonly object[]]>([
    [
      'an unsigned request is answered with a token',
      (asked) => (asked.isSigned ? asItShould(asked) : VENDED),
      [{ check: 'unsigned', error: 'not_refused', status: 200, request_id }],
    ],
    [
      'an unsigned request reaches the function, which answers an error',
      (asked) => (asked.isSigned ? asItShould(asked) : [400, { error: 'invalid_request' }]),
      [{ check: 'unsigned', error: 'not_refused', status: 400, request_id }],
    ],
    [
      'a scope outside the allow-list is vended',
      (asked) => (asked.isSigned ? VENDED : asItShould(asked)),
      [{ check: 'refused_scope', error: 'not_refused' }],
    ],
    [
      'a scope outside the allow-list is refused for another reason',
      (asked) =>
        asked.scope === OUTSIDE ? [500, { error: 'server_error', error_description: '' }] : asItShould(asked),
      [{ check: 'refused_scope', error: 'server_error', status: 500, request_id }],
    ],
    [
      'the function has no concurrency left',
      (asked) => (asked.isSigned ? THROTTLED : asItShould(asked)),
      ['token', 'refused_scope'].map((check) => ({
        check,
        error: 'throttled',
        status: 429,
        request_id,
        hint: expect.stringMatching(/concurrency/),
      })),
    ],
    [
      'it lacks a permission, which is named',
      (asked) => (asked.isSigned ? [403, { Message: `${TOKEN} is ${MISSING}` }] : asItShould(asked)),
      ['token', 'refused_scope'].map((check) => ({
        check,
        error: 'forbidden',
        status: 403,
        request_id,
        hint: expect.stringMatching(/permission lambda:InvokeFunctionUrl is missing/),
      })),
    ],
  ])('fails if %s', async (_, answer, failures) => {
    const line = await run(await endpointThat(answer), OUTSIDE);
    expect(line).toMatchObject({ event: 'canary_failed', CanaryPassed: 0 });
    expect(line.failures).toEqual(failures);
  });

  test('fails if nobody answers', async () => {
    const gone = await listen(createServer());
    await gone.close();
    const url = `${gone.url}/oauth/token`;
    const failed = { error: 'unreachable', system_code: 'ECONNREFUSED' };
    const { failures } = await run(url, OUTSIDE, { createClient: () => clientOf(url, 2_000) });
    expect(failures).toEqual([
      { check: 'token', ...failed },
      { check: 'refused_scope', ...failed },
      { check: 'unsigned', ...failed },
    ]);
  });

  test('ends with an error, and without the metric, if its own code is at fault', async () => {
    const getToken = () => Promise.reject(new TypeError('a fault'));
    await expect(run('http://127.0.0.1:9', OUTSIDE, { createClient: () => ({ getToken }) })).rejects.toThrow('a fault');
  });
});

describe('the code that is deployed', () => {
  test('runs by its environment, with the credentials of its role', async () => {
    const code = temporaryFolder();
    opened.push(code);
    writeCanaryCode(code.path);
    const { tokenEndpoint, audit } = await start();
    const environment = {
      STACK_NAME: 'the-stack',
      PROFILE: 'orders',
      TOKEN_VENDING_URL: tokenEndpoint,
      REFUSED_SCOPE: OUTSIDE,
    };
    const printed: string[] = [];
    const instances = new Instances({
      codeDirectory: code.path,
      environment: { ...lambdaEnvironment('canary', code.path), ...environment },
      functionName: 'canary',
      memoryMb: 512,
      limit: 1,
      timeoutMs: 60_000,
      write: (text) => printed.push(text),
    });
    opened.push(instances);
    for (const requestId of ['first', 'second']) {
      expect(await instances.invoke({ 'detail-type': 'Scheduled Event' }, requestId)).toMatchObject({ kind: 'result' });
    }
    expect(linesOf(printed).map(({ CanaryPassed }) => CanaryPassed)).toEqual([1, 1]);
    expect(audit()).toHaveLength(4);
  });

  test.each(['STACK_NAME', 'PROFILE', 'TOKEN_VENDING_URL'])('does not start without %s', (missing) => {
    const environment = {
      STACK_NAME: 'the-stack',
      PROFILE: 'orders',
      TOKEN_VENDING_URL: 'https://example.com',
      [missing]: '',
    };
    expect(() => readSettings(environment)).toThrow(`environment variable ${missing} is missing`);
  });
});
