// The function URL over HTTP: which requests it accepts, the event that the function gets, and the response that its
// result becomes.

import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { listen } from '../../local/http.ts';
import { sign } from '../../local/sign.ts';
import { type RunningFunction, startFunction } from './handler-folder.ts';
import { sendRaw } from './raw-http.ts';

const ECHO = 'export const handler = async (event) => event;';
const LIMIT_BYTES = 6 * 1024 * 1024;
const NOW_MS = Date.parse('2026-11-04T05:34:19Z');

interface Event {
  readonly headers: Record<string, string>;
  readonly requestContext: Record<string, unknown> & { readonly http: Record<string, string> };
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

describe('a caller', () => {
  let echo: RunningFunction;
  beforeAll(async () => {
    echo = await startFunction(ECHO);
  });
  afterAll(() => echo.close());

  test('that signs its request is answered by the function', async () => {
    const response = await echo.call();
    expect(response.status).toBe(200);
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('x-amzn-errortype')).toBeNull();
  });

  test('that does not sign is refused as Lambda refuses it', async () => {
    const response = await fetch(echo.url, { method: 'POST' });
    expect(response.status).toBe(403);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toEqual({ Message: expect.stringMatching(/^Forbidden\. For troubleshooting/) });
  });

  test.each([
    ['a wrong key', { credentials: { accessKeyId: 'local', secretAccessKey: 'x' } }, 'InvalidSignatureException'],
    ['an unknown key', { credentials: { accessKeyId: 'x', secretAccessKey: 'local' } }, 'UnrecognizedClientException'],
    ['a wrong region', { region: 'eu-west-1' }, 'InvalidSignatureException'],
    ['a time long ago', { signingDate: new Date(0) }, 'InvalidSignatureException'],
  ])('that signs with %s is refused', async (_, request, errorType) => {
    const response = await echo.call('/', request);
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([403, errorType]);
    expect(await response.json()).toEqual({ message: expect.any(String) });
  });

  test('whose body was altered after it was signed is refused', async () => {
    const request = await sign(`${echo.url}/`, { body: 'a=1' });
    expect((await fetch(`${echo.url}/`, { ...request, body: 'a=2' })).status).toBe(403);
  });

  test.each([
    [LIMIT_BYTES, 200],
    [LIMIT_BYTES + 1, 413],
  ])('that sends %d bytes is answered with %d', async (bytes, status) => {
    const response = await echo.call('/', { body: 'a'.repeat(bytes), headers: { 'content-type': 'text/plain' } });
    expect(response.status).toBe(status);
    await response.arrayBuffer();
  });

  test('whose request target is not a path is answered with 400', async () => {
    const lines = ['GET http://elsewhere/ HTTP/1.1', 'Host: elsewhere', 'Connection: close'];
    expect((await sendRaw(echo.url, lines)).status).toBe(400);
  });
});

