// The authorization server of local mode: the answers of Emporix's tutorial over HTTP, its errors, and the ways in
// which tests make it misbehave.

import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthorizationServerOptions } from '../../local/authorization-server.ts';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../local/serve-authorization-server.ts';

const FORM = 'application/x-www-form-urlencoded';
const INVALID_API_KEY = { fault: { faultstring: 'Invalid ApiKey', detail: { errorcode: 'oauth.v2.InvalidApiKey' } } };
const INVALID_CLIENT = { ErrorCode: 'invalid_client', Error: 'Client credentials are invalid' };
const RIGHT = { client_id: 'emporix-client', client_secret: 'emporix-secret', grant_type: 'client_credentials' };

let server: ServedAuthorizationServer;

afterEach(() => server.close());

async function start(options?: AuthorizationServerOptions): Promise<void> {
  server = await startAuthorizationServer(options);
}

function ask(params: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(server.tokenEndpoint, { method: 'POST', body: new URLSearchParams({ ...RIGHT, ...params }), headers });
}

describe('a token', () => {
  test('comes with all seven fields of the tutorial', async () => {
    await start();
    const response = await ask({ scope: 'category.category_manage category.category_publish' });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      access_token: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/),
      token_type: 'Bearer',
      expires_in: 14_399,
      session_idle_time: 120,
      refresh_token: '',
      refresh_token_expires_in: 0,
      scope: 'scope=category.category_manage category.category_publish tenant=yourtenant',
    });
  });

  test('has all scopes of the client when none is named', async () => {
    await start({ tenant: 'shop' });
    expect(await (await ask()).json()).toMatchObject({ scope: `scope=${SOME_SCOPES.join(' ')} tenant=shop` });
  });

  test.each([
    [
      'those that it does not hold are left out silently',
      'a.a_read c.c_read b.b_read',
      'scope=a.a_read b.b_read tenant=t',
    ],
    ['it holds none of them', 'c.c_read', 'scope=tenant=t'],
    ['upper and lower case differ', 'A.A_READ b.b_read', 'scope=b.b_read tenant=t'],
    ['they are spelled as in an answer', 'scope=b.b_read tenant=t', 'scope=b.b_read tenant=t'],
  ])('has those of the named scopes that the client holds: %s', async (_, scope, granted) => {
    await start({ scopes: ['a.a_read', 'b.b_read'], tenant: 't' });
    expect(await (await ask({ scope })).json()).toMatchObject({ scope: granted });
  });

  test('is recorded with its end, by the clock and the randomness that the server was given', async () => {
    await start({
      nowMs: () => 1_000_000,
      random: (bytes) => Buffer.alloc(bytes),
      expiresInSeconds: 60,
      scopes: ['a'],
    });
    const answer = await (await ask()).json();
    expect(answer).toMatchObject({ access_token: 'A'.repeat(32), expires_in: 60 });
    expect(server.tokens).toEqual([
      {
        accessToken: 'A'.repeat(32),
        scopes: ['a'],
        clientId: 'emporix-client',
        clientSecret: 'emporix-secret',
        issuedAtMs: 1_000_000,
        expiresAtMs: 1_060_000,
      },
    ]);
  });

  test('is a new one each time', async () => {
    await start();
    const [first, second] = [await (await ask()).json(), await (await ask()).json()];
    expect(first).not.toEqual(second);
    expect(server.tokens).toHaveLength(2);
  });
});

describe('a client', () => {
  const basic = (id: string, secret: string) => ({
    authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
  });

  test('may authenticate by header or in the form', async () => {
    await start({ clientId: 'id:1', clientSecret: 's&c+é%' });
    const grant = new URLSearchParams({ grant_type: 'client_credentials' });
    const byHeader = await fetch(server.tokenEndpoint, {
      method: 'POST',
      body: grant,
      headers: basic('id:1', 's&c+é%'),
    });
    expect(byHeader.status).toBe(200);
    expect((await ask({ client_id: 'id:1', client_secret: 's&c+é%' })).status).toBe(200);
  });

  test.each([
    ['client_secret_post', 200, 401],
    ['client_secret_basic', 401, 200],
  ] as const)('of %s is not taken by the other method', async (clientAuthentication, byForm, byHeader) => {
    await start({ clientAuthentication });
    expect((await ask()).status).toBe(byForm);
    expect((await ask({}, basic('emporix-client', 'emporix-secret'))).status).toBe(byHeader);
  });

  test.each([
    ['an unknown ID', { client_id: 'other' }, INVALID_API_KEY],
    ['no ID', { client_id: '' }, INVALID_API_KEY],
    ['a wrong secret', { client_secret: 'other' }, INVALID_CLIENT],
    ['no secret', { client_secret: '' }, INVALID_CLIENT],
  ])('with %s is refused as Apigee refuses it', async (_, params, body) => {
    await start();
    const response = await ask(params);
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual(body);
    expect(server.tokens).toHaveLength(0);
  });

  test.each(['Basic', 'Basic !!!', 'Bearer abc', `Basic ${Buffer.from('no colon').toString('base64')}`])(
    'with the header %j is refused',
    async (authorization) => {
      await start();
      expect((await ask({}, { authorization })).status).toBe(401);
    },
  );
});

