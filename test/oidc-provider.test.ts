// The deployed bundle vends tokens of an authorization server of another project: oidc-provider.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProfileFile } from '../lambda/vend/settings.ts';
import type { LocalMode } from '../local/local-mode.ts';
import { claimsOf, requestToken } from '../testbed/local-mode.ts';
import { startBundledLocalMode } from '../testing/bundled-local-mode.ts';

/** Both have many characters that form-encoding changes (RFC 6749 §2.3.1), and only allowed ones (§A.1, §A.2). */
const CLIENT_ID = 'shop: a+b/c%2B';
const CLIENT_SECRET = `s p:a%c&e=+/~"'%C3\\`;
const GRANTED = ['order.order_manage', 'order.order_read'];
const NOT_GRANTED = 'price.price_manage';
const LIFETIME_SECONDS = 600;

const METHODS = ['client_secret_post', 'client_secret_basic'] as const;

let server: ChildProcess;
let issuer: string;
/** The client authentication method of each token request. */
const authenticated: string[] = [];

beforeAll(async () => {
  const client = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, scope: GRANTED.join(' ') };
  const options = { clients: [client], scopes: [...GRANTED, NOT_GRANTED], lifetimeSeconds: LIFETIME_SECONDS };
  server = fork(join(__dirname, 'oidc-provider.mjs'), [JSON.stringify(options)], { execArgv: [], silent: true });
  const [ready] = (await once(server, 'message', { signal: AbortSignal.timeout(10_000) })) as [{ issuer: string }];
  issuer = ready.issuer;
  server.on('message', (message: { authenticated: string }) => authenticated.push(message.authenticated));
});

afterAll(async () => {
  const ended = once(server, 'exit');
  server.kill();
  await ended;
});

let mode: LocalMode;
let printed: string;
afterEach(() => mode.close());

async function start(profile: ProfileFile, clientSecret = CLIENT_SECRET): Promise<void> {
  printed = '';
  authenticated.length = 0;
  const authorizationServer = { tokenEndpoint: `${issuer}/token`, clientId: CLIENT_ID, clientSecret };
  const write = (text: string) => {
    printed += text;
  };
  mode = await startBundledLocalMode({ authorizationServer, profile, instances: 1, write });
}

const vend = (scope?: string) => requestToken(mode, scope);

/** The server's own description of a token (RFC 7662). */
async function introspect(token: unknown): Promise<object> {
  const body = new URLSearchParams({ token: String(token), client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
  return (await (await fetch(`${issuer}/token/introspection`, { method: 'POST', body })).json()) as object;
}

describe.each(METHODS)('with oidc-provider and %s,', (clientAuthentication) => {
  test('a token with the requested scopes is vended, and the server accepts it', async () => {
    await start({ clientAuthentication });
    const { status, source, answer } = await vend(GRANTED[1]);
    expect({ status, source }).toEqual({ status: 200, source: 'mint' });
    expect(answer).toMatchObject({ token_type: 'Bearer', scope: GRANTED[1] });
    expect(answer.expires_in).toBeGreaterThan(LIFETIME_SECONDS - 5);
    expect(answer.expires_in).toBeLessThanOrEqual(LIFETIME_SECONDS);
    const expected = { active: true, client_id: CLIENT_ID, scope: GRANTED[1], token_type: 'Bearer' };
    expect(await introspect(answer.access_token)).toMatchObject(expected);
    expect(authenticated).toEqual([clientAuthentication]);
    expect(await vend(GRANTED[1])).toMatchObject({ source: 'memory', answer: { access_token: answer.access_token } });
  });

  test('a wrong secret is answered with 502 and logged as a refused credential', async () => {
    await start({ clientAuthentication }, `${CLIENT_SECRET}x`);
    expect(await vend()).toMatchObject({ status: 502, answer: { error: 'server_error' } });
    expect(printed).toContain('"event":"credential_refused"');
  });
});

describe('with oidc-provider,', () => {
  test('a scope that the client is not granted is an error of the caller', async () => {
    await start({ clientAuthentication: 'client_secret_post' });
    expect(await vend(NOT_GRANTED)).toMatchObject({ status: 400, answer: { error: 'invalid_scope' } });
  });

  test('a token is vended if no scope is named, though the server does not name its scopes', async () => {
    await start({ clientAuthentication: 'client_secret_post' });
    const { status, answer } = await vend();
    expect(status).toBe(200);
    expect(await introspect(answer.access_token)).toMatchObject({ active: true });
  });

  test('a JWT is vended for the resource that the profile names, and a scope that the server leaves out is an error', async () => {
    const resource = 'https://api.example';
    await start({ clientAuthentication: 'client_secret_basic', parameters: { resource } });
    const { status, answer } = await vend(GRANTED.join(' '));
    expect(status).toBe(200);
    expect(answer.scope).toBe(GRANTED.join(' '));
    const { aud, scope, iss, exp } = claimsOf(answer.access_token);
    expect({ aud, scope, iss }).toEqual({ aud: resource, scope: GRANTED.join(' '), iss: issuer });
    expect(Math.abs(Date.now() / 1000 + Number(answer.expires_in) - Number(exp))).toBeLessThan(3);
    const dropped = await vend(`${GRANTED[0]} no.such`);
    expect(dropped).toMatchObject({ status: 400, answer: { error: 'invalid_scope' } });
    expect(dropped.answer.error_description).toContain('no.such');
  });
});
