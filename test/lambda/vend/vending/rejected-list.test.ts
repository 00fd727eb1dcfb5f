// The list of rejected tokens is short. Where it can't tell an instance of a rejected token, because it is full, old or
// was not read, the instance reads its tokens from the table once more.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { report, startVending, type Vending } from '../../../../testbed/vending.ts';

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
const A = 'order.order_read';
const B = 'media.asset_manage';
/** The call that checks the credential reads an item as well. Calls for these scopes come first and do so. */
const CHECK = 'price.price_manage';
const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());
type Instance = ReturnType<Vending['startInstance']>;

const attribute = async (name: string) => (await vending.item(CREDENTIAL))?.[name];
const listed = async () => Object.keys((await attribute('rejected'))?.M ?? {});

/** Lists this many tokens as rejected just now. */
async function list(count: number): Promise<void> {
  const N = String(Math.floor(vending.clock.nowMs() / 1000));
  const entries = Array.from({ length: count }, (_, n): [string, AttributeValue] => [`token-${n}`, { N }]);
  await vending.setAttributes(CREDENTIAL, { rejected: { M: Object.fromEntries(entries) } });
}

test.each([
  [599, 2],
  [600, 1],
])('a record that is %d s old when another token is rejected stays beside it: there are %d', async (seconds, count) => {
  const { clock } = vending;
  const instance = vending.startInstance();
  const { accessToken: first } = await instance.vend();
  // A record holds whole seconds.
  clock.forward(1000 - (clock.nowMs() % 1000));
  const { accessToken: second } = await instance.vend('', report(first));
  clock.forward(seconds * 1000);
  await instance.vend('', report(second));
  expect(await listed()).toHaveLength(count);
});

describe('a list of 300 tokens takes no more,', () => {
  test.each([
    [299, 300, false],
    [300, 300, true],
  ])('after %d it holds %d, and all instances must read again: %s', async (before, after, mustRead) => {
    const instance = vending.startInstance();
    const { accessToken } = await instance.vend();
    await list(before);
    await instance.vend('', report(accessToken));
    expect(await listed()).toHaveLength(after);
    expect((await attribute('reread_before_ms')) !== undefined).toBe(mustRead);
  });

  test('so all instances read each token once after the publication, and the rejected one is gone 60 s later', async () => {
    const { clock, startInstance } = vending;
    const writes: string[] = [];
    const noting = (write: string) => (send: () => Promise<unknown>) => {
      writes.push(write);
      return send();
    };
    const fleet = fleetOf(3);
    const { accessToken: dead } = await startInstance().vend(A);
    for (const instance of fleet) for (const scope of [CHECK, A, B]) await instance.vend(scope);
    await list(300);
    clock.forward(10_000);
    const faults = { publish: noting('publish'), writeCredential: noting('write credential') };
    const { accessToken } = await startInstance({ faults }).vend(A, report(dead));
    // The list is full, so its two writes have no effect.
    expect(writes).toEqual(['write credential', 'write credential', 'publish', 'write credential']);
    const sourcesOfB: string[] = [];
    await clock.callEvery(3_000, 60_000, async () => {
      for (const instance of fleet) for (const scope of [CHECK, A]) await instance.vend(scope);
      for (const instance of fleet) sourcesOfB.push((await instance.vend(B)).source);
    });
    for (const instance of fleet) await expect(instance.vend(A)).resolves.toMatchObject({ accessToken });
    expect(sourcesOfB.filter((source) => source !== 'memory')).toEqual(['table', 'table', 'table']);
  });

  test('and all read again once a minute at most, however many tokens are rejected', async () => {
    const { clock } = vending;
    const instance = vending.startInstance();
    let { accessToken } = await instance.vend();
    const times = new Set<number>();
    await clock.callEvery(30_000, 300_000, async () => {
      await list(300);
      ({ accessToken } = await instance.vend('', report(accessToken)));
      times.add(Number((await attribute('reread_before_ms'))?.N));
    });
    const rereadBeforeMs = [...times];
    expect(rereadBeforeMs.length).toBeGreaterThan(2);
    rereadBeforeMs.slice(1).forEach((timeMs, index) => {
      expect(timeMs - (rereadBeforeMs[index] ?? 0)).toBeGreaterThanOrEqual(60_000);
    });
  });

  test('and two tokens that are rejected within a minute are both gone 2 min after their replacement', async () => {
    const { clock, startInstance } = vending;
    const [reporter, other] = fleetOf(2) as [Instance, Instance];
    const { accessToken: firstDead } = await reporter.vend(A);
    const { accessToken: secondDead } = await reporter.vend(B);
    for (const scope of [A, B]) await other.vend(scope);
    clock.forward(38_000);
    await list(300);
    await startInstance().vend(A, report(firstDead));
    // The other instance hears of it now, and reads both tokens.
    clock.forward(12_000);
    for (const scope of [A, B]) await other.vend(scope);
    await list(300);
    const { accessToken } = await startInstance().vend(B, report(secondDead));
    await clock.callEvery(3_000, 120_000, async () => {
      for (const scope of [CHECK, A, B]) await other.vend(scope);
    });
    await expect(other.vend(B)).resolves.toMatchObject({ accessToken });
  });
});

