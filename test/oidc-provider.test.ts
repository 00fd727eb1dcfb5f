// Vending from an authorization server that no one here wrote: oidc-provider, through the deployed bundle.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { ProfileFile } from '../lambda/vend/settings.ts';
import type { LocalMode } from '../local/local-mode.ts';
import { sign } from '../local/sign.ts';
import { startBundledLocalMode } from '../testbed/local-mode.ts';

/** With much of what form-encoding changes, within what the RFC lets them hold (RFC 6749 §2.3.1, §A.1, §A.2). */
const CLIENT_ID = 'shop: a+b/c%2B';
const CLIENT_SECRET = `s p:a%c&e=+/~"'%C3\\`;
const HELD = ['order.order_manage', 'order.order_read'];
const NOT_HELD = 'price.price_manage';
const LIFETIME_SECONDS = 600;

const METHODS = ['client_secret_post', 'client_secret_basic'] as const;

let server: ChildProcess;
let issuer: string;
/** Of each token request, how the client authenticated. */
const authenticated: string[] = [];

beforeAll(async () => {
  const client = { client_id: CLIENT_ID, client_secret: CLIENT_SECRET, scope: HELD.join(' ') };
  const options = { clients: [client], scopes: [...HELD, NOT_HELD], lifetimeSeconds: LIFETIME_SECONDS };
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

interface Vended {
  readonly status: number;
  readonly source: string | null;
  readonly answer: Readonly<Record<string, unknown>>;
}

async function vend(scope?: string): Promise<Vended> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams(scope === undefined ? {} : { scope }).toString();
  const response = await fetch(`${mode.url}/oauth/token`, await sign(`${mode.url}/oauth/token`, { headers, body }));
  const answer = (await response.json()) as Vended['answer'];
  return { status: response.status, source: response.headers.get('x-token-source'), answer };
}

/** What the server itself says of a token (RFC 7662). */
async function introspect(token: unknown): Promise<object> {
  const body = new URLSearchParams({ token: String(token), client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
  return (await (await fetch(`${issuer}/token/introspection`, { method: 'POST', body })).json()) as object;
}

describe.each(METHODS)('oidc-provider and %s', (clientAuthentication) => {
  test('a token with the scopes asked for, which the server knows', async () => {
    await start({ clientAuthentication });
    const { status, source, answer } = await vend(HELD[1]);
    expect({ status, source }).toEqual({ status: 200, source: 'mint' });
    expect(answer).toMatchObject({ token_type: 'Bearer', scope: HELD[1] });
    expect(answer.expires_in).toBeGreaterThan(LIFETIME_SECONDS - 5);
    expect(answer.expires_in).toBeLessThanOrEqual(LIFETIME_SECONDS);
    const known = { active: true, client_id: CLIENT_ID, scope: HELD[1], token_type: 'Bearer' };
    expect(await introspect(answer.access_token)).toMatchObject(known);
    expect(authenticated).toEqual([clientAuthentication]);
    expect(await vend(HELD[1])).toMatchObject({ source: 'memory', answer: { access_token: answer.access_token } });
  });

  test('a wrong secret is refused as one, and told as that', async () => {
    await start({ clientAuthentication }, `${CLIENT_SECRET}x`);
    expect(await vend()).toMatchObject({ status: 502, answer: { error: 'server_error' } });
    expect(printed).toContain('"event":"credential_refused"');
  });
});

describe('oidc-provider', () => {
  test('a scope that the client does not hold is the caller’s error', async () => {
    await start({ clientAuthentication: 'client_secret_post' });
    expect(await vend(NOT_HELD)).toMatchObject({ status: 400, answer: { error: 'invalid_scope' } });
  });

  test('without a scope: a token, of whose scopes the server says nothing', async () => {
    await start({ clientAuthentication: 'client_secret_post' });
    const { status, answer } = await vend();
    expect(status).toBe(200);
    expect(await introspect(answer.access_token)).toMatchObject({ active: true });
  });

  test('a JWT for a resource that the profile’s parameters name; a scope that the server drops is not passed over', async () => {
    const resource = 'https://api.example';
    await start({ clientAuthentication: 'client_secret_basic', parameters: { resource } });
    const { status, answer } = await vend(HELD.join(' '));
    expect(status).toBe(200);
    expect(answer.scope).toBe(HELD.join(' '));
    const [, claims = ''] = String(answer.access_token).split('.');
    const { aud, scope, iss, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    expect({ aud, scope, iss }).toEqual({ aud: resource, scope: HELD.join(' '), iss: issuer });
    expect(Math.abs(Date.now() / 1000 + Number(answer.expires_in) - exp)).toBeLessThan(3);
    const dropped = await vend(`${HELD[0]} no.such`);
    expect(dropped).toMatchObject({ status: 400, answer: { error: 'invalid_scope' } });
    expect(dropped.answer.error_description).toContain('no.such');
  });
});
