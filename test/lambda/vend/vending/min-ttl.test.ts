// A caller names how long its token must live at least. That may cost mints, but never one for each request.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
beforeEach(async () => {
  vending = await startVending({ emporix: { expiresInSeconds: 1000 } });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

test('a token that lives longer is minted, and other callers get that one', async () => {
  const { startInstance, clock, emporix } = vending;
  const [first, second] = [startInstance(), startInstance()];
  const { accessToken } = await first.vend();
  clock.forward(300_000);
  await expect(first.vend('', { minTtlMs: 600_000 })).resolves.toMatchObject({ accessToken });
  const longer = await first.vend('', { minTtlMs: 750_000 });
  expect(longer.source).toBe('mint');
  await expect(second.vend()).resolves.toMatchObject({ source: 'table', accessToken: longer.accessToken });
  expect(emporix.tokens).toHaveLength(2);
});

describe('more than three quarters of the lifetime', () => {
  test.each([
    ['for a token in memory', true],
    ['for a token that is minted first', false],
  ])('are refused with the maximum, %s', async (_, warm) => {
    const { startInstance, emporix } = vending;
    const instance = startInstance();
    if (warm) await instance.vend();
    await expect(instance.vend('', { minTtlMs: 751_000 })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'min_ttl may be at most 750 for this token',
    });
    expect(emporix.tokens).toHaveLength(1);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'memory' });
  });

  test('of a short-lived token are not refused if its predecessor lived longer: the next one may do so again', async () => {
    const { startInstance, clock, emporix } = vending;
    const instance = startInstance();
    await instance.vend();
    clock.forward(300_000);
    emporix.behaviour.expiresInSeconds = 400;
    const demand = { minTtlMs: 750_000 };
    for (const caller of [instance, instance, startInstance()]) {
      const failure = { code: 'unavailable', retryAfterSeconds: 750 / 4 };
      await expect(caller.vend('', demand)).rejects.toMatchObject(failure);
    }
    expect(emporix.tokens).toHaveLength(2);
    emporix.behaviour.expiresInSeconds = 1000;
    clock.forward(187_500);
    await expect(instance.vend('', demand)).resolves.toMatchObject({ source: 'mint' });
  });
});

test('the longest one costs four mints a lifetime, for callers every 5 s at three instances', async () => {
  const { startInstance, clock, emporix } = vending;
  const fleet = Array.from({ length: 3 }, () => startInstance());
  await clock.callEvery(5_000, 2_000_000, async () => {
    for (const instance of fleet) {
      const { response } = await instance.vend('', { minTtlMs: 750_000 });
      expect(response.expires_in).toBeGreaterThanOrEqual(750);
    }
  });
  expect(emporix.tokens).toHaveLength(8);
});
