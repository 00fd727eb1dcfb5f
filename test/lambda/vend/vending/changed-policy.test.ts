// A token can outlive the configuration that it was minted under. It must not be vended under another one.

import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import { seal } from '../../../../lambda/vend/store/seal.ts';
import type { Policy } from '../../../../lambda/vend/vending/scope-policy.ts';
import { someCredential, someToken } from '../../../../testbed/test-data.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/** A server that also grants a scope which was not requested. */
const GENEROUS = {
  respondWith: () => ({
    body: '{"access_token":"wide","token_type":"Bearer","expires_in":14399,"scope":"a.one admin.all tenant=yourtenant"}',
  }),
};

/** Another name of the same server. */
const ANOTHER_NAME = { tokenEndpoint: 'localhost' };

describe('a token that was minted before the configuration changed is not vended after it', () => {
  test.each<[string, Partial<Policy>, string]>([
    ['the allow-list was narrowed', { scopes: ['a.one'] }, 'too_much_granted'],
    ['another tenant is configured', { tenant: 'shop' }, 'wrong_tenant'],
  ])('if %s, even if the server grants no other', async (_, policy, code) => {
    vending = await startVending({ emporix: GENEROUS });
    const before = vending.startInstance();
    for (const scope of ['', 'a.one']) await expect(before.vend(scope)).resolves.toMatchObject({ accessToken: 'wide' });
    const after = vending.startInstance({ policy });
    for (const scope of ['', 'a.one']) await expect(after.vend(scope)).rejects.toMatchObject({ code });
  });

  test.each<[string, Partial<Policy>]>([
    ['the allow-list was narrowed', { scopes: ['order.order_read', 'media.asset_manage'] }],
    ['the allow-list was set', { scopes: ['order.order_read'] }],
    ['a tenant was set', { tenant: 'yourtenant' }],
    ['another token endpoint is configured', ANOTHER_NAME],
    ['a parameter was added', { parameters: { audience: 'https://api.example' } }],
    ['another credential is used', { credential: 'staging' }],
  ])('if %s', async (_, policy) => {
    vending = await startVending();
    await vending.startInstance().vend('order.order_read');
    const tokenEndpoint = vending.emporix.tokenEndpoint.replace('127.0.0.1', policy.tokenEndpoint ?? '127.0.0.1');
    const after = vending.startInstance({ policy: { ...policy, tokenEndpoint } });
    await expect(after.vend('order.order_read')).resolves.toMatchObject({ source: 'mint' });
    // Both tokens stay in the table, because old and new functions run side by side during a gradual deploy.
    await expect(vending.startInstance().vend('order.order_read')).resolves.toMatchObject({ source: 'table' });
  });

  test('unless only the order of scopes or parameters changed', async () => {
    vending = await startVending();
    const one = { scopes: ['order.order_read', 'media.asset_manage'], parameters: { b: '2', a: '1' } };
    const same = { scopes: ['media.asset_manage', 'order.order_read'], parameters: { a: '1', b: '2' } };
    await vending.startInstance({ policy: one }).vend('order.order_read');
    const after = vending.startInstance({ policy: same });
    await expect(after.vend('order.order_read')).resolves.toMatchObject({ source: 'table' });
  });
});

test('a token in the table that the policy does not allow is not vended, even if it is sealed correctly', async () => {
  vending = await startVending({ scopes: ['order.order_read'] });
  const { emporix, store, clock, startInstance, secretVersion } = vending;
  const instance = startInstance();
  const { clientId, clientSecret } = emporix;
  const credential = someCredential({ clientId, clientSecret, version: await secretVersion() });
  const nowSeconds = clock.nowMs() / 1000;
  const token = someToken({
    access_token: 'wide',
    issued_at: nowSeconds,
    renew_at: nowSeconds + 11_000,
    expires_at: nowSeconds + 14_399,
    scope: 'admin.all order.order_read',
  });
  for (const scope of ['', 'order.order_read']) {
    const key = instance.keyOf(scope);
    await store.publish({
      key,
      leaseId: 'none',
      seenRevision: undefined,
      revision: 'one',
      sealed: seal(token, credential, key, randomBytes),
      credentialVersion: credential.version,
      forcedAtSeconds: undefined,
      expiresAtSeconds: Math.floor(nowSeconds + 14_399),
    });
    await expect(instance.vend(scope)).resolves.toMatchObject({
      source: 'mint',
      response: { scope: 'order.order_read' },
    });
  }
});
