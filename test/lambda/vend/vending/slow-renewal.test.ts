// A renewal at a slow authorization server. Its caller has a valid token and waits only shortly for a new one. If that
// is too short, the renewal is made once more when more time may be spent on it: in the last tenth of the lifetime.

import { createHash, randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { VendingError } from '../../../../lambda/errors.ts';
import { parseTokenResponse } from '../../../../lambda/oauth/token.ts';
import type { VendWorld } from '../../../../lambda/vend/vend-function.ts';
import { type InstanceOptions, startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
beforeEach(async () => {
  vending = await startVending();
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const LIFETIME_SECONDS = 600;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;

/** A token endpoint whose answers take this long by the clock of the test, or until the mint is given up. */
class SlowServer implements NonNullable<VendWorld['tokenEndpoint']> {
  takesMs = 0;
  /** When each request was sent. */
  readonly requestsAtMs: number[] = [];

  async prepare(): Promise<void> {}
  async rehearse(): Promise<void> {}

  mint: NonNullable<VendWorld['tokenEndpoint']>['mint'] = async (_credential, scopes, deadlineMs) => {
    const { clock } = vending;
    const requestedAtMs = clock.nowMs();
    this.requestsAtMs.push(requestedAtMs);
    clock.forward(Math.min(this.takesMs, deadlineMs - requestedAtMs));
    if (clock.nowMs() >= deadlineMs) throw new VendingError('timed_out', 'the server did not answer in time');
    const body = { access_token: randomUUID(), token_type: 'Bearer', expires_in: LIFETIME_SECONDS };
    return parseTokenResponse(body, { requestedAtMs, scopes, random: 0 });
  };
}

/** An instance with a token that has this much of its lifetime left, and a server that takes long from now on. */
async function startWithTokenLeft(leftMs: number, takesMs: number) {
  const tokenEndpoint = new SlowServer();
  const instance = vending.startInstance({ tokenEndpoint });
  const { accessToken } = await instance.vend();
  vending.clock.forward(LIFETIME_MS - leftMs);
  tokenEndpoint.takesMs = takesMs;
  return { instance, accessToken, tokenEndpoint };
}

/** Makes a call. @returns how long it took by the clock of the test, and what it got */
async function timed<T>(call: Promise<T>): Promise<{ tookMs: number; vended: T }> {
  const startedAtMs = vending.clock.nowMs();
  const vended = await call;
  return { tookMs: vending.clock.nowMs() - startedAtMs, vended };
}

describe('a caller whose token is due for renewal, at a server that does not answer,', () => {
  test.each([
    [150_000, 2_000],
    [100_000, 2_000],
    [60_001, 2_000],
    [59_999, 8_000],
    [30_000, 8_000],
    [9_000, 8_000],
    [6_000, 5_000],
  ])('with %d ms of the lifetime left, waits %d ms at most and gets the valid token', async (leftMs, maxMs) => {
    const { instance, accessToken, tokenEndpoint } = await startWithTokenLeft(leftMs, 60_000);
    const { tookMs, vended } = await timed(instance.vend());
    expect(vended).toMatchObject({ accessToken });
    expect(tokenEndpoint.requestsAtMs).toHaveLength(2);
    expect(tookMs).toBeLessThanOrEqual(maxMs);
    // It uses the time that it has.
    expect(tookMs).toBeGreaterThanOrEqual(maxMs - 1_000);
  });

  const slow = (send: () => Promise<unknown>) => {
    vending.clock.forward(300);
    return send();
  };
  const throttled = () => Promise.reject(Object.assign(new Error(), { name: 'ThrottlingException' }));

  test.each<[string, InstanceOptions['faults']]>([
    ['reads the item slowly', { read: slow, readCredential: slow }],
    ['gives the lease slowly', { acquireLease: slow }],
    ['takes the postponed renewal slowly', { publish: slow }],
    ['takes no postponed renewal, because it throttles', { publish: throttled }],
    ['takes no postponed renewal, because it is away', { publish: () => Promise.reject(new Error('ECONNREFUSED')) }],
  ])('with 100 s left, waits 2 s at most also if the table %s', async (_, faults = {}) => {
    const tokenEndpoint = new SlowServer();
    const { accessToken } = await vending.startInstance({ tokenEndpoint }).vend();
    vending.clock.forward(500_000);
    tokenEndpoint.takesMs = 60_000;
    const { tookMs, vended } = await timed(vending.startInstance({ tokenEndpoint, faults }).vend());
    expect(vended).toMatchObject({ accessToken });
    expect(tookMs).toBeLessThanOrEqual(2_000);
  });

  test('with 100 s left, waits 2 s at most also if the new token comes in time and the table does not take it', async () => {
    const tokenEndpoint = new SlowServer();
    await vending.startInstance({ tokenEndpoint }).vend();
    vending.clock.forward(500_000);
    tokenEndpoint.takesMs = 1_400;
    const instance = vending.startInstance({ tokenEndpoint, faults: { publish: throttled } });
    const { tookMs, vended } = await timed(instance.vend());
    expect(vended).toMatchObject({ source: 'mint' });
    expect(tookMs).toBeLessThanOrEqual(2_000);
  });
});

describe('a renewal that was cut short', () => {
  test('is made again at nine tenths of the lifetime: the table says so to all instances', async () => {
    const { instance, accessToken, tokenEndpoint } = await startWithTokenLeft(100_000, 2_500);
    await instance.vend();
    const other = vending.startInstance({ tokenEndpoint });
    await expect(other.vend()).resolves.toMatchObject({ source: 'table', accessToken });
    const renewAtMs = (tokenEndpoint.requestsAtMs[0] ?? 0) + 0.9 * LIFETIME_MS;
    expect(vending.clock.nowMs()).toBeLessThan(renewAtMs - 20_000);
    vending.clock.forward(renewAtMs - 1 - vending.clock.nowMs());
    for (const each of [instance, other, vending.startInstance({ tokenEndpoint })]) {
      await expect(each.vend()).resolves.toMatchObject({ accessToken });
    }
    expect(tokenEndpoint.requestsAtMs).toHaveLength(2);
    vending.clock.forward(1);
    await expect(vending.startInstance({ tokenEndpoint }).vend()).resolves.toMatchObject({ source: 'mint' });
    expect(tokenEndpoint.requestsAtMs).toHaveLength(3);
  });

  test('gives the lease back, and leaves the item as it was but for the renewal point', async () => {
    const { instance } = await startWithTokenLeft(100_000, 2_500);
    const before = await vending.item(instance.keyOf());
    await instance.vend();
    const { sealed, revision, ...after } = (await vending.item(instance.keyOf())) ?? {};
    expect(after).toEqual({
      pk: before?.pk,
      credential_version: before?.credential_version,
      expires_at: before?.expires_at,
    });
    expect(sealed).not.toEqual(before?.sealed);
    expect(revision).not.toEqual(before?.revision);
  });

  test.each([2_500, 7_000])(
    'costs one discarded token a lifetime at most, at a server that always takes %d ms',
    async (takesMs) => {
      const tokenEndpoint = new SlowServer();
      tokenEndpoint.takesMs = takesMs;
      const fleet = Array.from({ length: 3 }, () => vending.startInstance({ tokenEndpoint }));
      const waitsMs: number[] = [];
      await vending.clock.callEvery(1_000, 3 * LIFETIME_MS, async () => {
        for (const instance of fleet) waitsMs.push((await timed(instance.vend())).tookMs);
      });
      // The first token, and then a renewal that is cut short and one that is not, at nine tenths of each lifetime.
      const lifetimes = Math.floor((3 * LIFETIME_MS) / (0.9 * LIFETIME_MS));
      expect(tokenEndpoint.requestsAtMs.length).toBeLessThanOrEqual(1 + 2 * lifetimes);
      expect(tokenEndpoint.requestsAtMs.length).toBeGreaterThanOrEqual(lifetimes);
      expect(waitsMs.filter((waitMs) => waitMs > 2_000)).toHaveLength(1 + lifetimes);
      expect(Math.max(...waitsMs)).toBeLessThanOrEqual(8_000);
    },
  );

  test('is repeated sooner if the token is rejected: its callers need another one', async () => {
    const { instance, tokenEndpoint } = await startWithTokenLeft(100_000, 2_500);
    const { accessToken } = await instance.vend();
    const rejectedTokenSha256 = createHash('sha256').update(accessToken).digest('hex');
    await expect(instance.vend('', { rejectedTokenSha256 })).resolves.toMatchObject({ source: 'mint' });
    expect(tokenEndpoint.requestsAtMs).toHaveLength(3);
  });
});

test('a server that answers within a second costs one request a lifetime', async () => {
  const tokenEndpoint = new SlowServer();
  tokenEndpoint.takesMs = 1_000;
  const fleet = Array.from({ length: 3 }, () => vending.startInstance({ tokenEndpoint }));
  await vending.clock.callEvery(1_000, 3 * LIFETIME_MS, async () => {
    for (const instance of fleet) await instance.vend();
  });
  expect(tokenEndpoint.requestsAtMs).toHaveLength(4);
});