describe('a request that is not a token request', () => {
  test.each([
    ['another path', '/other', { method: 'POST' }, 404],
    ['another method', '/oauth/token', { method: 'GET' }, 405],
    [
      'JSON',
      '/oauth/token',
      { method: 'POST', body: JSON.stringify(RIGHT), headers: { 'content-type': 'application/json' } },
      415,
    ],
    ['no content type', '/oauth/token', { method: 'POST', body: Buffer.from(String(new URLSearchParams(RIGHT))) }, 415],
    ['no grant type', '/oauth/token', { method: 'POST', body: new URLSearchParams({ ...RIGHT, grant_type: '' }) }, 400],
    [
      'another grant type',
      '/oauth/token',
      { method: 'POST', body: new URLSearchParams({ ...RIGHT, grant_type: 'password' }) },
      400,
    ],
  ])('is refused: %s', async (_, path, request, status) => {
    await start();
    const response = await fetch(new URL(path, server.tokenEndpoint), request);
    expect(response.status).toBe(status);
    expect(Object.keys((await response.json()) as object)).toEqual(status === 400 ? ['ErrorCode', 'Error'] : ['fault']);
  });

  test('is recorded like every request', async () => {
    await start({ nowMs: () => 5 });
    await ask({ scope: 'a' }, { 'x-extra': '1' });
    expect(server.requests).toEqual([
      {
        method: 'POST',
        path: '/oauth/token',
        headers: expect.objectContaining({ 'content-type': `${FORM};charset=UTF-8`, 'x-extra': '1' }),
        params: { ...RIGHT, scope: 'a' },
        receivedAtMs: 5,
        clientId: 'emporix-client',
        clientSecret: 'emporix-secret',
        token: server.tokens[0],
      },
    ]);
    await ask({ client_id: 'other' });
    expect(server.requests[1]).toMatchObject({ clientId: 'other', token: undefined });
  });
});

describe('a server that misbehaves', () => {
  test('answers what respondWith returns for that request', async () => {
    await start({
      respondWith: ({ params }) =>
        params.scope === 'bad' ? { status: 429, headers: { 'retry-after': '7' }, body: '<html>' } : undefined,
    });
    const response = await ask({ scope: 'bad' });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([429, '7', '<html>']);
    expect((await ask()).status).toBe(200);
    expect(server.tokens).toHaveLength(1);
  });

  test('cuts the connection before an answer, and in the middle of one', async () => {
    await start({ respondWith: ({ params }) => ({ destroySocket: true, ...(params.scope && { body: '{"access' }) }) });
    await expect(ask()).rejects.toThrow('fetch failed');
    const response = await ask({ scope: 'a' });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  });

  test('holds a request until the promise of respondWith resolves', async () => {
    let release = () => {};
    const released = new Promise<undefined>((resolve) => {
      release = () => resolve(undefined);
    });
    await start({ respondWith: () => released });
    const answer = ask();
    release();
    expect((await answer).status).toBe(200);
  });

  test('sends the usual answer late after a delay alone, and close() does not wait for it', async () => {
    await start({ respondWith: ({ params }) => ({ delayMs: params.scope ? 3_600_000 : 1 }) });
    expect((await ask()).status).toBe(200);
    const hanging = ask({ scope: 'a' }).catch(() => 'cut');
    const other = await ask();
    expect(other.status).toBe(200);
    await server.close();
    expect(await hanging).toBe('cut');
  });
});
