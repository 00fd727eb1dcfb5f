// The time of a request: how long a mint may take, and when none begins any more.

import { afterEach, expect, test } from '@jest/globals';
import { startVending, type Vending, type VendingOptions } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

async function start(options: VendingOptions = {}): Promise<Vending> {
  vending = await startVending(options);
  return vending;
}

test.each([
  [24_000, 8_000],
  [11_000, 8_000],
])('with %d ms to the deadline, a mint may take %d ms', async (withinMs, limitMs) => {
  const { clock, startInstance } = await start();
  clock.stop();
  let leftMs = 0;
  const instance = startInstance({
    tokenEndpoint: {
      prepare: () => {},
      mint: async (_credential, _scopes, deadlineMs) => {
        leftMs = deadlineMs - clock.nowMs();
        throw new Error('the test has its time');
      },
    },
  });
  await instance.vend('', {}, withinMs).catch(() => {});
  expect(leftMs).toBe(limitMs);
});

test('the lifetime of a token counts from the request, even if the answer is late', async () => {
  const { startInstance, clock } = await start({
    emporix: {
      expiresInSeconds: 100,
      respondWith: () => {
        clock.forward(3_000); // as if the answer took so long
        return undefined;
      },
    },
  });
  const { response } = await startInstance().vend();
  expect(Number(response.expires_in)).toBeLessThanOrEqual(97);
});

test('a caller that joins a call under way gets what it asked for', async () => {
  const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 1000 } });
  const { accessToken } = await startInstance().vend();
  clock.forward(500_000);
  const cold = startInstance();
  const [plain, demanding] = await Promise.all([cold.vend(), cold.vend('', { minTtlMs: 700_000 })]);
  expect(plain.accessToken).toBe(accessToken);
  expect(demanding.accessToken).not.toBe(accessToken);
  expect(emporix.tokens).toHaveLength(2);
});

test.each([
  ['a mint begins if the deadline leaves time for all of it', 11_000, undefined],
  ['no mint begins if the deadline leaves less time', 10_999, 'unavailable'],
])('%s', async (_, withinMs, code) => {
  const { startInstance, clock, emporix } = await start();
  clock.stop();
  const vended = startInstance().vend('', {}, withinMs);
  await (code
    ? expect(vended).rejects.toMatchObject({ code })
    : expect(vended).resolves.toMatchObject({ source: 'mint' }));
  expect(emporix.requests).toHaveLength(code ? 0 : 1);
});
