// A TokenClient lives through what happens to its server: a replaced secret, an outage, and the end of its tokens.

import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { TokenClient } from '../../client/index.ts';
import { type LocalVending, startLocal } from '../../testing/index.ts';

let local: LocalVending;
beforeAll(async () => {
  local = await startLocal();
});
afterEach(() => local.faults.clear());
afterAll(() => local.close());

const [ORDERS, PRICES] = [{ scope: 'order.order_read' }, { scope: 'price.price_manage' }];

test('a secret that is replaced rightly is noticed by no caller', async () => {
  const { getToken } = new TokenClient(local);
  const before = await getToken(ORDERS);
  await local.faults.replaceSecret('rightly');
  expect(await getToken(ORDERS)).toBe(before);
  expect(local.isActive((await getToken(PRICES)).accessToken)).toBe(true);
});

test('a secret that is replaced wrongly is noticed by no caller', async () => {
  const { getToken } = new TokenClient(local);
  await getToken(ORDERS);
  await local.faults.replaceSecret('wrongly');
  expect(local.isActive((await getToken(PRICES)).accessToken)).toBe(true);
});

test('while the server is down, the kept token is handed out, and other scopes fail with the time to wait', async () => {
  const { getToken } = new TokenClient({ ...local, timeoutMs: 4_000 });
  const before = await getToken(ORDERS);
  local.faults.setServer('down');
  expect(await getToken(ORDERS)).toBe(before);
  await expect(getToken(PRICES)).rejects.toMatchObject({
    code: 'temporarily_unavailable',
    status: 503,
    retryAfterSeconds: expect.any(Number),
  });
  local.faults.setServer('healthy');
});

test('a server that throttles is waited for, within the time limit', async () => {
  const { getToken } = new TokenClient(local);
  await getToken(ORDERS);
  local.faults.setServer({ throttledForSeconds: 2 });
  expect(local.isActive((await getToken(PRICES)).accessToken)).toBe(true);
});