describe('the event', () => {
  let echo: RunningFunction;
  beforeAll(async () => {
    echo = await startFunction(ECHO, { nowMs: () => NOW_MS });
  });
  afterAll(() => echo.close());

  async function eventOf(target: string, request: Parameters<RunningFunction['call']>[1] = {}): Promise<Event> {
    const response = await echo.call(target, { signingDate: new Date(NOW_MS), ...request });
    expect(response.status).toBe(200);
    return (await response.json()) as Event;
  }

  test('has every field of payload format 2.0', async () => {
    const { host, port } = new URL(echo.url);
    const event = await eventOf('/a%20b?x=1&x=2&y=%C3%A9%20z', { headers: { 'X-Own': 'own' } });
    expect(event).toEqual({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%20b',
      rawQueryString: 'x=1&x=2&y=%C3%A9%20z',
      queryStringParameters: { x: '1,2', y: 'é z' },
      headers: expect.objectContaining({
        host,
        'x-own': 'own',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': port,
        'x-forwarded-proto': 'http',
      }),
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        authentication: null,
        authorizer: {
          iam: {
            accessKey: 'local',
            accountId: '000000000000',
            callerId: 'AIDALOCAL',
            cognitoIdentity: null,
            principalOrgId: null,
            userArn: 'arn:aws:iam::000000000000:user/local',
            userId: 'AIDALOCAL',
          },
        },
        domainName: host,
        domainPrefix: 'local',
        http: {
          method: 'POST',
          path: '/a%20b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: event.headers['user-agent'],
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        routeKey: '$default',
        stage: '$default',
        time: '04/Nov/2026:05:34:19 +0000',
        timeEpoch: NOW_MS,
      },
      isBase64Encoded: false,
    });
  });

  test('has cookies in a field of their own, and no field for a query, cookies or body that the request lacks', async () => {
    expect(await eventOf('/', { headers: { cookie: 'a=1; b=2' } })).toMatchObject({ cookies: ['a=1', 'b=2'] });
    const event = await eventOf('/', { method: 'GET' });
    for (const absent of ['cookies', 'queryStringParameters', 'body']) expect(event).not.toHaveProperty(absent);
  });

  test('names the address of the connection, whatever the caller writes into the forwarded headers', async () => {
    const { headers } = await eventOf('/', {
      headers: { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https', 'x-forwarded-port': '1' },
    });
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': new URL(echo.url).port,
    });
  });

  test('joins the values of a repeated header with commas', async () => {
    const { headers } = await sign(`${echo.url}/`, { method: 'GET', signingDate: new Date(NOW_MS) });
    const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}`);
    const { body } = await sendRaw(echo.url, ['GET / HTTP/1.1', ...lines, 'X-Twice: 1', 'x-twice: 2']);
    expect(body).toContain('"x-twice":"1,2"');
  });

  test.each([
    ['application/json', false],
    ['application/json; charset=utf-8', false],
    ['APPLICATION/JSON', false],
    ['text/plain', false],
    ['text/html', false],
    ['application/xml', false],
    ['application/javascript', false],
    ['application/x-www-form-urlencoded', true],
    ['application/octet-stream', true],
    ['application/jsonp', true],
    ['', true],
  ])('has a body of type %j in base64: %j', async (contentType, isBase64Encoded) => {
    const event = await eventOf('/', { body: '{"é":1}', headers: contentType ? { 'content-type': contentType } : {} });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString()).toBe('{"é":1}');
  });
});

describe('the result', () => {
  let running: RunningFunction | undefined;
  afterEach(() => running?.close());

  async function answerTo(result: unknown): Promise<Response> {
    running = await startFunction(`export const handler = async () => (${JSON.stringify(result)});`);
    return running.call();
  }

  test('becomes the response, with its headers and cookies', async () => {
    const response = await answerTo({
      statusCode: 418,
      headers: { 'Content-Type': 'text/plain', 'X-Own': 1, 'content-length': '999', connection: 'upgrade' },
      cookies: ['a=1', 'b=2; Secure'],
      body: 'short and stout é',
    });
    expect(response.status).toBe(418);
    expect(response.headers.get('content-type')).toBe('text/plain');
    expect(response.headers.get('x-own')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Secure']);
    expect(await response.text()).toBe('short and stout é');
  });

  test('whose body is in base64 is decoded', async () => {
    const body = Buffer.from([0, 255]).toString('base64');
    const response = await answerTo({ statusCode: 200, body, isBase64Encoded: true });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0, 255]));
  });

  test('with only a status becomes an empty response', async () => {
    const response = await answerTo({ statusCode: 204 });
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  test.each([[{ a: 1 }], ['text'], [[1, 2]], [null], [7]])('without a status, %j, is sent as JSON', async (result) => {
    const response = await answerTo(result);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await response.json()).toEqual(result);
  });

  test.each([
    [{ statusCode: 'two hundred' }],
    [{ statusCode: 99 }],
    [{ statusCode: 600 }],
    [{ statusCode: 200, body: { not: 'text' } }],
    [{ statusCode: 200, headers: { 'bad name': 'x' } }],
  ])('that is not a response, %j, is answered with 502', async (result) => {
    expect((await answerTo(result)).status).toBe(502);
  });
});

test('how each call of the function ended is told, and a call that never reached it is not', async () => {
  const ended: string[] = [];
  const source =
    "export const handler = async ({ rawPath }) => { if (rawPath === '/fails') throw new Error(); return {}; };";
  const { call, close } = await startFunction(source, { instances: 0, onOutcome: ({ kind }) => void ended.push(kind) });
  await call();
  await close();
  const running = await startFunction(source, { onOutcome: ({ kind }) => void ended.push(kind) });
  await running.call();
  await running.call('/fails');
  await fetch(running.url, { method: 'POST' });
  await running.close();
  expect(ended).toEqual(['throttled', 'result', 'failed']);
});

test('starting on a port in use fails, and the error names the port', async () => {
  const other = await listen(createServer());
  const port = Number(new URL(other.url).port);
  await expect(startFunction(ECHO, { port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  await other.close();
});
