// The TokenClient against local mode: the deployed function behind a function URL that verifies signatures.

import { createServer } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Scope, TokenClient, type TokenClientOptions, type VendedToken } from '../../client/index.ts';
import { type Listening, listen } from '../../local/http.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

let mode: LocalMode;
/** Requests of the clients to the token endpoint. */
let requests: string[];

const start = async () => {
  mode = await startBundledLocalMode({ instances: 2, write: () => {} });
};
beforeAll(start);
afterAll(() => mode.close());
beforeEach(() => {
  requests = [];
});

const counted: typeof globalThis.fetch = async (url, init) => {
  if (String(url).startsWith(mode.url)) requests.push(String(init?.body));
  return await globalThis.fetch(url, init);
};

function create(options: TokenClientOptions = {}): TokenClient {
  const { url, region, accessKeyId, secretAccessKey } = mode;
  const credentials = { accessKeyId, secretAccessKey };
  return new TokenClient({ url: `${url}/`, region, credentials, fetch: counted, ...options });
}

const minted = () => mode.emporix?.tokens.length;

describe('getToken', () => {
  test('vends a token, which is kept', async () => {
    const client = create();
    const token = await client.getToken({ scope: 'price.price_manage order.order_read' });
    expect(token).toEqual({
      accessToken: mode.emporix?.tokens.at(-1)?.accessToken,
      expiresAt: expect.any(Date),
      scopes: ['order.order_read', 'price.price_manage'],
      tenant: 'yourtenant',
    });
    expect(Math.abs(token.expiresAt.getTime() - Date.now() - 14_399_000)).toBeLessThan(10_000);
    expect(await client.getToken({ scope: ['order.order_read', 'price.price_manage'] })).toBe(token);
    expect(requests).toEqual(['scope=order.order_read+price.price_manage']);
  });

  test('of 1,000 callers at once makes one HTTP request', async () => {
    const client = create();
    const tokens = await Promise.all(Array.from({ length: 1000 }, () => client.getToken()));
    expect(new Set(tokens).size).toBe(1);
    expect(requests).toEqual(['']);
  });

  test.each<[Scope[]]>([
    [
      [
        'order.order_read price.price_manage',
        'price.price_manage order.order_read',
        'order.order_read  price.price_manage',
      ],
    ],
    [['order.order_read', ['order.order_read'], ['order.order_read', 'order.order_read'], 'scope=order.order_read']],
    [['', []]],
  ])('takes %j for the same scopes', async (scopes) => {
    const client = create();
    const tokens = new Set<VendedToken>();
    for (const scope of scopes) tokens.add(await client.getToken({ scope }));
    expect([tokens.size, requests.length]).toEqual([1, 1]);
  });

  test('names the tenant, which makes another token of it', async () => {
    const client = create();
    await client.getToken({ scope: 'order.order_read' });
    await client.getToken({ scope: 'tenant=yourtenant order.order_read' });
    await expect(client.getToken({ scope: 'tenant=other order.order_read' })).rejects.toMatchObject({
      code: 'invalid_scope',
      status: 400,
    });
    expect(requests).toEqual([
      'scope=order.order_read',
      'scope=order.order_read+tenant%3Dyourtenant',
      'scope=order.order_read+tenant%3Dother',
    ]);
  });

  test('has the scopes of the client where a call names none', async () => {
    const client = create({ scope: ['order.order_read'] });
    expect((await client.getToken()).scopes).toEqual(['order.order_read']);
    expect((await client.getToken({ scope: 'price.price_manage' })).scopes).toEqual(['price.price_manage']);
  });

  test('returns the kept token if that lives long enough, and else asks for one that does', async () => {
    const client = create();
    const token = await client.getToken();
    expect(await client.getToken({ minTtlSeconds: 14_000 })).toBe(token);
    await expect(client.getToken({ minTtlSeconds: 14_400 })).rejects.toMatchObject({
      code: 'invalid_request',
      status: 400,
    });
    expect(requests).toEqual(['', 'min_ttl=14400']);
  });

  test.each<[string, object, string]>([
    ['a scope that is not scope syntax', { scope: 'a"b' }, 'invalid_scope'],
    ['a negative minTtlSeconds', { minTtlSeconds: -1 }, 'invalid_request'],
    ['a minTtlSeconds that is no number', { minTtlSeconds: Number.NaN }, 'invalid_request'],
  ])('rejects %s without a request', async (_, options, code) => {
    await expect(create().getToken(options)).rejects.toMatchObject({ code, name: 'TokenVendingError' });
    expect(requests).toHaveLength(0);
  });

  test('rejects a scope that the profile lacks in the words of the function', async () => {
    await expect(create().getToken({ scope: 'not.there' })).rejects.toMatchObject({
      code: 'invalid_scope',
      message: expect.stringContaining('not.there'),
      requestId: expect.stringMatching(/^[\w-]{20,}$/),
    });
  });
});

