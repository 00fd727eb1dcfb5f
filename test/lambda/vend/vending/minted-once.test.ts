// A token is minted once: the lease, the renewal and the shared back-off, on a real table and over HTTP. The order of
// events is varied in test/simulation, and processes are tested in test/chaos.

import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthorizationServerOptions, Misbehaviour } from '../../../../local/authorization-server.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

let misbehaviour: Misbehaviour | undefined;
async function start(emporix: AuthorizationServerOptions = {}): Promise<Vending> {
  misbehaviour = undefined;
  vending = await startVending({ emporix: { respondWith: () => misbehaviour, ...emporix } });
  return vending;
}

const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());

describe('the lease', () => {
  test('lets one of many cold instances mint, and the others wait for its token', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { clock, emporix, item } = await start({
      respondWith: async () => {
        await released;
        return undefined;
      },
    });
    clock.skipsPauses = false;
    const fleet = fleetOf(20);
    const calls = fleet.map((instance) => instance.vend());
    const key = String(fleet[0]?.keyOf());
    while ((await item(key))?.lease_id === undefined);
    release();
    const vended = await Promise.all(calls);
    expect(new Set(vended.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(vended.filter(({ source }) => source === 'mint')).toHaveLength(1);
    expect(emporix.requests).toHaveLength(1);
  });

  test.each([
    ['when it ends', 10_000],
    ['after its length, if the clock of the minter was an hour ahead', 3_610_000],
  ])('of a minter that died is taken over %s, within the time of a call', async (_, untilMs) => {
    const { emporix, startInstance, clock, store } = await start();
    const instance = startInstance();
    const startedAtMs = clock.nowMs();
    await store.acquireLease({
      key: instance.keyOf(),
      leaseId: 'of one that died',
      untilMs: startedAtMs + untilMs,
      endedBeforeMs: 0,
      watchedLeaseId: undefined,
      seenRevision: undefined,
      expiresAtSeconds: startedAtMs / 1000 + 70,
    });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(clock.nowMs() - startedAtMs).toBeGreaterThan(10_000);
    expect(clock.nowMs() - startedAtMs).toBeLessThan(24_000);
    expect(emporix.requests).toHaveLength(1);
  });
});

describe('a write that the table does not take at once', () => {
  const throttled = () =>
    Promise.reject(Object.assign(new Error(), { name: 'ProvisionedThroughputExceededException' }));

  test.each<[string, (send: () => Promise<unknown>) => Promise<unknown>, number]>([
    ['throttled', throttled, 6],
    ['lost', () => Promise.reject(new Error('no answer')), 6],
    ['written, and its answer is lost', (send) => send().then(() => Promise.reject(new Error('no answer'))), 2],
  ])('is repeated, if it is a publication that is %s: nobody mints again', async (_, fault, publications) => {
    const { emporix, startInstance, clock } = await start();
    clock.stop();
    let requests = 0;
    const instance = startInstance({ faults: { publish: (send) => (requests++ < 5 ? fault(send) : send()) } });
    const { accessToken } = await instance.vend();
    await expect(startInstance().vend()).resolves.toMatchObject({ accessToken, source: 'table' });
    expect(emporix.requests).toHaveLength(1);
    expect(requests).toBe(publications);
  });

  test('is given up after 2 s, if it is a publication: its own caller has the token', async () => {
    const { startInstance, clock } = await start();
    clock.stop();
    const startedAtMs = clock.nowMs();
    await expect(startInstance({ faults: { publish: throttled } }).vend()).resolves.toMatchObject({ source: 'mint' });
    expect(clock.nowMs() - startedAtMs).toBeLessThanOrEqual(2_000);
  });

  test('is recognised, if it took the lease: its answer was lost and its repeat was throttled', async () => {
    const { emporix, startInstance, clock } = await start();
    clock.stop();
    const startedAtMs = clock.nowMs();
    let requests = 0;
    const acquireLease = (send: () => Promise<unknown>) => (requests++ === 0 ? send().then(throttled) : send());
    const instance = startInstance({ faults: { acquireLease } });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(clock.nowMs() - startedAtMs).toBeLessThan(1_000);
    expect(emporix.requests).toHaveLength(1);
  });

  test('gives the lease back at once, if the token is too large for an item', async () => {
    const { startInstance, item } = await start();
    const body = JSON.stringify({ access_token: 'x'.repeat(420_000), token_type: 'Bearer', expires_in: 3600 });
    misbehaviour = { body };
    const instance = startInstance();
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(await item(instance.keyOf())).toBeDefined();
    expect((await item(instance.keyOf()))?.lease_id).toBeUndefined();
  });
});

test('a token that ends while the lease is taken is replaced: its end does not cut the mint', async () => {
  const { clock, emporix, startInstance } = await start({ expiresInSeconds: 60 });
  clock.stop();
  await startInstance().vend();
  const { expiresAtMs = 0 } = emporix.tokens[0] ?? {};
  clock.forward(expiresAtMs - 2_030 - clock.nowMs());
  const slow = (durationMs: number) => (send: () => Promise<unknown>) => {
    clock.forward(durationMs);
    return send();
  };
  const instance = startInstance({ faults: { read: slow(20), acquireLease: slow(1_200) } });
  await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
});

describe('a lease that took all the time for a mint is given back, and the server is not asked:', () => {
  const slow = (durationMs: number) => (send: () => Promise<unknown>) => {
    vending.clock.forward(durationMs);
    return send();
  };

  test('the token that ends meanwhile is replaced', async () => {
    const { clock, emporix, startInstance } = await start({ expiresInSeconds: 60 });
    clock.stop();
    await startInstance().vend();
    const { expiresAtMs = 0 } = emporix.tokens[0] ?? {};
    clock.forward(expiresAtMs - 2_030 - clock.nowMs());
    const instance = startInstance({ faults: { read: slow(20), acquireLease: slow(200), other: slow(1_200) } });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.requests).toHaveLength(2);
  });

  test('an instance that stood still tells no other one of a failure', async () => {
    const { clock, emporix, item, startInstance } = await start();
    clock.stop();
    const instance = startInstance({ faults: { acquireLease: slow(24_000) } });
    await expect(instance.vend()).rejects.toMatchObject({ code: 'unavailable' });
    expect(emporix.requests).toEqual([]);
    const { lease_id, backoff_until } = (await item(instance.keyOf())) ?? {};
    expect({ lease_id, backoff_until }).toEqual({});
    await expect(startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
  });
});

test("a wait for another instance's mint ends before the deadline", async () => {
  const { clock, startInstance, store } = await start();
  const instance = startInstance();
  const key = instance.keyOf();
  const untilMs = clock.nowMs() + 10_000;
  const lease = { leaseId: 'another', untilMs, endedBeforeMs: 0, watchedLeaseId: undefined, seenRevision: undefined };
  await store.acquireLease({ key, ...lease, expiresAtSeconds: untilMs / 1000 });
  const deadlineMs = clock.nowMs() + 5_000;
  await expect(instance.vend('', {}, 5_000)).rejects.toMatchObject({ code: 'unavailable' });
  expect(clock.nowMs()).toBeLessThanOrEqual(deadlineMs);
});

describe('a renewal', () => {
  test('is made by one instance, while the others vend the valid token', async () => {
    const { clock, emporix } = await start({ expiresInSeconds: 1000 });
    const fleet = fleetOf(10);
    const [first] = await Promise.all(fleet.map((instance) => instance.vend()));
    clock.forward(851_000);
    const vended = await Promise.all(fleet.map((instance) => instance.vend()));
    expect(vended.filter(({ source }) => source === 'mint')).toHaveLength(1);
    for (const { source, accessToken } of vended) expect(source === 'mint').toBe(accessToken !== first?.accessToken);
    expect(emporix.requests).toHaveLength(2);
    // From then on, all have the new one.
    clock.forward(2_000);
    const after = await Promise.all(fleet.map((instance) => instance.vend()));
    expect(new Set(after.map(({ accessToken }) => accessToken)).size).toBe(1);
  });

  test('lets instances read the table one after the other, within half a percent of the lifetime', async () => {
    const { clock, startInstance } = await start({ expiresInSeconds: 1_000 });
    const first = startInstance({ random: () => 0 });
    const late = startInstance({ random: () => 0.9 });
    const { accessToken } = await first.vend();
    // The time is shortly before the renewal point. Otherwise a check of the credential would be due, and read the
    // table.
    clock.forward(745_000);
    for (const instance of [first, late]) await instance.vend();
    clock.forward(6_000);
    const renewed = await first.vend();
    expect(renewed).toMatchObject({ source: 'mint' });
    await expect(late.vend()).resolves.toMatchObject({ source: 'memory', accessToken });
    clock.forward(4_000);
    await expect(late.vend()).resolves.toMatchObject({ source: 'table', accessToken: renewed.accessToken });
  });

  test('by another instance causes a read of the table every 2 s at most', async () => {
    const { clock, startInstance, store } = await start({ expiresInSeconds: 1000 });
    const instance = startInstance();
    await instance.vend();
    clock.forward(851_000);
    const key = instance.keyOf();
    const seenRevision = (await store.read(key))?.revision;
    const untilMs = clock.nowMs() + 10_000;
    await store.acquireLease({
      key,
      leaseId: 'another',
      untilMs,
      endedBeforeMs: 0,
      watchedLeaseId: undefined,
      seenRevision,
      expiresAtSeconds: 0,
    });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'table' });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'memory' });
    clock.forward(2_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'table' });
  });

  test.each([
    [749_000, 1],
    [851_000, 2],
  ])(
    'begins between 75 %% and 85 %% of a lifetime of 1,000 s: after %d ms there are %d mints',
    async (afterMs, mints) => {
      const { clock, emporix, startInstance } = await start({ expiresInSeconds: 1000 });
      const instance = startInstance();
      await instance.vend();
      clock.forward(afterMs);
      await instance.vend();
      expect(emporix.tokens).toHaveLength(mints);
    },
  );

  test('that fails costs no caller the token, and the next attempt waits until the back-off ends', async () => {
    const { clock, emporix } = await start({ expiresInSeconds: 10_000 });
    const fleet = fleetOf(3);
    await Promise.all(fleet.map((instance) => instance.vend()));
    clock.forward(8_600_000);
    misbehaviour = { status: 400, body: '{"error":"unauthorized_client"}' };
    for (let round = 0; round < 5; round++) {
      const vended = await Promise.all(fleet.map((instance) => instance.vend()));
      for (const { source } of vended) expect(source).not.toBe('mint');
    }
    expect(emporix.requests).toHaveLength(2);
    clock.forward(26_000);
    misbehaviour = undefined;
    await Promise.all(fleet.map((instance) => instance.vend()));
    expect(emporix.tokens).toHaveLength(2);
  });

  test('that goes on failing leaves the valid token in use until its true end, past its margin', async () => {
    const { clock, startInstance } = await start({ expiresInSeconds: 1000 });
    const instance = startInstance();
    const { accessToken } = await instance.vend();
    misbehaviour = { status: 503 };
    clock.forward(998_000);
    await expect(instance.vend()).resolves.toMatchObject({ accessToken });
  });
});

