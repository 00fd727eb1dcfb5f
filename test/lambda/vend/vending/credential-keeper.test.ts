// How often an instance reads the secret and the credential's item, and how long its callers wait for that.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
/** The client secrets that the authorization server accepts. */
let accepted: Set<string>;
beforeEach(async () => {
  accepted = new Set(['emporix-secret']);
  const token = () => JSON.stringify({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 14_400 });
  vending = await startVending({
    emporix: {
      respondWith: ({ params }) =>
        accepted.has(String(params.client_secret))
          ? { body: token() }
          : { status: 401, body: '{"error":"invalid_client"}' },
    },
  });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const CREDENTIAL = 'CREDENTIAL#emporix';
const SECONDS = 1_000;

/** An instance whose reads of the secret and of the credential's item are recorded with their times. */
function startReading(random?: () => number) {
  const secretReadsAtMs: number[] = [];
  const itemReadsAtMs: number[] = [];
  /** While these are set, reads fail. */
  const failures: { secret?: Error | undefined; item?: Error | undefined } = {};
  const instance = vending.startInstance({
    ...(random && { random }),
    readSecret: (send, version) => {
      if (version === 'AWSCURRENT') secretReadsAtMs.push(vending.clock.nowMs());
      return failures.secret ? Promise.reject(failures.secret) : send();
    },
    faults: {
      readCredential: (send) => {
        itemReadsAtMs.push(vending.clock.nowMs());
        return failures.item ? Promise.reject(failures.item) : send();
      },
    },
  });
  return { instance, secretReadsAtMs, itemReadsAtMs, failures };
}

/** The times between reads, in seconds. */
function pauses(atMs: readonly number[]): number[] {
  return atMs.slice(1).map((ms, index) => Math.round((ms - (atMs[index] ?? 0)) / 100) / 10);
}

describe('the secret and the item of the credential', () => {
  test.each([
    [0, 40],
    [0.5, 45],
    [0.99, 49.9],
  ])('are read again after 40 to 50 s: with the random number %d, after %d s', async (random, seconds) => {
    const { instance, secretReadsAtMs, itemReadsAtMs } = startReading(() => random);
    await instance.vend();
    secretReadsAtMs.length = 0;
    itemReadsAtMs.length = 0;
    await vending.clock.callEvery(100, 300 * SECONDS, () => instance.vend());
    for (const readsAtMs of [secretReadsAtMs, itemReadsAtMs]) {
      expect(readsAtMs.length).toBeGreaterThanOrEqual(5);
      for (const pause of pauses(readsAtMs)) expect(pause).toBe(seconds);
    }
  });

  test('are read again after a time that is drawn each time, so that a fleet does not read together', async () => {
    const { instance, secretReadsAtMs, itemReadsAtMs } = startReading();
    await vending.clock.callEvery(100, 600 * SECONDS, () => instance.vend());
    for (const readsAtMs of [secretReadsAtMs, itemReadsAtMs]) {
      const drawn = pauses(readsAtMs.slice(2));
      expect(new Set(drawn).size).toBeGreaterThan(3);
      for (const pause of drawn) expect(pause).toBeGreaterThanOrEqual(40);
      for (const pause of drawn) expect(pause).toBeLessThanOrEqual(50.1);
    }
  });

  test('are not read in between, however many callers and scope sets there are', async () => {
    const { instance, secretReadsAtMs, itemReadsAtMs } = startReading();
    for (const scope of ['', 'a', 'b']) await instance.vend(scope);
    const [secretReads, itemReads] = [secretReadsAtMs.length, itemReadsAtMs.length];
    await vending.clock.callEvery(1_000, 39 * SECONDS, async () => {
      for (const scope of ['', 'a', 'b']) await instance.vend(scope);
    });
    expect([secretReadsAtMs.length, itemReadsAtMs.length]).toEqual([secretReads, itemReads]);
  });
});

describe('while a new secret is tested, the item is read', () => {
  /** Another instance tests the current version, which may be tested again then. */
  const anotherTests = async (nextInSeconds: number) =>
    await vending.setAttributes(CREDENTIAL, {
      tested_version: { S: await vending.secretVersion() },
      next_test_at: { N: String(Math.floor(vending.clock.nowMs() / 1000) + nextInSeconds) },
    });

  test.each([
    [0, 4],
    [0.5, 6],
    [0.99, 8],
  ])('every 4 to 8 s: with the random number %d, every %d s', async (random, seconds) => {
    const { instance, itemReadsAtMs } = startReading(() => random);
    await instance.vend();
    await vending.putSecret('two');
    await anotherTests(80);
    vending.clock.forward(50 * SECONDS);
    await instance.vend();
    itemReadsAtMs.length = 0;
    await vending.clock.callEvery(100, 29 * SECONDS, () => instance.vend());
    expect(itemReadsAtMs.length).toBeGreaterThanOrEqual(2);
    for (const pause of pauses(itemReadsAtMs)) expect(pause).toBeCloseTo(seconds, 0);
  });

  test('rarely again after its refusal, until it may be tested again soon', async () => {
    const { instance, itemReadsAtMs } = startReading(() => 0.5);
    await instance.vend();
    await vending.putSecret('wrong');
    vending.clock.forward(50 * SECONDS);
    await instance.vend();
    const testedAtMs = vending.clock.nowMs();
    itemReadsAtMs.length = 0;
    await vending.clock.callEvery(1_000, 250 * SECONDS, () => instance.vend());
    expect(itemReadsAtMs.length).toBeLessThanOrEqual(250 / 40 + 1);
    await vending.clock.callEvery(1_000, 45 * SECONDS, () => instance.vend());
    const lateReads = itemReadsAtMs.filter((atMs) => atMs > testedAtMs + 265 * SECONDS);
    expect(lateReads.length).toBeGreaterThanOrEqual(1);
  });

  test('so that all instances use it 8 s after it is accepted', async () => {
    // Some of them read the item before they see the new secret, and some after.
    const fleet = Array.from({ length: 8 }, () => startReading().instance);
    const vendAll = async () => {
      for (const instance of fleet) await instance.vend();
    };
    await vending.clock.callEvery(1_000, 39 * SECONDS, vendAll);
    await vending.putSecret('two');
    await anotherTests(30);
    await vending.clock.callEvery(1_000, 12 * SECONDS, vendAll);
    accepted.add('two');
    await vending.setAttributes(CREDENTIAL, { accepted_version: { S: await vending.secretVersion() } });
    await vending.clock.callEvery(1_000, 9 * SECONDS, vendAll);
    for (const instance of fleet) {
      await expect(instance.vend()).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
    }
    expect(vending.emporix.requests).toHaveLength(2);
  });
});

describe('after a read that failed, the next one comes 5 s later:', () => {
  const throttling = Object.assign(new Error(), { name: 'ThrottlingException', $fault: 'client' });
  test.each([
    ['of the item, if it can not be reached', 'item', new Error('ECONNREFUSED')],
    ['of the item, if it throttles', 'item', throttling],
    ['of the secret, if it can not be reached', 'secret', new Error('ECONNREFUSED')],
    ['of the secret, if it throttles', 'secret', throttling],
  ] as const)('%s', async (_, what, failure) => {
    const { instance, failures, ...reads } = startReading();
    await instance.vend();
    vending.clock.forward(50 * SECONDS);
    failures[what] = failure;
    const failedAtMs = what === 'item' ? reads.itemReadsAtMs : reads.secretReadsAtMs;
    failedAtMs.length = 0;
    await vending.clock.callEvery(100, 30 * SECONDS, () => instance.vend());
    expect(pauses(failedAtMs)).toEqual([5, 5, 5, 5, 5]);
    failures[what] = undefined;
    await vending.clock.callEvery(100, 100 * SECONDS, () => instance.vend());
    expect(Math.max(...pauses(failedAtMs))).toBeGreaterThanOrEqual(40);
  });
});

describe('while Secrets Manager hangs, a caller with a valid token waits for it for half a second in all', () => {
  /** Secrets Manager answers nothing. @returns how long callers waited for it */
  function hang(hanging: { isOn: boolean }): number[] {
    const waitsMs: number[] = [];
    hanging.isOn = true;
    vending.clock.waitAtMost = (durationMs, promise) => {
      if (durationMs > 500) return promise;
      if (durationMs > 0) waitsMs.push(durationMs);
      vending.clock.forward(durationMs);
      return Promise.resolve(undefined);
    };
    return waitsMs;
  }

  function startHanging() {
    const hanging = { isOn: false };
    const never = new Promise<never>(() => {});
    return { hanging, instance: vending.startInstance({ readSecret: (send) => (hanging.isOn ? never : send()) }) };
  }

  test.each<[string, () => Promise<unknown>]>([
    ['if nothing else has happened', () => Promise.resolve()],
    [
      'if another instance has accepted a new version',
      async () => {
        accepted.add('two');
        await vending.putSecret('two');
        await vending.startInstance().vend('a');
        await vending.setAttributes(CREDENTIAL, { accepted_version: { S: await vending.secretVersion() } });
      },
    ],
    [
      'if another instance has replaced the token by one of a new version',
      async () => {
        accepted.add('two');
        await vending.putSecret('two');
        await vending.startInstance().vend();
      },
    ],
  ])(
    '%s',
    async (_, happen) => {
      const { instance, hanging } = startHanging();
      const { accessToken } = await instance.vend();
      await happen();
      vending.clock.forward(50 * SECONDS);
      const waitsMs = hang(hanging);
      await expect(instance.vend()).resolves.toMatchObject({ accessToken });
      expect(waitsMs.reduce((sum, waitMs) => sum + waitMs, 0)).toBeLessThanOrEqual(500);
    },
    5_000,
  );

  test('and so again 5 s later at the earliest', async () => {
    const { instance, hanging } = startHanging();
    await instance.vend();
    vending.clock.forward(50 * SECONDS);
    const waitsMs = hang(hanging);
    for (let call = 0; call < 20; call++) await instance.vend();
    expect(waitsMs).toEqual([500]);
    vending.clock.forward(5 * SECONDS);
    for (let call = 0; call < 20; call++) await instance.vend();
    expect(waitsMs).toEqual([500, 500]);
  });

  test('while a caller for whom no version is known waits for the answer', async () => {
    const hung: (() => void)[] = [];
    const instance = vending.startInstance({
      readSecret: async (send) => {
        await new Promise<void>((resolve) => hung.push(resolve));
        return await send();
      },
    });
    vending.clock.waitAtMost = (durationMs, promise) => (durationMs > 500 ? promise : Promise.resolve(undefined));
    const call = instance.vend();
    while (hung.length === 0) await new Promise(setImmediate);
    for (const answer of hung) answer();
    await expect(call).resolves.toMatchObject({ source: 'mint' });
  });
});
