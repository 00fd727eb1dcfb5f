// The authorization server without HTTP: several client secrets, tokens of a replaced secret, and what it records.

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { AuthorizationServer, type AuthorizationServerOptions } from '../../local/authorization-server.ts';
import { tokenRequest } from '../../local/token-answers.ts';

let nowMs: number;
beforeEach(() => {
  nowMs = 1_000_000;
});

function create(options: AuthorizationServerOptions = {}): AuthorizationServer {
  return new AuthorizationServer({ clientId: 'shop', clientSecret: 'one', nowMs: () => nowMs, ...options });
}

async function ask(server: AuthorizationServer, clientSecret = 'one', params: Record<string, string> = {}) {
  const answer = await server.answer(tokenRequest({ client_id: 'shop', client_secret: clientSecret, ...params }));
  const body = answer.body as Readonly<Record<string, unknown>>;
  return { ...answer, body, accessToken: String(body?.access_token) };
}

describe('a client secret', () => {
  test('is accepted beside the others, with scopes and a tenant of its own', async () => {
    const server = create({ scopes: ['a', 'b'] });
    expect((await ask(server, 'two')).status).toBe(401);
    server.accept('two', { scopes: ['a'], tenant: 'other' });
    expect((await ask(server, 'one')).body.scope).toBe('scope=a b tenant=yourtenant');
    expect((await ask(server, 'two')).body.scope).toBe('scope=a tenant=other');
  });

  test('belongs to one client', async () => {
    const server = create();
    server.accept('two', { clientId: 'orders' });
    expect((await ask(server, 'two')).status).toBe(401);
    expect((await ask(server, 'two', { client_id: 'orders' })).status).toBe(200);
  });

  test('is refused at once, and its tokens live on', async () => {
    const server = create();
    const { accessToken } = await ask(server);
    server.refuse('one');
    expect(await ask(server)).toMatchObject({ status: 401, body: { ErrorCode: 'invalid_client' } });
    expect(server.isAlive(accessToken, nowMs + 14_398_999)).toBe(true);
  });

  test.each([
    [64_999, 200],
    [65_000, 401],
  ])('that is refused after 65 s is answered %d ms later with %d', async (laterMs, status) => {
    const server = create();
    server.refuse('one', { afterMs: 65_000 });
    nowMs += laterMs;
    expect((await ask(server)).status).toBe(status);
  });

  test('that was refused is accepted again', async () => {
    const server = create();
    server.refuse('one', { tokensEndAfterMs: 0 });
    server.accept('one');
    const { accessToken } = await ask(server);
    expect(server.isAlive(accessToken, nowMs)).toBe(true);
  });

  test('that the server does not accept cannot be refused', () => {
    expect(() => create().refuse('two')).toThrow('The client shop has no such secret');
  });
});

describe('the tokens of a replaced secret', () => {
  test('end when they are told to, those minted later as well, and no others', async () => {
    const server = create();
    server.accept('two');
    const [before, other] = [await ask(server, 'one'), await ask(server, 'two')];
    server.refuse('one', { afterMs: 65_000, tokensEndAfterMs: 65_000 });
    nowMs += 60_000;
    const after = await ask(server, 'one');
    const isAliveAt = (atMs: number) =>
      [before, after, other].map(({ accessToken }) => server.isAlive(accessToken, atMs));
    expect(isAliveAt(1_064_999)).toEqual([true, true, true]);
    expect(isAliveAt(1_065_000)).toEqual([false, false, true]);
  });

  test('that end sooner by themselves are not kept alive', async () => {
    const server = create({ expiresInSeconds: 10 });
    const { accessToken } = await ask(server);
    server.refuse('one', { tokensEndAfterMs: 65_000 });
    expect([nowMs + 9_999, nowMs + 10_000].map((atMs) => server.isAlive(accessToken, atMs))).toEqual([true, false]);
  });
});

describe('a token', () => {
  test('is found by itself and by its SHA-256, with the secret that minted it', async () => {
    const server = create();
    server.accept('two');
    const { accessToken } = await ask(server, 'two');
    const sha256 = createHash('sha256').update(accessToken).digest('hex');
    expect(server.find(accessToken)).toMatchObject({ accessToken, clientSecret: 'two', issuedAtMs: nowMs });
    expect(server.find(sha256)).toBe(server.find(accessToken));
    expect(server.isAlive(sha256, nowMs)).toBe(true);
  });

  test('that was never issued is not alive', () => {
    expect(create().isAlive('never issued', nowMs)).toBe(false);
  });

  test('lives as long as the function of its scopes says', async () => {
    const server = create({
      scopes: ['long', 'short'],
      expiresInSeconds: (scopes) => (scopes[0] === 'short' ? 40 : 3600),
    });
    const lifetimes = [await ask(server, 'one', { scope: 'short' }), await ask(server, 'one', { scope: 'long' })];
    expect(lifetimes.map(({ body }) => body.expires_in)).toEqual([40, 3600]);
    expect(server.tokens.map(({ expiresAtMs }) => expiresAtMs - nowMs)).toEqual([40_000, 3_600_000]);
  });
});

describe('the behaviour', () => {
  test('can be changed while the server runs', async () => {
    const server = create();
    server.behaviour.respondWith = () => ({ status: 503, headers: { 'retry-after': '7' }, body: 'down' });
    const { status, headers, body } = await ask(server);
    expect([status, headers, body]).toEqual([503, { 'retry-after': '7' }, 'down']);
    server.behaviour.respondWith = undefined;
    server.behaviour.expiresInSeconds = 60;
    expect((await ask(server)).body).toMatchObject({ expires_in: 60 });
    server.behaviour.clientAuthentication = 'client_secret_basic';
    expect((await ask(server)).status).toBe(401);
  });

  test('may depend on the request, which is recorded before it is answered', async () => {
    const server = create();
    server.behaviour.respondWith = (request) => {
      expect(server.requests.at(-1)).toBe(request);
      return request.params.scope === 'a' ? { destroySocket: true } : undefined;
    };
    expect(await ask(server, 'one', { scope: 'a' })).toMatchObject({ destroySocket: true, body: undefined });
    expect(await ask(server)).toMatchObject({ destroySocket: false, status: 200 });
    expect(server.requests.map(({ token }) => token !== undefined)).toEqual([false, true]);
  });

  test('delays by the sleep that the server was given, and the token is issued after it', async () => {
    const sleep = async (durationMs: number) => {
      nowMs += durationMs;
    };
    const server = create({ sleep, respondWith: () => ({ delayMs: 5_000 }) });
    await ask(server);
    expect(server.requests[0]?.receivedAtMs).toBe(1_000_000);
    expect(server.tokens[0]?.issuedAtMs).toBe(1_005_000);
  });
});

test('a request tells from whom it is, if its sender says so', async () => {
  const server = create();
  await server.answer(tokenRequest({ client_id: 'shop', client_secret: 'one' }, { from: 'instance 3' }));
  expect(server.requests[0]?.headers.from).toBe('instance 3');
  expect(server.requests[0]?.token).toBe(server.tokens[0]);
});

test('a server that keeps no records still answers', async () => {
  const server = create({ keepsRecords: false });
  expect((await ask(server)).status).toBe(200);
  expect([server.requests, server.tokens]).toEqual([[], []]);
});