describe('a back-off', () => {
  test.each<[string, Misbehaviour, number, string]>([
    ['503', { status: 503 }, 2, 'unavailable'],
    ['429', { status: 429 }, 2, 'throttled'],
    ['429 with Retry-After', { status: 429, headers: { 'retry-after': '120' } }, 1, 'throttled'],
    ['invalid_client', { status: 401, body: '{"error":"invalid_client"}' }, 1, 'credential_refused'],
    ['invalid_scope', { status: 400, body: '{"error":"invalid_scope"}' }, 1, 'invalid_scope'],
    ['an answer that is not JSON', { body: '<html>' }, 1, 'unusable_answer'],
    ['a scope that is not granted', { body: '{"access_token":"t","expires_in":60,"scope":"b"}' }, 1, 'invalid_scope'],
  ])('is shared: %s costs one mint for a thousand callers on ten instances', async (_, answer, requests, code) => {
    const { clock, emporix } = await start();
    clock.skipsPauses = false;
    misbehaviour = answer;
    const fleet = fleetOf(10);
    const calls = Array.from({ length: 1000 }, (_, index) => fleet[index % 10]?.vend('a'));
    const outcomes = await Promise.allSettled(calls);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
    expect(emporix.requests).toHaveLength(requests);
  });

  test('lasts as long as a longer Retry-After, and callers are told the time', async () => {
    const { clock, emporix, startInstance } = await start();
    const instance = startInstance();
    misbehaviour = { status: 503, headers: { 'retry-after': '120' } };
    await expect(instance.vend()).rejects.toMatchObject({ code: 'unavailable' });
    misbehaviour = undefined;
    clock.forward(110_000);
    const failure = await startInstance()
      .vend()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(Math.round((failure as { retryAfterSeconds: number }).retryAfterSeconds)).toBeGreaterThan(5);
    clock.forward(12_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.requests).toHaveLength(2);
  });

  test('ends within 30 s after the server has recovered, however long it was down', async () => {
    const { clock, startInstance } = await start();
    const instance = startInstance();
    misbehaviour = { status: 503 };
    for (let round = 0; round < 20; round++) {
      await instance.vend().catch(() => {});
      clock.forward(30_000);
    }
    misbehaviour = undefined;
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
  });

  test('after throttling holds for the credential, so that another scope set of another profile waits as well', async () => {
    const { clock, emporix, startInstance } = await start();
    misbehaviour = { status: 429, headers: { 'retry-after': '60' } };
    await expect(startInstance().vend('order.order_read')).rejects.toMatchObject({ code: 'throttled' });
    misbehaviour = undefined;
    const other = startInstance({ profile: 'other' });
    await expect(other.vend('media.asset_manage')).rejects.toMatchObject({ code: 'throttled' });
    expect(emporix.requests).toHaveLength(1);
    clock.forward(61_000);
    await expect(other.vend('media.asset_manage')).resolves.toMatchObject({ source: 'mint' });
  });

  test('after another failure holds for its scope set alone', async () => {
    const { startInstance } = await start();
    misbehaviour = { status: 400, body: '{"error":"invalid_scope"}' };
    await expect(startInstance().vend('order.order_read')).rejects.toMatchObject({ code: 'invalid_scope' });
    misbehaviour = undefined;
    await expect(startInstance().vend('media.asset_manage')).resolves.toMatchObject({ source: 'mint' });
  });

  test('after a wrong credential does not hold for the corrected one', async () => {
    const { clock, startInstance, putSecret, emporix } = await start();
    await putSecret('wrong');
    await putSecret('wrong as well');
    const instance = startInstance();
    await expect(instance.vend()).rejects.toMatchObject({ code: 'credential_refused' });
    await putSecret(emporix.clientSecret);
    clock.forward(1_000);
    await expect(startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
  });
});
