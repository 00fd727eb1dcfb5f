// The faults of startLocal, as a consumer's test meets them: each can be switched on, and off again.

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { tokenRequest } from '../../local/token-answers.ts';
import { Opened } from '../../testbed/opened.ts';
import { until } from '../../testbed/processes/children.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';
import { SimulatedFaults } from '../../testing/faults.ts';
import { type LocalVending, startLocal } from '../../testing/index.ts';
import { call, rejected } from './call.ts';

const A = { scope: 'order.order_read' };
const B = { scope: 'price.price_manage' };

let local: LocalVending;
beforeAll(async () => {
  local = await startLocal();
});
afterEach(() => local.faults.clear());
afterAll(() => local.close());

describe.each([
  ['down', 'down'],
  ['throttled', { throttledForSeconds: 100 }],
] as const)('while the server is %s', (_, state) => {
  test('a token that is valid is vended, and a new scope set is answered with 503 and Retry-After', async () => {
    const { accessToken } = await call(local, A);
    local.faults.setServer(state);
    expect(await call(local, A)).toMatchObject({ status: 200, accessToken });
    const refused = await call(local, B);
    expect(refused).toMatchObject({ status: 503, error: 'temporarily_unavailable', source: null });
    expect(refused.retryAfterSeconds).toBeGreaterThan(0);
  });
});

test('a server that throttles names the time until it has ended', async () => {
  local.faults.setServer({ throttledForSeconds: 100 });
  const { retryAfterSeconds } = await call(local, A);
  expect(retryAfterSeconds).toBeGreaterThan(60);
  expect(retryAfterSeconds).toBeLessThan(110);
});

test('a server that throttles is healthy after that time', async () => {
  local.faults.setServer({ throttledForSeconds: 1 });
  await until('a token is vended', 30_000, async () => (await call(local, A)).status === 200);
});

test('a server that was down is asked again when it is healthy', async () => {
  local.faults.setServer('down');
  expect(await call(local, A)).toMatchObject({ status: 503 });
  local.faults.setServer('healthy');
  await until('a token is vended', 30_000, async () => (await call(local, A)).status === 200);
});

test('a slow server answers, later by the time that is named', async () => {
  await call(local, B);
  local.faults.setServer({ slowByMs: 1_000 });
  const startedAtMs = performance.now();
  expect(await call(local, A)).toMatchObject({ status: 200, source: 'mint' });
  // A timer of Node.js may end a millisecond early.
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(999);
});

describe('a token that is revoked', () => {
  test('is no longer active', async () => {
    const { accessToken } = await call(local, A);
    const { accessToken: other } = await call(local, B);
    expect([accessToken, other].map(local.isActive)).toEqual([true, true]);
    local.faults.revoke(accessToken);
    expect([accessToken, other, 'never-issued'].map(local.isActive)).toEqual([false, true, false]);
  });

  test('is vended until a caller reports it, which then gets a new one that is active', async () => {
    const { accessToken } = await call(local, A);
    local.faults.revoke(accessToken);
    expect(await call(local, A)).toMatchObject({ accessToken });
    const renewed = await call(local, { ...A, ...rejected(accessToken) });
    expect(renewed).toMatchObject({ status: 200, source: 'mint' });
    expect(local.isActive(renewed.accessToken)).toBe(true);
  });

  test('must be one that the server has issued, and the error does not quote it', () => {
    expect(() => local.faults.revoke('never-issued')).toThrow(/^The simulated Emporix has issued no such token$/);
  });
});

describe('a secret that is replaced', () => {
  const opened = new Opened();
  afterEach(() => opened.close());

  /** What startLocal composes, with the simulated Emporix that its caller doesn't see. */
  async function startWithServer() {
    const mode = await opened.keep(startBundledLocalMode({ write: () => {} }));
    const { emporix } = mode;
    if (!emporix) throw new Error('no simulated Emporix');
    return { faults: new SimulatedFaults(mode, emporix), emporix, consumer: { ...mode, credentials: mode } };
  }

  test('rightly mints new tokens from the next call on, and the server refuses the old one', async () => {
    const { faults, emporix, consumer } = await startWithServer();
    const { accessToken } = await call(consumer, A);
    await faults.replaceSecret('rightly');
    const renewed = await call(consumer, A);
    expect(renewed).toMatchObject({ status: 200, source: 'mint' });
    expect(renewed.accessToken).not.toBe(accessToken);
    const { clientId: client_id, clientSecret: client_secret } = emporix;
    expect(await emporix.answer(tokenRequest({ client_id, client_secret }))).toMatchObject({ status: 401 });
    expect(emporix.isAlive(accessToken, Date.now())).toBe(true);
  });

  test('wrongly is refused by the server, and the old one goes on minting', async () => {
    const { faults, emporix, consumer } = await startWithServer();
    await call(consumer, A);
    await faults.replaceSecret('wrongly');
    expect(await call(consumer, B)).toMatchObject({ status: 200, source: 'mint' });
    const first = { secret: emporix.clientSecret, isGranted: true };
    const asked = emporix.requests.map(({ clientSecret: secret, token }) => ({
      secret,
      isGranted: token !== undefined,
    }));
    expect(asked).toEqual([first, { secret: expect.stringMatching(/^emporix-secret-/), isGranted: false }, first]);
  });

  test('wrongly before any token was minted does not hold up the first one', async () => {
    await local.faults.replaceSecret('wrongly');
    expect(await call(local, A)).toMatchObject({ status: 200, source: 'mint' });
  });

  test('can be replaced again, rightly after wrongly and after rightly', async () => {
    const tokens = new Set<string>();
    for (const how of ['wrongly', 'rightly', 'rightly', 'wrongly'] as const) {
      await local.faults.replaceSecret(how);
      tokens.add((await call(local, A)).accessToken);
    }
    // The last one is wrong, and takes no token away.
    expect(tokens.size).toBe(3);
  });
});

describe('clear', () => {
  test.each(['down', { throttledForSeconds: 100 }] as const)(
    'ends at once what a server that is %j leaves behind',
    async (state) => {
      local.faults.setServer(state);
      expect(await call(local, A)).toMatchObject({ status: 503 });
      await local.faults.clear();
      expect(await call(local, A)).toMatchObject({ status: 200, source: 'mint' });
    },
  );

  test('ends the pause between two renewals that rejected tokens force', async () => {
    const renew = async () => {
      const { accessToken } = await call(local, A);
      local.faults.revoke(accessToken);
      return await call(local, { ...A, ...rejected(accessToken) });
    };
    expect(await renew()).toMatchObject({ status: 200 });
    expect(await renew()).toMatchObject({ status: 429, error: 'slow_down' });
    await local.faults.clear();
    expect(await renew()).toMatchObject({ status: 200, source: 'mint' });
  });

  test('puts the client secret that the server accepts', async () => {
    await local.faults.replaceSecret('rightly');
    await local.faults.replaceSecret('wrongly');
    await local.faults.replaceSecret('wrongly');
    await local.faults.clear();
    expect(await call(local, A)).toMatchObject({ status: 200, source: 'mint' });
  });

  test('does not give revoked tokens back', async () => {
    const { accessToken } = await call(local, A);
    local.faults.revoke(accessToken);
    await local.faults.clear();
    expect(local.isActive(accessToken)).toBe(false);
    expect((await call(local, A)).accessToken).not.toBe(accessToken);
  });
});
