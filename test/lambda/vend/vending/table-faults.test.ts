// The table throttles, or is away. Callers get a token all the same.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
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

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('when the table throttles,', () => {
  const throttled = () =>
    Promise.reject(Object.assign(new Error(), { name: 'ProvisionedThroughputExceededException' }));

  test('an instance reads it again, and does not mint without it', async () => {
    const { startInstance, emporix, clock } = await start();
    let refusals = 0;
    const { accessToken } = await startInstance().vend();
    clock.forward(14_399_000);
    const instance = startInstance({ faults: { read: (send) => (refusals++ < 3 ? throttled() : send()) } });
    const vended = await instance.vend();
    expect(vended.accessToken).not.toBe(accessToken);
    expect(refusals).toBeGreaterThan(3);
    await expect(startInstance().vend()).resolves.toMatchObject({ accessToken: vended.accessToken, source: 'table' });
    expect(emporix.tokens).toHaveLength(2);
  });

  test('an instance that did not get the lease does not mint without it', async () => {
    const { startInstance, emporix, clock } = await start();
    clock.skipsPauses = false;
    const throttledAtFirst = () => {
      let requests = 0;
      return (send: () => Promise<unknown>) => (requests++ === 0 ? throttled() : send());
    };
    const fleet = [1, 2, 3].map(() => startInstance({ faults: { acquireLease: throttledAtFirst() } }));
    await Promise.all(fleet.map((instance) => instance.vend()));
    expect(emporix.tokens).toHaveLength(1);
  });

  test('the back-off of the credential is read again and holds', async () => {
    const { startInstance, clock, item, credentialStore, emporix } = await start();
    const other = startInstance();
    await other.vend('order.order_read');
    const version = String((await item(other.keyOf('order.order_read')))?.credential_version?.S);
    const untilSeconds = clock.nowMs() / 1000 + 20;
    await credentialStore.recordBackOff({ error: 'throttled', missing: [], version, untilSeconds, count: 1 });
    let refusals = 0;
    const instance = startInstance({
      faults: { readCredential: (send) => (refusals++ < 1 ? throttled() : send()) },
    });
    await expect(instance.vend()).rejects.toMatchObject({ code: 'throttled' });
    expect(emporix.requests).toHaveLength(1);
  });

  test('the token is minted without it once too little time is left to wait', async () => {
    const { startInstance, emporix } = await start();
    await expect(startInstance({ faults: { read: throttled } }).vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.tokens).toHaveLength(1);
  });

  test('the token in memory is vended at once', async () => {
    const { startInstance, clock, events } = await start();
    let isThrottled = false;
    const instance = startInstance({
      faults: { publish: throttled, read: (send) => (isThrottled ? throttled() : send()) },
    });
    const { accessToken } = await instance.vend();
    isThrottled = true;
    clock.forward(61_000);
    const atMs = clock.nowMs();
    await expect(instance.vend('', { minTtlMs: 1 })).resolves.toMatchObject({ accessToken });
    expect(clock.nowMs() - atMs).toBeLessThan(1_000);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'table_failed', operation: 'publish' }));
  });
});

describe('when the table is away,', () => {
  const away = () => Promise.reject(new Error('ECONNREFUSED'));

  test('the token is minted and vended, and memory keeps it', async () => {
    const { startInstance, events, emporix } = await start();
    const instance = startInstance({ faults: { read: away } });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'memory' });
    expect(emporix.tokens).toHaveLength(1);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'table_failed', operation: 'read' }));
  });

  test.each(['acquireLease', 'publish', 'readCredential'] as const)(
    'a failure of %s alone is hidden from the caller',
    async (operation) => {
      const { startInstance, emporix } = await start();
      const instance = startInstance({ faults: { [operation]: away } });
      await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
      expect(emporix.tokens).toHaveLength(1);
    },
  );

  test('one mint is made in 10 s per instance and key', async () => {
    const { startInstance, clock, emporix } = await start();
    const instance = startInstance({ faults: { read: away } });
    const { accessToken } = await instance.vend();
    const call = () => instance.vend('', { rejectedTokenSha256: sha256(accessToken) });
    await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
    clock.forward(10_000);
    await expect(call()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.tokens).toHaveLength(2);
  });

  test('a mint that the end of a valid token would cut short does not begin before that end', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 100 } });
    const instance = startInstance({ faults: { read: away } });
    const { accessToken, response } = await instance.vend();
    const expiresAtMs = Math.ceil(clock.nowMs() / 1000 + Number(response.expires_in)) * 1000;
    clock.forward(expiresAtMs - 2_300 - clock.nowMs());
    misbehaviour = { delayMs: 600 };
    await expect(instance.vend()).resolves.toMatchObject({ accessToken });
    misbehaviour = undefined;
    clock.forward(3_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.requests).toHaveLength(2);
  });

  test('a stopped database counts as a table that holds nothing', async () => {
    const { startInstance, dynamodb } = await start();
    const instance = startInstance();
    await dynamodb.close();
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
  });
});
