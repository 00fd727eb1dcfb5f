// A server that hands out one token until it ends, with `expires_in` counting down. A mint brings no longer life then,
// so callers of `min_ttl` may have to wait for the next token. No mint is made in vain again and again.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

const LIFETIME_MS = 1_800_000;

let vending: Vending;
/** The token that the server hands out. */
let handedOut: { accessToken: string; endsAtMs: number };
/** The answers of the server. */
let answers: { readonly atMs: number; readonly accessToken: string }[];

beforeEach(async () => {
  handedOut = { accessToken: '', endsAtMs: 0 };
  answers = [];
  vending = await startVending({
    emporix: {
      respondWith: ({ receivedAtMs: atMs }) => {
        if (atMs >= handedOut.endsAtMs) handedOut = { accessToken: randomUUID(), endsAtMs: atMs + LIFETIME_MS };
        const { accessToken, endsAtMs } = handedOut;
        answers.push({ atMs, accessToken });
        const expires_in = Math.floor((endsAtMs - atMs) / 1000);
        return { body: JSON.stringify({ access_token: accessToken, token_type: 'Bearer', expires_in }) };
      },
    },
  });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());

/** The answers that brought the same token as the one before, each with the time since that one. */
function repeated() {
  return answers.slice(1).flatMap(({ atMs, accessToken }, index) => {
    const before = answers[index];
    return before?.accessToken === accessToken ? [{ sinceMs: atMs - before.atMs }] : [];
  });
}

describe('a caller with min_ttl 300 every 5 s', () => {
  /** @returns the outcome of each call */
  async function callForAnHour(instances: number, alsoPlain = false) {
    const fleet = fleetOf(instances);
    const outcomes: unknown[] = [];
    await vending.clock.callEvery(5_000, 3_600_000, async () => {
      for (const instance of fleet) {
        const call = instance.vend('', { minTtlMs: 300_000 });
        outcomes.push(
          await call.then(
            ({ response }) => response,
            (error: unknown) => error,
          ),
        );
        if (alsoPlain) await expect(instance.vend()).resolves.toMatchObject({ accessToken: handedOut.accessToken });
      }
    });
    return outcomes;
  }

  test.each([1, 3])(
    'is told to retry where the token lives shorter, and never that it is wrong (instances: %d)',
    async (count) => {
      const outcomes = await callForAnHour(count);
      expect(outcomes).toHaveLength(720 * count);
      const refused = outcomes.filter((outcome) => outcome instanceof Error);
      for (const failure of refused) expect(failure).toMatchObject({ code: 'unavailable' });
      for (const { retryAfterSeconds } of refused as { retryAfterSeconds?: number }[]) {
        expect(retryAfterSeconds).toBeGreaterThan(0);
        expect(retryAfterSeconds).toBeLessThanOrEqual(75);
      }
      // Of each lifetime of 1,800 s, the last 300 s.
      expect(refused.length).toBeLessThanOrEqual((2 * 300 * count) / 5);
      for (const response of outcomes.filter((outcome) => !(outcome instanceof Error))) {
        expect((response as { expires_in: number }).expires_in).toBeGreaterThanOrEqual(300);
      }
    },
  );

  test.each([
    [1, false],
    [3, false],
    [3, true],
  ])('costs one mint in 75 s at most (instances: %d, beside plain callers: %s)', async (count, alsoPlain) => {
    await callForAnHour(count, alsoPlain);
    for (const { sinceMs } of repeated()) expect(sinceMs).toBeGreaterThanOrEqual(75_000);
    expect(repeated().length).toBeGreaterThanOrEqual(2);
    expect(answers.length).toBeLessThanOrEqual(2 * 6);
  });
});

describe('plain callers', () => {
  test('every 5 s get the token until its end, and the next one then, for two mints a lifetime', async () => {
    const fleet = fleetOf(3);
    await vending.clock.callEvery(5_000, 3_600_000, async () => {
      for (const instance of fleet) {
        const { accessToken } = await instance.vend();
        expect(accessToken).toBe(handedOut.accessToken);
      }
    });
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(2);
    expect(answers).toHaveLength(4);
  });

  test('get it from memory after the renewal that brought it again', async () => {
    const instance = vending.startInstance();
    await instance.vend();
    vending.clock.forward(1_531_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    await vending.clock.callEvery(1_000, 30_000, () =>
      expect(instance.vend()).resolves.toMatchObject({ source: 'memory' }),
    );
    expect(answers).toHaveLength(2);
  });

  test.each([1_500, 900, 500, 1])(
    'who come %d ms before its end get it, or are told to retry, and have the next one 3 s later',
    async (beforeMs) => {
      const instance = vending.startInstance();
      const { accessToken } = await instance.vend();
      vending.clock.forward(LIFETIME_MS - beforeMs);
      const outcome = await instance.vend().catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toMatchObject({ code: 'unavailable' });
      vending.clock.forward(3_000);
      const next = await instance.vend();
      expect(next.accessToken).not.toBe(accessToken);
      expect(next.accessToken).toBe(handedOut.accessToken);
    },
  );
});
