// `fetch` of the TokenClient calls real HTTP servers: which requests carry a token, when one is rejected, and what is sent
// twice.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TokenClient } from '../../client/token-client.ts';
import { type Listening, listen } from '../../local/http.ts';

const SCOPE = 'a';

let endpoint: Listening;
let api: Listening;
let elsewhere: Listening;
/** The parameters of each request to the token endpoint. It vends `token-1`, `token-2` and so on. */
let vended: URLSearchParams[];
/** What the API was sent. */
let calls: { path: string; authorization: string | undefined; body: string }[];
/** Tokens that the API refuses. */
let refused: (token: string) => boolean;
let challenge: string | undefined;
let client: TokenClient;
/** What the token endpoint answers with, if not with a token. */
let failure: number | undefined;
let beforeFailure: () => void;
/** Whether the connection is cut within the body of a 401. */
let cutBody: boolean;
/** The one token that it has. */
let only: string | undefined;

beforeAll(async () => {
  endpoint = await listen(createServer((request, response) => void vend(request, response)));
  api = await listen(createServer((request, response) => void call(request, response)));
  elsewhere = await listen(createServer((request, response) => void call(request, response)));
});
afterAll(() => Promise.all([endpoint.close(), api.close(), elsewhere.close()]));
beforeEach(() => {
  [vended, calls] = [[], []];
  refused = () => false;
  challenge = undefined;
  [failure, only] = [undefined, undefined];
  beforeFailure = () => {};
  cutBody = false;
  client = create();
});

function create(options = {}): TokenClient {
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  return new TokenClient({ url: endpoint.url, region: 'eu-central-1', credentials, scope: SCOPE, ...options });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}

async function vend(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const count = vended.push(new URLSearchParams(await bodyOf(request)));
  if (failure !== undefined) beforeFailure();
  if (failure !== undefined) return void response.writeHead(failure).end();
  response.end(JSON.stringify({ access_token: only ?? `token-${count}`, expires_in: 3600, scope: SCOPE }));
}

async function call(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url: path = '', headers } = request;
  const { authorization } = headers;
  calls.push({ path, authorization, body: await bodyOf(request) });
  if (path === '/moved') return void response.writeHead(307, { location: `${elsewhere.url}/there` }).end();
  const isRefused =
    path === '/forbidden' || authorization === undefined || refused(authorization.slice('Bearer '.length));
  response.writeHead(isRefused ? 401 : 200, challenge === undefined ? {} : { 'www-authenticate': challenge });
  if (!isRefused || !cutBody) return void response.end();
  response.write('part of the body');
  setImmediate(() => response.destroy());
}

const sentTokens = () => calls.map(({ authorization }) => authorization?.slice('Bearer '.length));
const reports = () => vended.filter((parameters) => parameters.has('rejected_token_sha256')).length;
const isOldToken = (token: string) => token === 'token-1';

test('a request carries a token, and all that it had', async () => {
  const response = await client.fetch(`${api.url}/orders`, { method: 'PUT', body: 'text', headers: { 'x-a': 'b' } });
  expect(response.status).toBe(200);
  expect(calls).toEqual([{ path: '/orders', authorization: 'Bearer token-1', body: 'text' }]);
});

test.each<[string, () => string | URL | Request]>([
  ['a text', () => api.url],
  ['a URL', () => new URL(api.url)],
  ['a Request', () => new Request(api.url, { headers: { 'x-a': 'b' } })],
])('the URL may be %s', async (_, input) => {
  refused = isOldToken;
  expect((await client.fetch(input())).status).toBe(200);
  expect(sentTokens()).toEqual(['token-1', 'token-2']);
});

