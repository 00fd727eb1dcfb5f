// Callers may name scopes that nobody granted, new ones in each request. An instance asks for few of them.

import { afterEach, describe, expect, test } from '@jest/globals';
import type { VendingError } from '../../../../lambda/errors.ts';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { startVending, type Vending, type VendingOptions } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/** What the token endpoint does at each request from now on. Undefined: it answers correctly. */
let misbehaviour: Misbehaviour | undefined;

async function start(options: VendingOptions = {}): Promise<Vending> {
  misbehaviour = undefined;
  vending = await startVending({ ...options, emporix: { respondWith: () => misbehaviour, ...options.emporix } });
  return vending;
}

describe('made-up scope sets', () => {
  test('are requested twenty times a minute for each caller, and then refused without a request or an item', async () => {
    const { startInstance, clock, emporix, item } = await start();
    const instance = startInstance();
    await instance.vend('order.order_read');
    for (let n = 0; n < 20; n++) {
      await expect(instance.vend(`made.up_${n}`)).rejects.toMatchObject({ code: 'invalid_scope' });
    }
    await expect(instance.vend('made.up_20')).rejects.toMatchObject({ code: 'slow_down' });
    expect(emporix.requests).toHaveLength(21);
    expect(await item(instance.keyOf('made.up_20'))).toBeUndefined();
    // Callers who ask for a token that is there notice nothing, and a set that failed before fails as before.
    await expect(instance.vend('order.order_read')).resolves.toMatchObject({ source: 'memory' });
    await expect(instance.vend('made.up_19')).rejects.toMatchObject({ code: 'invalid_scope' });
    clock.forward(60_000);
    await expect(instance.vend('media.asset_manage')).resolves.toMatchObject({ source: 'mint' });
  });

  test.each<[string, Misbehaviour]>([
    ['invalid_scope', { status: 400, body: '{"error":"invalid_scope"}' }],
    ['invalid_request', { status: 400, body: '{"error":"invalid_request"}' }],
    ['status 403', { status: 403, body: '' }],
    ['invalid_client', { status: 401, body: '{"error":"invalid_client"}' }],
    ['HTML', { body: '<html>' }],
  ])('are limited in the same way if the server answers %s', async (_, answer) => {
    const { startInstance, emporix, item } = await start();
    const instance = startInstance();
    await instance.vend('order.order_read');
    misbehaviour = answer;
    const codes = [];
    for (let n = 0; n < 30; n++) {
      codes.push(await instance.vend(`made.up_${n}`).catch(({ code }: VendingError) => code));
    }
    expect(codes.filter((code) => code !== 'slow_down')).toHaveLength(20);
    expect(codes.slice(20)).toEqual(Array(10).fill('slow_down'));
    expect(new Set(emporix.requests.map(({ params }) => params.scope)).size).toBe(21);
    expect(await item(instance.keyOf('made.up_29'))).toBeUndefined();
  });

  test('of one caller limit no other caller, not even one that asks for the same set at the same time', async () => {
    const { startInstance, emporix } = await start();
    const instance = startInstance();
    for (let n = 0; n < 20; n++) await instance.vend(`made.up_${n}`, { caller: 'one' }).catch(() => {});
    const [limited, served, again] = await Promise.allSettled([
      instance.vend('media.asset_manage', { caller: 'one' }),
      instance.vend('media.asset_manage', { caller: 'another' }),
      instance.vend('media.asset_manage', { caller: 'one' }),
    ]);
    for (const refused of [limited, again]) expect(refused).toMatchObject({ reason: { code: 'slow_down' } });
    expect(served).toMatchObject({ value: { source: 'mint' } });
    expect(emporix.requests).toHaveLength(21);
    // What another caller has obtained, a limited one gets as well.
    await expect(instance.vend('media.asset_manage', { caller: 'one' })).resolves.toMatchObject({ source: 'memory' });
  });

  test('leave their caller the tokens that the table holds', async () => {
    const { startInstance } = await start();
    const instance = startInstance();
    await startInstance().vend('media.asset_manage');
    for (let n = 0; n < 20; n++) await instance.vend(`made.up_${n}`).catch(() => {});
    await expect(instance.vend('media.asset_manage')).resolves.toMatchObject({ source: 'table' });
  });

  test.each<[string, Misbehaviour]>([
    ['is down', { status: 503 }],
    ['fails', { status: 500, headers: { 'retry-after': '9' } }],
    ['cuts the connection', { destroySocket: true }],
  ])('do not count while the authorization server %s: all are served once it is back', async (_, answer) => {
    const { startInstance, clock } = await start();
    const instance = startInstance();
    misbehaviour = answer;
    const sets = ['order.order_read', 'price.price_manage', 'media.asset_manage', 'product.product_manage'];
    const all = sets.flatMap((one, index) => sets.slice(index).map((other) => `${one} ${other}`));
    const more = Array.from({ length: 30 }, (_, n) => `new.set_${n}`);
    for (const scope of [...more, ...all]) {
      await expect(instance.vend(scope)).rejects.toMatchObject({ code: 'unavailable' });
    }
    misbehaviour = undefined;
    clock.forward(26_000);
    for (const scope of all) await expect(instance.vend(scope)).resolves.toMatchObject({ source: 'mint' });
  });
});
