// How long a request waited for the lease of another instance is part of what it is vended.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
beforeEach(async () => {
  vending = await startVending();
});
afterEach(() => vending.close());

test('a request that waits for another mint says how long, and one that does not wait says nothing', async () => {
  const { clock } = vending;
  clock.stop();
  const instance = vending.startInstance();
  const leaseMs = 1_500;
  await vending.setAttributes(instance.keyOf(), {
    lease_id: { S: 'of-another-instance' },
    lease_until_ms: { N: String(clock.nowMs() + leaseMs) },
  });
  const startedAtMs = clock.nowMs();
  const { leaseWaitMs } = await instance.vend();
  expect(leaseWaitMs).toBeGreaterThanOrEqual(leaseMs);
  expect(leaseWaitMs).toBeLessThanOrEqual(Math.ceil(clock.nowMs() - startedAtMs));
  expect(await instance.vend()).not.toHaveProperty('leaseWaitMs');
});
