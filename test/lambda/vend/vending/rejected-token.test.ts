// An API rejects a token before its end. A caller reports it, one instance replaces it, and all others follow. Callers
// who didn't report it get it until then, and tokens of other keys are left alone.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { type InstanceOptions, report, startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
/** What the token endpoint does at each request from now on. Undefined: it answers correctly. */
let misbehaviour: Misbehaviour | undefined;
beforeEach(async () => {
  misbehaviour = undefined;
  vending = await startVending({ emporix: { respondWith: () => misbehaviour } });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const CREDENTIAL = 'CREDENTIAL#emporix';
const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());
type Instance = ReturnType<Vending['startInstance']>;
const listed = async () => Object.keys((await vending.item(CREDENTIAL))?.rejected?.M ?? {});

const nextTurn = () => new Promise(setImmediate);

/** A call that checks the credential reads an item as well. So a call for other scopes comes first. */
async function vendAfterCheck(instance: Instance): Promise<string> {
  await instance.vend('order.order_read');
  return (await instance.vend()).accessToken;
}

/** An instance that counts its reads of tokens. */
function startCounting(options: InstanceOptions = {}) {
  let reads = 0;
  const read = (send: () => Promise<unknown>) => {
    reads++;
    return send();
  };
  return { instance: vending.startInstance({ ...options, faults: { ...options.faults, read } }), reads: () => reads };
}

describe('a rejected token', () => {
  test('is replaced, once in 30 s', async () => {
    const { clock, emporix } = vending;
    // The table holds the second of the last forced renewal.
    clock.forward(1000 - (clock.nowMs() % 1000));
    const [first, second] = fleetOf(2) as [Instance, Instance];
    const { accessToken: dead } = await first.vend();
    const { accessToken: renewed, source } = await first.vend('', report(dead));
    expect(source).toBe('mint');
    // A caller who reports the older one late gets the newer one.
    await expect(second.vend('', report(dead))).resolves.toMatchObject({ accessToken: renewed });
    const again = () => second.vend('', report(renewed));
    await expect(again()).rejects.toMatchObject({ code: 'slow_down' });
    await expect(again()).rejects.toMatchObject({ retryAfterSeconds: expect.any(Number) });
    clock.forward(29_999);
    await expect(again()).rejects.toMatchObject({ code: 'slow_down' });
    clock.forward(1);
    await expect(again()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.tokens).toHaveLength(3);
  });

  test('that is not the cached one causes no mint', async () => {
    const { startInstance, emporix } = vending;
    const instance = startInstance();
    await instance.vend();
    await expect(instance.vend('', report('older'))).resolves.toMatchObject({ source: 'memory' });
    expect(emporix.tokens).toHaveLength(1);
  });
});

describe('a report', () => {
  test('of an older token that comes late never discards a newer one', async () => {
    const { startInstance, emporix } = vending;
    const [first, second] = fleetOf(2) as [Instance, Instance];
    const { accessToken: older } = await first.vend();
    const newer = await first.vend('', report(older));
    for (const instance of [first, second, startInstance()]) {
      await expect(instance.vend('', report(older))).resolves.toMatchObject({ accessToken: newer.accessToken });
    }
    expect(emporix.tokens).toHaveLength(2);
  });

  test.each<[string, Error]>([
    ['can not be reached', new Error('ECONNREFUSED')],
    ['throttles', Object.assign(new Error(), { name: 'ThrottlingException' })],
  ])('leads to a new token also if the table does not take its record, because it %s', async (_, error) => {
    const { startInstance, emporix } = vending;
    const { accessToken: dead } = await startInstance().vend();
    const instance = startInstance({ faults: { writeCredential: () => Promise.reject(error) } });
    const { accessToken } = await instance.vend('', report(dead));
    await expect(startInstance().vend()).resolves.toMatchObject({ accessToken, source: 'table' });
    expect(emporix.tokens).toHaveLength(2);
    expect(await listed()).toEqual([]);
  });

  test('of a token that the server then issues again leaves no record, and memory goes on vending it', async () => {
    const { clock, emporix } = vending;
    misbehaviour = { body: '{"access_token":"the only one","token_type":"Bearer","expires_in":14399}' };
    const [reporter, other] = fleetOf(2) as [Instance, Instance];
    for (const instance of [reporter, other]) await instance.vend();
    await expect(reporter.vend('', report('the only one'))).resolves.toMatchObject({ accessToken: 'the only one' });
    expect(emporix.requests).toHaveLength(2);
    expect(await listed()).toEqual([]);
    await clock.callEvery(5_000, 300_000, async () => {
      await vendAfterCheck(other);
      await expect(other.vend()).resolves.toMatchObject({ source: 'memory' });
    });
  });
});

describe('a token that was rejected and replaced', () => {
  test.each([0, 10, 20, 30, 40])(
    'is vended by no instance 60 s later, and until then to callers who did not report it (checked %d s before)',
    async (checkedBeforeSeconds) => {
      const { clock, emporix } = vending;
      const fleet = fleetOf(5);
      const reporter = vending.startInstance();
      const { accessToken: dead } = await reporter.vend();
      for (const instance of fleet) await vendAfterCheck(instance);
      clock.forward(checkedBeforeSeconds * 1000);
      const { accessToken: renewed } = await reporter.vend('', report(dead));
      const vended: string[] = [];
      await clock.callEvery(3_000, 60_000, async () => {
        for (const instance of fleet) vended.push(await vendAfterCheck(instance));
      });
      expect(new Set(vended)).toEqual(new Set([dead, renewed]));
      for (const instance of fleet) await expect(instance.vend()).resolves.toMatchObject({ accessToken: renewed });
      expect(emporix.tokens).toHaveLength(3);
    },
  );

  test('is gone 60 s after its replacement, also if that had to wait for the server', async () => {
    const { clock } = vending;
    const fleet = fleetOf(4);
    const reporter = vending.startInstance();
    const { accessToken: dead } = await reporter.vend();
    for (const instance of fleet) await vendAfterCheck(instance);
    misbehaviour = { status: 503, headers: { 'retry-after': '90' } };
    await expect(reporter.vend('', report(dead))).rejects.toMatchObject({ code: 'unavailable' });
    await clock.callEvery(3_000, 91_000, async () => {
      for (const instance of fleet) expect(await vendAfterCheck(instance)).toBe(dead);
    });
    misbehaviour = undefined;
    const { accessToken } = await reporter.vend('', report(dead));
    await clock.callEvery(3_000, 60_000, async () => {
      for (const instance of fleet) await vendAfterCheck(instance);
    });
    for (const instance of fleet) await expect(instance.vend()).resolves.toMatchObject({ accessToken });
  });

  test('is known to all before it is replaced, however long the table takes for the record', async () => {
    const { accessToken: dead } = await vending.startInstance().vend();
    const steps: string[] = [];
    const publish = (send: () => Promise<unknown>) => {
      steps.push('publish');
      return send();
    };
    const writeCredential = async (send: () => Promise<unknown>) => {
      while (vending.emporix.tokens.length < 2) await nextTurn();
      for (let turn = 0; turn < 200; turn++) await nextTurn();
      const written = await send();
      steps.push('record');
      return written;
    };
    await vending.startInstance({ faults: { publish, writeCredential } }).vend('', report(dead));
    expect(steps).toEqual(['record', 'publish']);
    expect(await listed()).toHaveLength(1);
  });
});

describe('while tokens of one key are rejected every 30 s,', () => {
  test('a token of another key is read once in 10 min, and vended from memory', async () => {
    const { clock, emporix } = vending;
    const reporter = vending.startInstance();
    const { instance, reads } = startCounting();
    let { accessToken } = await reporter.vend();
    await instance.vend('order.order_read');
    await instance.vend('media.asset_manage');
    const readsOfB: number[] = [];
    await clock.callEvery(5_000, 600_000, async (passedMs) => {
      if (passedMs % 30_000 === 0) ({ accessToken } = await reporter.vend('', report(accessToken)));
      // The checks of the credential read an item as well: that of the call which makes them.
      await instance.vend('order.order_read');
      const readBefore = reads();
      await expect(instance.vend('media.asset_manage')).resolves.toMatchObject({ source: 'memory' });
      readsOfB.push(reads() - readBefore);
    });
    expect(emporix.tokens.length).toBeGreaterThan(20);
    expect(readsOfB.filter((count) => count > 0)).toEqual([]);
  });

  test('an instance that vends them reads their item once after each check of the credential, at most', async () => {
    const { clock } = vending;
    const reporter = vending.startInstance();
    const { instance, reads } = startCounting();
    let { accessToken } = await reporter.vend();
    await instance.vend();
    let readsOfRejected = 0;
    await clock.callEvery(2_000, 600_000, async (passedMs) => {
      if (passedMs % 30_000 === 0) ({ accessToken } = await reporter.vend('', report(accessToken)));
      await instance.vend('order.order_read');
      const readBefore = reads();
      await instance.vend();
      readsOfRejected += reads() - readBefore;
    });
    expect(readsOfRejected).toBeGreaterThan(10);
    expect(readsOfRejected).toBeLessThanOrEqual(600 / 40);
  });
});

test('a rejected token that the table still holds is read every 20 to 30 s', async () => {
  const { clock } = vending;
  const reporter = vending.startInstance();
  const { instance, reads } = startCounting();
  const { accessToken } = await reporter.vend();
  await instance.vend('order.order_read');
  await instance.vend();
  misbehaviour = { status: 503, headers: { 'retry-after': '300' } };
  await reporter.vend('', report(accessToken)).catch(() => {});
  const atSeconds: number[] = [];
  await clock.callEvery(1_000, 200_000, async (passedMs) => {
    await instance.vend('order.order_read').catch(() => {});
    const readBefore = reads();
    await expect(instance.vend()).resolves.toMatchObject({ accessToken });
    if (reads() > readBefore) atSeconds.push(passedMs / 1000);
  });
  const [firstAtSeconds = 0] = atSeconds;
  const pauses = atSeconds.slice(1).map((seconds, index) => seconds - (atSeconds[index] ?? 0));
  expect(firstAtSeconds).toBeLessThanOrEqual(50);
  expect(pauses.length).toBeGreaterThan(4);
  for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(20);
  for (const pause of pauses) expect(pause).toBeLessThanOrEqual(30);
});