test('options are read at the first call, which says what is wrong', async () => {
  const client = new TokenClient({ url: 'http://elsewhere.example' });
  await expect(client.getToken()).rejects.toMatchObject({ code: 'misconfigured' });
  await expect(client.fetch('https://api.example')).rejects.toMatchObject({ code: 'misconfigured' });
});

test('of more than 1,000 scope sets, each token that is handed out can be rejected, and each set has one token', async () => {
  let vended = 0;
  const fetch = async () => Response.json({ access_token: `token-${++vended}`, expires_in: 3600 });
  const { getToken, reject } = create({ fetch });
  for (let index = 0; index <= 1000; index++) await getToken({ scope: `a scope-${index}` });
  const { accessToken } = await getToken({ scope: 'a scope-0' });
  expect(await getToken({ scope: 'scope-0 a' })).toMatchObject({ accessToken });
  reject(accessToken);
  expect(await getToken({ scope: 'a scope-0' })).not.toMatchObject({ accessToken });
});

test('the methods can be passed on', async () => {
  const { getToken, tokenProvider, reject } = create();
  const provider = tokenProvider({ scope: 'order.order_read' });
  const { accessToken } = await getToken({ scope: 'order.order_read' });
  expect(await provider()).toBe(accessToken);
  reject(accessToken);
  expect(await provider()).not.toBe(accessToken);
});

describe('mints are counted, and', () => {
  let api: Listening;
  let calls: number;
  let isRefused: (token: string) => boolean;

  beforeAll(async () => {
    api = await listen(
      createServer(({ headers: { authorization = '' } }, response) => {
        calls++;
        response.writeHead(isRefused(authorization.replace('Bearer ', '')) ? 401 : 200).end();
      }),
    );
  });
  afterAll(() => api.close());
  beforeEach(async () => {
    calls = 0;
    isRefused = () => false;
    await mode.close();
    await start();
  });

  test('a rejected token is replaced for its scope set alone, and at the server', async () => {
    const client = create();
    const { accessToken } = await client.getToken({ scope: 'order.order_read' });
    const other = await client.getToken({ scope: 'price.price_manage' });
    client.reject(accessToken);
    expect((await client.getToken({ scope: 'order.order_read' })).accessToken).not.toBe(accessToken);
    expect(await client.getToken({ scope: 'price.price_manage' })).toBe(other);
    expect(minted()).toBe(3);
  });

  test('ten clients of one token that is revoked recover with one retry each, and the fleet mints once', async () => {
    const clients = Array.from({ length: 10 }, () => create());
    const call = () => Promise.all(clients.map(({ fetch }) => fetch(api.url).then(({ status }) => status)));
    await call();
    const revoked = mode.emporix?.tokens[0]?.accessToken;
    isRefused = (token) => token === revoked;
    calls = 0;
    expect(new Set(await call())).toEqual(new Set([200]));
    expect(calls).toBe(20);
    expect(minted()).toBe(2);
  });

  test('ten clients of an API that refuses whatever it gets report one token each, and the fleet mints once more', async () => {
    const clients = Array.from({ length: 10 }, () => create());
    await Promise.all(clients.map(({ getToken }) => getToken()));
    isRefused = () => true;
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(clients.map(({ fetch }) => fetch(api.url).then(({ status }) => status)));
      expect(new Set(statuses)).toEqual(new Set([401]));
    }
    // Requests that Lambda throttles are repeated, so the reports are counted by the token that they name.
    expect(new Set(requests.filter((body) => body.includes('rejected_token_sha256'))).size).toBe(1);
    expect(calls).toBe(10 + 5 * 10);
    expect(minted()).toBe(2);
  });
});
