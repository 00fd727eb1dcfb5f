import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { startVending, type Vending, type VendingOptions } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/**
 * What the token endpoint does at each request from now on. If it is undefined, the token endpoint answers correctly.
 */
let misbehaviour: Misbehaviour | undefined;

async function start(options: VendingOptions = {}): Promise<Vending> {
  misbehaviour = undefined;
  vending = await startVending({ ...options, emporix: { respondWith: () => misbehaviour, ...options.emporix } });
  return vending;
}

describe('tokens are shared:', () => {
  test('the first token is minted, then memory has it, then other instances find it in the table', async () => {
    const { startInstance, emporix } = await start();
    const [first, second] = [startInstance(), startInstance()];
    const minted = await first.vend('media.asset_manage');
    const others = [await first.vend('media.asset_manage'), await second.vend('media.asset_manage')];
    expect([minted, ...others].map(({ source }) => source)).toEqual(['mint', 'memory', 'table']);
    expect(new Set([minted, ...others].map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(emporix.tokens).toHaveLength(1);
  });

  test('two spellings of one set of scopes share one token', async () => {
    const { startInstance, emporix } = await start();
    const instance = startInstance();
    const spellings = [
      'media.asset_manage order.order_read',
      'order.order_read  media.asset_manage order.order_read',
      'scope=order.order_read media.asset_manage tenant=yourtenant',
    ];
    const vended = [];
    for (const spelling of spellings) vended.push(await instance.vend(spelling));
    expect(new Set(vended.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(emporix.tokens).toHaveLength(1);
  });

  test('profiles do not share tokens', async () => {
    const { startInstance, emporix } = await start();
    await startInstance({ profile: 'orders' }).vend('order.order_read');
    await startInstance({ profile: 'orders-admin' }).vend('order.order_read');
    expect(emporix.tokens).toHaveLength(2);
  });

  test('the TTL attribute of the item is the time of the token request plus expires_in', async () => {
    const { startInstance, emporix, item } = await start({ emporix: { expiresInSeconds: 777 } });
    const instance = startInstance();
    await instance.vend('order.order_read');
    const stored = await item(instance.keyOf('order.order_read'));
    const requestedAt = Math.floor(Number(emporix.requests[0]?.receivedAtMs) / 1000);
    expect(Math.abs(Number(stored?.expires_at?.N) - requestedAt - 777)).toBeLessThanOrEqual(1);
    expect(stored?.lease_id).toBeUndefined();
  });

  test('the table holds neither token nor secret nor client ID nor scopes in clear', async () => {
    const { startInstance, emporix, item } = await start();
    const instance = startInstance();
    const { accessToken } = await instance.vend('order.order_read');
    const stored = await item(instance.keyOf('order.order_read'));
    const dump = JSON.stringify(stored, (_, value) => (value?.type === 'Buffer' ? '' : value));
    const bytes = Buffer.from(stored?.sealed?.B ?? []);
    for (const clear of [accessToken, emporix.clientSecret, emporix.clientId, 'order_read', 'yourtenant']) {
      expect(dump.includes(clear) || bytes.includes(clear)).toBe(false);
    }
  });
});

describe('an expired token is never vended', () => {
  test('even if the table holds it', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 60 } });
    const instance = startInstance();
    const { accessToken } = await instance.vend();
    clock.forward(59_000);
    const vended = await instance.vend();
    expect(vended).toMatchObject({ source: 'mint' });
    expect(vended.accessToken).not.toBe(accessToken);
    expect(emporix.tokens).toHaveLength(2);
  });

  test('even if the authorization server is down', async () => {
    const { startInstance, clock } = await start({ emporix: { expiresInSeconds: 60 } });
    const instance = startInstance();
    await instance.vend();
    misbehaviour = { status: 503 };
    clock.forward(59_500);
    await expect(instance.vend()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

test('a caller who joined a call that began without the table does not get the failure of that call', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let requests = 0;
  const { startInstance, emporix } = await start({
    emporix: {
      respondWith: async () => {
        if (requests++ > 0) return undefined;
        await released;
        return { status: 400 };
      },
    },
  });
  let reads = 0;
  const instance = startInstance({
    faults: { read: (send) => (reads++ === 0 ? Promise.reject(new Error('away')) : send()) },
  });
  const early = instance.vend().catch((failure: unknown) => failure);
  while (emporix.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const joined = instance.vend();
  const { accessToken } = await startInstance().vend();
  release();
  await expect(joined).resolves.toMatchObject({ accessToken, source: 'table' });
  await expect(early).resolves.toMatchObject({ code: 'unusable_answer' });
});

describe('scopes and tenants:', () => {
  test('named scopes that are not granted are refused by name, and no token is cached for them', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { scopes: ['order.order_read'] } });
    const instance = startInstance();
    const call = () => instance.vend('order.order_read price.price_manage media.asset_manage');
    const refusal = {
      code: 'invalid_scope',
      message: 'not granted to the credential: media.asset_manage price.price_manage',
    };
    await expect(call()).rejects.toMatchObject(refusal);
    await expect(call()).rejects.toMatchObject(refusal);
    // Another instance reads the failure in the table, which names no scope.
    await expect(startInstance().vend('order.order_read price.price_manage media.asset_manage')).rejects.toMatchObject(
      refusal,
    );
    expect(emporix.requests).toHaveLength(1);
    clock.forward(26_000);
    await expect(call()).rejects.toMatchObject(refusal);
    expect(emporix.requests).toHaveLength(2);
  });

  test('without named scopes, the granted part is vended, and the missing scopes are logged and counted', async () => {
    const allowed = ['order.order_read', 'price.price_manage'];
    const { startInstance, events, emporix } = await start({
      scopes: allowed,
      emporix: { scopes: ['order.order_read'] },
    });
    const { response } = await startInstance().vend();
    expect(response.scope).toBe('order.order_read');
    expect(emporix.requests[0]?.params.scope).toBe('order.order_read price.price_manage');
    expect(events()).toContainEqual(
      expect.objectContaining({ event: 'scopes_not_granted', missing: ['price.price_manage'], ScopesNotGranted: 1 }),
    );
  });

  test('a token for the granted part is never vended to a caller who named all of the scopes', async () => {
    const allowed = ['order.order_read', 'price.price_manage'];
    const { startInstance } = await start({ scopes: allowed, emporix: { scopes: ['order.order_read'] } });
    const instance = startInstance();
    await instance.vend();
    await expect(instance.vend('price.price_manage order.order_read')).rejects.toMatchObject({ code: 'invalid_scope' });
  });

  test('without named scopes and without granted ones, the error tells the operator', async () => {
    const { startInstance } = await start({
      scopes: ['price.price_manage'],
      emporix: { scopes: ['order.order_read'] },
    });
    await expect(startInstance().vend()).rejects.toMatchObject({
      code: 'nothing_granted',
      message: expect.stringContaining('profile default'),
    });
  });

  test('a scope outside the allow-list is refused without a request', async () => {
    const { startInstance, emporix } = await start({ scopes: ['order.order_read'] });
    await expect(startInstance().vend('order.order_read price.price_manage')).rejects.toMatchObject({
      code: 'invalid_scope',
      message: 'not allowed by profile default: price.price_manage',
    });
    expect(emporix.requests).toHaveLength(0);
  });

  test('a token with more scopes than the profile allows is refused', async () => {
    const { startInstance } = await start({ scopes: ['order.order_read'] });
    misbehaviour = {
      body: JSON.stringify({
        access_token: 't',
        token_type: 'Bearer',
        expires_in: 60,
        scope: 'order.order_read everything',
      }),
    };
    await expect(startInstance().vend()).rejects.toMatchObject({ code: 'too_much_granted' });
  });

  test.each([
    ['of the configured tenant is vended', 'yourtenant', undefined],
    ['of another tenant is refused', 'shop', 'wrong_tenant'],
  ])('a token %s', async (_, tenant, code) => {
    const { startInstance } = await start({ tenant });
    const vended = startInstance().vend();
    await (code
      ? expect(vended).rejects.toMatchObject({ code })
      : expect(vended).resolves.toMatchObject({ source: 'mint' }));
  });
});

test('no object that holds a token or a secret prints it, at any depth', async () => {
  const { startInstance, emporix } = await start();
  const instance = startInstance();
  const { accessToken } = await instance.vend('order.order_read');
  const printed = [
    inspect(instance.vendFunction, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(instance.vendFunction, (_, value: unknown) => (value instanceof Map ? [...value] : value)),
    inspect(await instance.vend('made.up').catch((error: unknown) => error), { depth: 20, showHidden: true }),
  ].join('\n');
  expect(printed.length).toBeGreaterThan(500);
  for (const secret of [accessToken, emporix.clientSecret, emporix.clientId]) expect(printed).not.toContain(secret);
});
