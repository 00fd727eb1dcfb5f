// Local mode as the tests of other parts use it: the deployed code runs end to end against the stand-ins.

import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { listen } from '../../local/http.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { proveVending } from '../../local/proof.ts';
import { sign } from '../../local/sign.ts';
import { SecretOperator } from '../../testbed/secret-operator.ts';
import { type BundledLocalModeOptions, startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

// Each test starts worker threads, and the first one bundles the function: on a busy machine, that takes seconds.
jest.setTimeout(60_000);

const started: LocalMode[] = [];
afterEach(() => Promise.all(started.splice(0).map((mode) => mode.close())));

async function start(options: BundledLocalModeOptions = {}): Promise<LocalMode> {
  const mode = await startBundledLocalMode({ write: () => {}, ...options });
  started.push(mode);
  return mode;
}

async function vend({ url }: LocalMode, scope?: string): Promise<{ answer: object; source: string | null }> {
  const body = JSON.stringify(scope === undefined ? {} : { scope });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/oauth/token`, await sign(`${url}/oauth/token`, { headers, body }));
  return { answer: (await response.json()) as object, source: response.headers.get('x-token-source') };
}

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`token-vending-${process.pid}-`));

describe('local mode', () => {
  test('vends a token of the simulated Emporix, minted once', async () => {
    const running = await start();
    const first = await vend(running, 'order.order_read');
    expect(first).toMatchObject({ source: 'mint', answer: { scope: 'order.order_read', tenant: 'yourtenant' } });
    const second = await vend(running, 'order.order_read');
    expect(second.source).toBe('memory');
    expect(second.answer).toMatchObject({ access_token: running.emporix?.tokens[0]?.accessToken });
    expect(running.emporix?.tokens).toHaveLength(1);
  });

  test('runs as many instances as are needed, and they share the table', async () => {
    const running = await start({ instances: 3 });
    const vended = await Promise.all([1, 2, 3].map(() => vend(running)));
    const tokens = new Set(vended.map(({ answer }) => (answer as { access_token: string }).access_token));
    expect(tokens.size).toBe(1);
    expect(running.emporix?.tokens).toHaveLength(1);
  });

  test('simulates an Emporix with the scopes, the tenant and the client authentication of the profile', async () => {
    const running = await start({
      profileName: 'orders',
      credentialName: 'shop',
      profile: { scopes: ['own.own_read'], tenant: 'shop', clientAuthentication: 'client_secret_basic' },
    });
    expect(await vend(running)).toMatchObject({ answer: { scope: 'own.own_read', tenant: 'shop' } });
    const [request] = running.emporix?.requests ?? [];
    expect(request?.headers.authorization).toMatch(/^Basic /);
    expect(request?.params).not.toHaveProperty('client_secret');
  });

  test('keeps the credential in the fields that the profile names', async () => {
    const secretFields = { clientId: 'key', clientSecret: 'pass' };
    const running = await start({ profile: { clientAuthentication: 'client_secret_post', secretFields } });
    expect(await vend(running)).toMatchObject({ source: 'mint' });
    const { url, secretId } = running.secretsManager;
    const operator = new SecretOperator(url, secretId);
    expect(JSON.parse(String(await operator.current()))).toEqual({ key: expect.any(String), pass: expect.any(String) });
    await operator.close();
  });

  test('prints what the function prints, which holds no token', async () => {
    let printed = '';
    let onPrinted = () => {};
    const hasPrinted = new Promise<void>((resolve) => {
      onPrinted = resolve;
    });
    const write = (text: string) => {
      printed += text;
      onPrinted();
    };
    const running = await start({ write });
    const { answer } = await vend(running);
    await hasPrinted;
    expect(printed).not.toContain((answer as { access_token: string }).access_token);
  });

  test('is proved by a token', async () => {
    const { url } = await start({ emporix: { scopes: ['a.a_read', 'b.b_read'], expiresInSeconds: 3600 } });
    expect(await proveVending(url)).toEqual({ source: 'mint', expiresInSeconds: expect.any(Number), scopeCount: 2 });
  });

  test('that vends no token is not proved, and the error says what was answered', async () => {
    const respondWith = () => ({ status: 400, body: '{"error":"invalid_client"}' });
    const { url } = await start({ emporix: { respondWith } });
    await expect(proveVending(url)).rejects.toThrow(/^502 server_error \S/);
  });
});

test('closing leaves no folder behind and nothing listening', async () => {
  const before = folders();
  const { close, url, dynamodb, secretsManager, emporix } = await start();
  expect(folders()).toHaveLength(before.length + 1);
  await close();
  expect(folders()).toEqual(before);
  for (const address of [url, dynamodb.url, secretsManager.url, emporix?.tokenEndpoint ?? '']) {
    await expect(fetch(address)).rejects.toThrow('fetch failed');
  }
});

test('a start that fails leaves no folder behind', async () => {
  const before = folders();
  const other = await listen(createServer());
  await expect(start({ port: Number(new URL(other.url).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(folders()).toEqual(before);
  await other.close();
});