describe('an instance that has not read the list', () => {
  test.each([
    [299, ['table', 'memory'], 'memory'],
    [300, ['table', 'memory'], 'memory'],
    [301, ['table', 'table'], 'memory'],
  ])('for %d s gets two tokens from: %j, and then from memory', async (seconds, sources, then) => {
    const { clock, startInstance } = vending;
    const instance = startInstance();
    for (const scope of [A, B]) await instance.vend(scope);
    clock.forward(seconds * 1000);
    const vended = [];
    for (const scope of [A, B]) vended.push((await instance.vend(scope)).source);
    expect(vended).toEqual(sources);
    for (const scope of [A, B]) await expect(instance.vend(scope)).resolves.toMatchObject({ source: then });
  });

  test('for 5 min vends no token that was rejected in the meantime, also if the list has lost it', async () => {
    const { clock, startInstance } = vending;
    const [instance, reporter] = fleetOf(2) as [Instance, Instance];
    const { accessToken: dead } = await instance.vend(A);
    await instance.vend(B);
    const { accessToken } = await reporter.vend(A, report(dead));
    clock.forward(900_000);
    await vending.setAttributes(CREDENTIAL, { rejected: { M: {} } });
    await instance.vend(B);
    await expect(instance.vend(A)).resolves.toMatchObject({ accessToken });
    await expect(startInstance().vend(A)).resolves.toMatchObject({ accessToken });
  });

  test('because its reads fail reads each token once more after 5 min', async () => {
    const { clock, startInstance } = vending;
    let isAway = false;
    const readCredential = (send: () => Promise<unknown>) => (isAway ? Promise.reject(new Error('away')) : send());
    const instance = startInstance({ faults: { readCredential } });
    for (const scope of [A, B]) await instance.vend(scope);
    isAway = true;
    const sourcesOfB: string[] = [];
    await clock.callEvery(10_000, 900_000, async () => {
      await instance.vend(A);
      sourcesOfB.push((await instance.vend(B)).source);
    });
    expect(sourcesOfB.filter((source) => source === 'table')).toHaveLength(1);
    expect(sourcesOfB.indexOf('table')).toBe(30);
  });
});

describe("an operator's purge, which deletes a token's item and then has all tokens read again,", () => {
  /** @returns the purged token */
  async function purge(fleet: readonly Instance[]): Promise<string> {
    const [first] = fleet as [Instance];
    const { accessToken } = await first.vend(A);
    for (const instance of fleet) for (const scope of [A, B]) await instance.vend(scope);
    vending.clock.forward(10_000);
    await vending.deleteItem(first.keyOf(A));
    await vending.setAttributes(CREDENTIAL, { reread_before_ms: { N: String(Math.floor(vending.clock.nowMs())) } });
    return accessToken;
  }

  test('makes all instances vend one new token 60 s later, and leaves other tokens alone', async () => {
    const { clock, emporix } = vending;
    const fleet = fleetOf(4);
    const purged = await purge(fleet);
    await clock.callEvery(3_000, 60_000, async () => {
      for (const instance of fleet) for (const scope of [CHECK, B, A]) await instance.vend(scope);
    });
    const vended = new Set<string>();
    for (const instance of fleet) vended.add((await instance.vend(A)).accessToken);
    expect(vended.size).toBe(1);
    expect(vended).not.toContain(purged);
    expect(emporix.tokens).toHaveLength(4);
  });

  test('holds also while the authorization server is down: nobody gets the purged token', async () => {
    const { clock } = vending;
    const fleet = fleetOf(3);
    await purge(fleet);
    misbehaviour = { status: 503 };
    await clock.callEvery(3_000, 60_000, async () => {
      for (const instance of fleet) for (const scope of [B, A]) await instance.vend(scope).catch(() => {});
    });
    for (const instance of fleet) {
      await expect(instance.vend(A)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(instance.vend(B)).resolves.toBeDefined();
    }
  });
});
