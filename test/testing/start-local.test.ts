// startLocal: what it returns, its options, and what is left after it was closed or couldn't start.

import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { listen } from '../../local/http.ts';
import { startAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { Opened } from '../../testbed/opened.ts';
import { type StartLocalOptions, startLocal } from '../../testing/index.ts';
import { call } from './call.ts';

const opened = new Opened();
afterEach(() => opened.close());
const start = (options?: StartLocalOptions) => opened.keep(startLocal(options));
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`token-vending-${process.pid}-`));

test('returns a URL with a slash at its end, and the region and credentials that sign for it', async () => {
  const local = await start();
  expect(local.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(await call(local)).toMatchObject({ status: 200, source: 'mint' });
  expect(await call({ ...local, url: `${local.url}oauth/token` })).toMatchObject({ status: 200, source: 'memory' });
  expect(await call({ ...local, credentials: { accessKeyId: 'local', secretAccessKey: 'wrong' } })).toMatchObject({
    status: 403,
  });
});

describe('scopes', () => {
  test.each<[string, StartLocalOptions['scopes'], readonly string[]]>([
    ['a text', ' order.order_read  own.own_read ', ['order.order_read', 'own.own_read']],
    ['a list', ['order.order_read', 'own.own_read'], ['order.order_read', 'own.own_read']],
    ['left out', undefined, SOME_SCOPES],
  ])('as %s are what the profile allows', async (_, scopes, allowed) => {
    const local = await start({ scopes });
    expect((await call(local)).scope?.split(' ')).toEqual(allowed);
    const other = await call(local, { scope: 'other.other_read' });
    expect(other).toMatchObject({ status: 400, error: 'invalid_scope' });
  });
});

test('port is the port of the URL, which is free again after the end', async () => {
  const { url, close } = await start();
  await close();
  const local = await start({ port: Number(new URL(url).port) });
  expect(local.url).toBe(url);
  expect(await call(local)).toMatchObject({ status: 200 });
});

describe('with an authorization server of its own', () => {
  const startWithOwn = async () => {
    const server = await opened.keep(startAuthorizationServer({ clientId: 'own', clientSecret: 'its-secret' }));
    const { tokenEndpoint, clientId, clientSecret } = server;
    return { server, local: await start({ authorizationServer: { tokenEndpoint, clientId, clientSecret } }) };
  };

  test('it vends the tokens of that server', async () => {
    const { server, local } = await startWithOwn();
    const { accessToken } = await call(local);
    expect(server.tokens.map((token) => [token.clientId, token.accessToken])).toEqual([['own', accessToken]]);
  });

  test('it refuses in one line what only the simulated Emporix can do', async () => {
    const { local } = await startWithOwn();
    const line = /^This needs the simulated Emporix: leave out authorizationServer$/;
    expect(() => local.isActive('token')).toThrow(line);
    expect(() => local.faults.setServer('down')).toThrow(line);
    expect(() => local.faults.revoke('token')).toThrow(line);
    await expect(local.faults.replaceSecret('rightly')).rejects.toThrow(line);
    await expect(local.faults.clear()).rejects.toThrow(line);
  });
});

test('write is called with the lines of the function', async () => {
  let onLine = (_: string) => {};
  const line = new Promise<string>((resolve) => {
    onLine = resolve;
  });
  const { accessToken } = await call(await start({ write: (text) => onLine(text) }));
  expect(await line).toContain('"event"');
  expect(await line).not.toContain(accessToken);
});

test('two run side by side and share nothing', async () => {
  const [first, second] = await Promise.all([start(), start()]);
  const [{ accessToken }] = await Promise.all([call(first), call(second)]);
  expect([first, second].map(({ isActive }) => isActive(accessToken))).toEqual([true, false]);
  first.faults.setServer('down');
  expect(await call(second, { scope: 'order.order_read' })).toMatchObject({ status: 200, source: 'mint' });
  await first.close();
  expect(await call(second, { scope: 'price.price_manage' })).toMatchObject({ status: 200, source: 'mint' });
});

describe('close', () => {
  test('removes the folder, and nothing listens any more', async () => {
    const before = folders();
    const { url, close } = await start();
    expect(folders()).toHaveLength(before.length + 1);
    await close();
    expect(folders()).toEqual(before);
    await expect(fetch(url)).rejects.toThrow('fetch failed');
  });

  test('may be called again, also at the same time', async () => {
    const { close } = await start();
    await Promise.all([close(), close()]);
    await close();
  });

  test('cuts requests that are running', async () => {
    const local = await start();
    await call(local);
    local.faults.setServer({ slowByMs: 3_600_000 });
    const running = call(local, { scope: 'order.order_read' }).catch(() => 'cut');
    await call(local);
    await local.close();
    expect(await running).toBe('cut');
  });
});

describe('a start that fails says why in one line and leaves nothing behind', () => {
  const REAL = { clientId: 'id', clientSecret: 'very-secret' };

  test.each<[string, StartLocalOptions, RegExp]>([
    ['no scope', { scopes: '' }, /^tokenVending\.profiles\.default\.scopes is \[\]: must be a list of at least one/],
    [
      'a wrong scope',
      { scopes: ['two scopes'] },
      /^tokenVending\.profiles\.default\.scopes\[0\] is "two scopes": must/,
    ],
    [
      'a token endpoint with plain http',
      { authorizationServer: { ...REAL, tokenEndpoint: 'http://auth.example.com/token' } },
      /^tokenVending\.credentials\.emporix\.tokenEndpoint is "http:\S+": must be an https URL/,
    ],
    ['a port that is none', { port: 65_536 }, /^options\.port should be >= 0 and < 65536/],
  ])('for %s', async (_, options, line) => {
    const before = folders();
    const { message } = (await start(options).catch((error: Error) => error)) as Error;
    expect(message).toMatch(line);
    expect(message).not.toMatch(/\n|very-secret/);
    expect(folders()).toEqual(before);
  });

  test('for a port in use', async () => {
    const before = folders();
    const other = await opened.keep(listen(createServer()));
    const { port } = new URL(other.url);
    await expect(start({ port: Number(port) })).rejects.toThrow(
      new RegExp(`^listen EADDRINUSE: address already in use 127\\.0\\.0\\.1:${port}$`),
    );
    expect(folders()).toEqual(before);
  });
});