describe('a 401', () => {
  test.each([
    [undefined, 200],
    ['Bearer error="invalid_token"', 200],
    ['Bearer realm="a", error="invalid_token", error_description="expired"', 200],
    ['Bearer error=invalid_token', 200],
    ['Bearer', 401],
    ['Bearer error="insufficient_scope"', 401],
    ['Bearer error="invalid_token_type"', 401],
    ['Basic realm="a"', 401],
  ])(
    'with the challenge %j ends in %d, because another token is tried only where the token is to blame',
    async (given, status) => {
      refused = isOldToken;
      challenge = given;
      expect((await client.fetch(api.url)).status).toBe(status);
      expect(reports()).toBe(status === 200 ? 1 : 0);
    },
  );

  test.each<[string, () => RequestInit['body'], number]>([
    ['a text', () => 'body', 200],
    ['parameters', () => new URLSearchParams({ body: '' }), 200],
    ['bytes', () => Buffer.from('body'), 200],
    ['a buffer', () => new TextEncoder().encode('body').buffer as ArrayBuffer, 200],
    ['a Blob', () => new Blob(['body']), 200],
    ['a form', () => Object.assign(new FormData(), {}), 200],
    ['a stream', () => new Blob(['body']).stream(), 401],
    ['an iterable', () => Readable.from(['body']) as unknown as RequestInit['body'], 401],
  ])('of a request with %s as its body ends in what can be done without losing it', async (_, body, status) => {
    refused = isOldToken;
    const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit;
    expect((await client.fetch(api.url, init)).status).toBe(status);
    expect(new Set(calls.map((sent) => sent.body.length > 0)).size).toBe(1);
    expect(calls).toHaveLength(status === 200 ? 2 : 1);
    // The token is rejected all the same, so that the next request has another one.
    expect((await client.fetch(api.url)).status).toBe(200);
  });

  test('of a Request that has a body is handed back', async () => {
    refused = isOldToken;
    const request = new Request(api.url, { method: 'POST', body: 'body' });
    expect((await client.fetch(request)).status).toBe(401);
    expect(calls).toHaveLength(1);
  });

  test('to the second token too is handed back, and nothing is reported again', async () => {
    refused = () => true;
    for (let request = 0; request < 5; request++) expect((await client.fetch(api.url)).status).toBe(401);
    expect(vended).toHaveLength(2);
    expect(sentTokens()).toEqual(['token-1', 'token-2', 'token-2', 'token-2', 'token-2', 'token-2']);
  });

  test.each([
    ['a text', () => 'body'],
    ['a stream', () => new Blob(['body']).stream()],
  ])(
    'of a part of the API leads to one report, though other parts take the token (%s as the body)',
    async (_, body) => {
      for (let request = 0; request < 5; request++) {
        const init = { method: 'POST', body: body(), duplex: 'half' } as RequestInit;
        expect((await client.fetch(`${api.url}/forbidden`, init)).status).toBe(401);
        expect((await client.fetch(api.url)).status).toBe(200);
      }
      expect(reports()).toBe(1);
    },
  );

  test('ends in a second request though the connection is cut within its body', async () => {
    refused = isOldToken;
    cutBody = true;
    expect((await client.fetch(api.url)).status).toBe(200);
  });

  test('of a request whose signal is aborted while another token is asked for ends with the signal', async () => {
    refused = isOldToken;
    const controller = new AbortController();
    await client.getToken();
    failure = 500;
    const calling = client.fetch(api.url, { signal: controller.signal });
    beforeFailure = () => controller.abort(new Error('enough'));
    await expect(calling).rejects.toThrow('enough');
  });

  test('of 50 requests at once leads to one report, and each of them recovers', async () => {
    refused = isOldToken;
    const responses = await Promise.all(Array.from({ length: 50 }, () => client.fetch(api.url)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    expect(vended).toHaveLength(2);
    expect(calls).toHaveLength(100);
  });

  test('is handed back if the token endpoint has no other token', async () => {
    only = 'the-one';
    refused = () => true;
    expect((await client.fetch(api.url)).status).toBe(401);
    expect([reports(), calls.length]).toEqual([1, 1]);
  });

  test('is handed back if no other token can be had', async () => {
    refused = () => true;
    const [response] = await Promise.all([
      client.fetch(api.url),
      client.getToken().then(() => {
        failure = 500;
      }),
    ]);
    expect(response.status).toBe(401);
    expect(reports()).toBe(1);
    expect(calls).toHaveLength(1);
  });
});

describe('a redirect', () => {
  test('to another origin carries no token, and its 401 rejects none', async () => {
    const response = await client.fetch(`${api.url}/moved`);
    expect(response.status).toBe(401);
    expect(calls.map(({ path, authorization }) => [path, authorization])).toEqual([
      ['/moved', 'Bearer token-1'],
      ['/there', undefined],
    ]);
    expect(vended).toHaveLength(1);
  });
});

describe('no request is sent', () => {
  const refusal = { code: 'unsafe_request', name: 'TokenVendingError' };

  test.each(['http://api.example', 'http://localhost.example', 'ftp://localhost/'])(
    'over plain http: %s',
    async (url) => {
      await expect(client.fetch(url)).rejects.toMatchObject(refusal);
      expect(vended).toHaveLength(0);
    },
  );

  test.each<[string, () => [string | Request, RequestInit?]]>([
    ['in init', () => [api.url, { headers: { AUTHORIZATION: 'Basic a' } }]],
    ['in a Request', () => [new Request(api.url, { headers: { authorization: 'Basic a' } })]],
  ])('that has an Authorization already: %s', async (_, request) => {
    await expect(client.fetch(...request())).rejects.toMatchObject(refusal);
    expect(calls).toHaveLength(0);
  });

  test('to an origin outside allowedOrigins', async () => {
    const limited = create({ allowedOrigins: [`${api.url}/with/a/path`] });
    expect((await limited.fetch(`${api.url}/orders`)).status).toBe(200);
    await expect(limited.fetch(elsewhere.url)).rejects.toMatchObject(refusal);
    expect(calls).toHaveLength(1);
  });
});

test("a request's signal also ends the wait for the token", async () => {
  const controller = new AbortController();
  const calling = client.fetch(api.url, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(calling).rejects.toThrow('enough');
  await client.getToken();
  expect(calls).toHaveLength(0);
});
