// A secret that holds no credential, or that may not be read. It is asked for rarely, and tokens that are there are
// vended to their end. Whoever denies the secret wants minting to stop.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

const LIFETIME_SECONDS = 1_800;
const MINUTE_MS = 60_000;

let vending: Vending;
beforeEach(async () => {
  vending = await startVending({ emporix: { expiresInSeconds: LIFETIME_SECONDS } });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

/** Reads of the secret by one instance, with the version that each asked for. */
interface Read {
  readonly version: string;
  readonly atMs: number;
}

/** An instance whose reads of the secret are recorded, and are denied while `denial.name` is set. */
function startReading() {
  const reads: Read[] = [];
  const denial: { name: string | undefined } = { name: undefined };
  const instance = vending.startInstance({
    readSecret: (send, version) => {
      reads.push({ version, atMs: vending.clock.nowMs() });
      if (denial.name === undefined) return send();
      return Promise.reject(Object.assign(new Error(), { name: denial.name, $fault: 'client' }));
    },
  });
  return { instance, reads, denial };
}

/** No version is read twice within 5 s. */
function expectRareReads(reads: readonly Read[]): void {
  for (const version of new Set(reads.map((read) => read.version))) {
    const atMs = reads.filter((read) => read.version === version).map((read) => read.atMs);
    const pausesMs = atMs.slice(1).map((ms, index) => ms - (atMs[index] ?? 0));
    for (const pauseMs of pausesMs) expect(pauseMs).toBeGreaterThanOrEqual(5_000);
  }
}

const NO_CREDENTIAL = '{"client_id":"without a secret"}';
const outcomeOf = (call: Promise<{ source: string }>) =>
  call.then(
    ({ source }) => source,
    ({ code }: { code: string }) => code,
  );

describe('a secret that holds no credential', () => {
  const happenings: readonly [string, (key: string) => Promise<unknown>][] = [
    ['', () => Promise.resolve()],
    [' and no version is known to be accepted', () => vending.deleteItem('CREDENTIAL#emporix')],
  ];

  test.each(happenings)(
    'lets a cold instance vend the valid token, once from the table and then from memory%s',
    async (_, happen) => {
      const first = vending.startInstance();
      const { accessToken } = await first.vend();
      await vending.putSecretString(NO_CREDENTIAL);
      await happen(first.keyOf());
      const { instance, reads } = startReading();
      const sources: string[] = [];
      for (let call = 0; call < 200; call++) {
        const vended = await instance.vend();
        expect(vended.accessToken).toBe(accessToken);
        sources.push(vended.source);
        vending.clock.forward(10);
      }
      expect(sources).toEqual(['table', ...Array(199).fill('memory')]);
      expect(reads.filter(({ version }) => version === 'AWSCURRENT')).toHaveLength(1);
      expectRareReads(reads);
    },
  );

  test.each(happenings)('is read once in 5 s, with a call every 100 ms for a minute%s', async (_, happen) => {
    const first = vending.startInstance();
    await first.vend();
    await vending.putSecretString(NO_CREDENTIAL);
    await happen(first.keyOf());
    const { instance, reads } = startReading();
    await vending.clock.callEvery(100, 60_000, () => instance.vend());
    expect(reads.length).toBeGreaterThan(10);
    expectRareReads(reads);
  });

  test('is read once in 5 s without a token: 200 callers, one after the other or together, are told what to do', async () => {
    await vending.putSecretString(NO_CREDENTIAL);
    const { instance, reads } = startReading();
    const misconfigured = { code: 'misconfigured', message: expect.stringContaining('put-secret-value') };
    for (let call = 0; call < 200; call++)
      await expect(instance.vend(`scope_${call}`)).rejects.toMatchObject(misconfigured);
    const calls = Array.from({ length: 200 }, (_, n) => instance.vend(`scope_${n}`));
    for (const outcome of await Promise.allSettled(calls)) expect(outcome).toMatchObject({ reason: misconfigured });
    expect(reads).toHaveLength(1);
    vending.clock.forward(5_000);
    await expect(instance.vend()).rejects.toMatchObject(misconfigured);
    expect(reads).toHaveLength(2);
  });
});

describe.each(['AccessDeniedException', 'ResourceNotFoundException'])('a secret that is denied (%s)', (name) => {
  test('is read once in 5 s by a cold instance, with a valid token in the table and without', async () => {
    await vending.startInstance().vend();
    const { instance, reads, denial } = startReading();
    denial.name = name;
    await vending.clock.callEvery(50, 10_000, async () => {
      for (const scope of ['', 'order.order_read']) {
        await expect(instance.vend(scope)).rejects.toMatchObject({ code: 'misconfigured' });
      }
    });
    expect(reads.filter(({ version }) => version === 'AWSCURRENT')).toHaveLength(2);
    expectRareReads(reads);
  });

  test('is read once in 5 s by a warm instance, which vends its token from memory', async () => {
    const { instance, reads, denial } = startReading();
    await instance.vend();
    denial.name = name;
    vending.clock.forward(51_000);
    const readBefore = reads.length;
    const sources: string[] = [];
    for (let call = 0; call < 200; call++) sources.push((await instance.vend()).source);
    expect(sources).toEqual(['table', ...Array(199).fill('memory')]);
    expect(reads.length - readBefore).toBe(1);
    await vending.clock.callEvery(100, 20_000, () => instance.vend());
    expectRareReads(reads.slice(readBefore));
  });
});

describe('while access to the secret is denied', () => {
  /** Denies it to warm instances, which are called for two scope sets. @returns when each call was made, and what came */
  async function deny(everyMs: number, forMs: number) {
    const fleet = Array.from({ length: 2 }, startReading);
    const outcomes: { readonly atMs: number; readonly outcome: string }[] = [];
    for (const { instance } of fleet) await instance.vend();
    vending.clock.forward(MINUTE_MS);
    for (const { denial } of fleet) denial.name = 'AccessDeniedException';
    const deniedAtMs = vending.clock.nowMs();
    const requestsBefore = vending.emporix.requests.length;
    await vending.clock.callEvery(everyMs, forMs, async () => {
      for (const { instance } of fleet) {
        outcomes.push({ atMs: vending.clock.nowMs(), outcome: await outcomeOf(instance.vend()) });
      }
    });
    const minted = vending.emporix.requests.slice(requestsBefore).map(({ receivedAtMs }) => receivedAtMs);
    return { fleet, outcomes, minted, deniedAtMs };
  }

  test.each([
    ['two days, with calls every 4 min', 4 * MINUTE_MS, 2 * 24 * 60 * MINUTE_MS],
    ['an hour, with calls every 10 s', 10_000, 60 * MINUTE_MS],
  ])('for %s, nothing is minted, and valid tokens are vended to their end', async (_, everyMs, forMs) => {
    const { outcomes, minted, deniedAtMs } = await deny(everyMs, forMs);
    expect(minted.filter((atMs) => atMs > deniedAtMs + 5 * MINUTE_MS)).toEqual([]);
    const endsAtMs = (vending.emporix.tokens[0]?.issuedAtMs ?? 0) + LIFETIME_SECONDS * 1000;
    for (const { atMs, outcome } of outcomes) {
      expect([atMs, outcome]).toEqual([
        atMs,
        expect.stringMatching(atMs < endsAtMs - 1_000 ? /memory|table/ : /misconfigured/),
      ]);
    }
    expect(outcomes.at(-1)?.outcome).toBe('misconfigured');
    expect(vending.events()).toContainEqual(
      expect.objectContaining({
        event: 'credential_check_failed',
        CredentialCheckFailed: 1,
        error: 'misconfigured',
        system_code: 'AccessDeniedException',
      }),
    );
  });

  test.each([
    [4, 'mint'],
    [5, 'misconfigured'],
  ])('for %d min, a caller of a new scope set gets: %s', async (minutes, outcome) => {
    const { fleet } = await deny(MINUTE_MS, minutes * MINUTE_MS);
    for (const [index, { instance }] of fleet.entries()) {
      const scope = ['order.order_read', 'media.asset_manage'][index];
      expect(await outcomeOf(instance.vend(scope))).toBe(outcome);
    }
  });

  test('and after it is restored, all instances vend, mint and renew again', async () => {
    const { fleet } = await deny(4 * MINUTE_MS, 60 * MINUTE_MS);
    for (const { instance, denial } of fleet) {
      await expect(instance.vend()).rejects.toMatchObject({ code: 'misconfigured' });
      denial.name = undefined;
    }
    vending.clock.forward(5_000);
    for (const { instance } of fleet) await expect(instance.vend()).resolves.toBeDefined();
    await expect(fleet[1]?.instance.vend('order.order_read')).resolves.toMatchObject({ source: 'mint' });
    const mintedBefore = vending.emporix.tokens.length;
    await vending.clock.callEvery(10_000, LIFETIME_SECONDS * 1000, async () => {
      for (const { instance } of fleet) await expect(instance.vend()).resolves.toBeDefined();
    });
    expect(vending.emporix.tokens.length).toBe(mintedBefore + 1);
  });
});
