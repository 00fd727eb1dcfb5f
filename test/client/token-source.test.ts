// The token of one scope set over time, in simulated time: when it is asked for again, who waits, and what is never handed
// out.

import { createHash } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { TokenVendingError } from '../../client/errors.ts';
import { TokenSource } from '../../client/token-source.ts';
import type { SentToken } from '../../client/vending-endpoint.ts';
import { SimulatedRuntime } from '../../testbed/simulated-runtime.ts';

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 30_000;
const LATENCY_MS = 100;

let runtime: SimulatedRuntime;
let requests: { atMs: number; parameters: Readonly<Record<string, string>>; repeat: boolean }[];
/** What the endpoint answers. A number: with a new token that lives so long. */
let answer: (index: number) => number | { accessToken: string; lifetimeMs: number } | Error;
let latencyMs: number;
let source: TokenSource;

beforeEach(() => {
  runtime = new SimulatedRuntime();
  requests = [];
  answer = () => HOUR_MS;
  latencyMs = LATENCY_MS;
  source = new TokenSource({ request, runtime, timeoutMs: TIMEOUT_MS });
});

async function request(parameters: Readonly<Record<string, string>>, repeat: boolean): Promise<SentToken> {
  const index = requests.push({ atMs: runtime.time.elapsedMs, parameters, repeat }) - 1;
  const sentAt = runtime.now();
  await runtime.sleep(latencyMs, undefined);
  const answered = answer(index);
  if (answered instanceof Error) throw answered;
  const token = typeof answered === 'number' ? { accessToken: `token-${index}`, lifetimeMs: answered } : answered;
  return { ...token, scopes: ['a'], tenant: undefined, sentAt };
}

/** What a call gets, once time has passed as far as it needs: the token's name, or the error's code. */
async function get(minTtlSeconds = 0, signal?: AbortSignal): Promise<string> {
  let result: string | undefined;
  source.get(minTtlSeconds, signal).then(
    ({ accessToken }) => {
      result = accessToken;
    },
    (error: unknown) => {
      result = error instanceof TokenVendingError ? error.code : String(error);
    },
  );
  for (let step = 0; result === undefined && step < 10_000; step++) await runtime.pass(10);
  return result ?? 'nothing';
}

/** What a call gets without any wait. */
async function getNow(): Promise<string | undefined> {
  const settled = await source.settled;
  if (settled) return settled.accessToken;
  const pending = Symbol('pending');
  const got = await Promise.race([source.get(0, undefined), new Promise((resolve) => setImmediate(resolve, pending))]);
  return got === pending ? undefined : (got as { accessToken: string }).accessToken;
}

const down = () => new TokenVendingError('unreachable', 'down');

describe('one request at a time', () => {
  test('1,000 calls at once share one request', async () => {
    const calls = Array.from({ length: 1000 }, () => source.get(0, undefined));
    await runtime.pass(LATENCY_MS);
    expect(new Set((await Promise.all(calls)).map(({ accessToken }) => accessToken))).toEqual(new Set(['token-0']));
    expect(requests).toHaveLength(1);
  });

  test('1,000 calls at once share one failure, and the next call asks again', async () => {
    answer = (index) => (index === 0 ? down() : HOUR_MS);
    const calls = Array.from({ length: 1000 }, () => source.get(0, undefined));
    const settled = Promise.allSettled(calls);
    await runtime.pass(LATENCY_MS);
    expect(new Set((await settled).map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect(requests).toHaveLength(1);
    expect(await get()).toBe('token-1');
  });

  test('a call with a min_ttl waits for the request under way, and asks itself if that token is too short', async () => {
    answer = (index) => (index === 0 ? 600_000 : HOUR_MS);
    const [plain, long] = [source.get(0, undefined), source.get(1800, undefined)];
    await runtime.pass(2 * LATENCY_MS);
    expect((await plain).accessToken).toBe('token-0');
    expect((await long).accessToken).toBe('token-1');
    expect(requests.map(({ parameters }) => parameters)).toEqual([{}, { min_ttl: '1800' }]);
    expect(requests[1]?.atMs).toBe(LATENCY_MS);
  });

  test('a failure for a min_ttl is not the failure of calls without one', async () => {
    answer = (index) => (index === 0 ? new TokenVendingError('invalid_request', 'min_ttl') : HOUR_MS);
    const [long, plain] = [source.get(9_999, undefined), source.get(0, undefined)];
    const failure = expect(long).rejects.toMatchObject({ code: 'invalid_request' });
    await runtime.pass(2 * LATENCY_MS);
    await failure;
    expect((await plain).accessToken).toBe('token-1');
  });

  test('a signal ends the wait of its own call only', async () => {
    const controller = new AbortController();
    const [one, other] = [source.get(0, controller.signal), source.get(0, undefined)];
    const ended = expect(one).rejects.toBe('enough');
    controller.abort('enough');
    await runtime.pass(LATENCY_MS);
    await ended;
    expect((await other).accessToken).toBe('token-0');
    await expect(source.get(0, AbortSignal.abort('before'))).rejects.toBe('before');
  });
});

describe('renewal', () => {
  test.each([
    [0, 0.8],
    [0.999, 0.9],
  ])('with the chance %d it begins at %d of the lifetime, in the background', async (chance, part) => {
    runtime.chance = chance;
    await get();
    await runtime.pass(HOUR_MS * part - 10_000);
    expect(await getNow()).toBe('token-0');
    expect(requests).toHaveLength(1);
    await runtime.pass(20_000);
    expect(await getNow()).toBe('token-0');
    expect(requests).toHaveLength(2);
    expect(requests[1]?.repeat).toBe(false);
    await runtime.pass(LATENCY_MS);
    expect(await getNow()).toBe('token-1');
  });

  test('nothing is asked between calls', async () => {
    await get();
    await runtime.pass(100 * HOUR_MS);
    expect(requests).toHaveLength(1);
  });

  test('a server with one token until its end is asked at half of what is left, and at most once in 5 s', async () => {
    answer = () => ({ accessToken: 'the-one', lifetimeMs: HOUR_MS - runtime.time.elapsedMs });
    await get();
    for (let step = 0; step < HOUR_MS / 1000 - 2; step++) {
      await runtime.pass(1000);
      if (runtime.time.elapsedMs < HOUR_MS - 2_000) expect(await getNow()).toBe('the-one');
    }
    const gapsMs = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(5_000);
    expect(requests.length).toBeLessThan(15);
    // 85 % of the hour, then half of the 540 s that are left, and so on.
    expect(gapsMs.slice(0, 3).map((ms) => Math.round(ms / 30_000) * 30)).toEqual([3060, 270, 150]);
  });

  test.each([6, 8, 12])('of a token with %d s to live is made at most once in 5 s', async (seconds) => {
    answer = () => ({ accessToken: 'the-one', lifetimeMs: seconds * 1000 });
    for (let step = 0; step < 600; step++) {
      await get();
      await runtime.pass(100);
    }
    const gapsMs = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
    expect(gapsMs.length).toBeGreaterThan(5);
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(5_000);
  });

  test('that fails in the background is not the failure of a caller who came meanwhile', async () => {
    answer = () => 40_000;
    await get();
    await runtime.pass(34_000);
    latencyMs = 20_000;
    answer = (index) => (index === 1 ? down() : 40_000);
    await getNow();
    await runtime.pass(6_000);
    latencyMs = LATENCY_MS;
    expect(await get()).toBe('token-2');
  });

  test('while it fails, callers get the valid token, and it is tried at most once in 30 s', async () => {
    await get();
    answer = down;
    await runtime.pass(0.91 * HOUR_MS);
    const fromMs = runtime.time.elapsedMs;
    for (let step = 0; step < 60; step++) {
      expect(await getNow()).toBe('token-0');
      await runtime.pass(1000);
    }
    expect(requests.filter(({ atMs }) => atMs >= fromMs).length).toBe(2);
    answer = () => HOUR_MS;
    await runtime.pass(45_000);
    await getNow();
    await runtime.pass(LATENCY_MS);
    expect(await getNow()).toBe('token-3');
  });

  test('a Retry-After is honoured', async () => {
    await get();
    answer = () => new TokenVendingError('temporarily_unavailable', 'later', { retryAfterSeconds: 120 });
    await runtime.pass(0.91 * HOUR_MS);
    await getNow();
    await runtime.pass(119_000);
    await getNow();
    expect(requests).toHaveLength(2);
    await runtime.pass(2_000);
    await getNow();
    expect(requests).toHaveLength(3);
  });

  test('comes no earlier because a min_ttl was refused', async () => {
    answer = (index) => (index === 1 ? new TokenVendingError('invalid_request', 'min_ttl') : HOUR_MS);
    await get();
    expect(await get(9_999)).toBe('invalid_request');
    await runtime.pass(0.5 * HOUR_MS);
    expect(await getNow()).toBe('token-0');
    expect(requests).toHaveLength(2);
  });

  test('near the end a caller waits for it, and gets the valid token if it fails', async () => {
    await get();
    await runtime.pass(HOUR_MS - 20_000);
    expect(await get()).toBe('token-1');
    await runtime.pass(HOUR_MS - 20_000);
    answer = down;
    expect(await get()).toBe('token-1');
    expect(requests.map(({ repeat }) => repeat)).toEqual([true, false, false]);
  });

  test('near the end a caller of a hanging server gets the valid token in time', async () => {
    await get();
    await runtime.pass(HOUR_MS - 20_000);
    latencyMs = 29_000;
    const fromMs = runtime.time.elapsedMs;
    expect(await get()).toBe('token-0');
    expect(runtime.time.elapsedMs - fromMs).toBeLessThan(20_000);
  });
});

describe('the life of a token', () => {
  test('is counted from the moment its request was sent', async () => {
    latencyMs = 20_000;
    answer = () => 30_000;
    expect(await get()).toBe('token-0');
    await runtime.pass(8_000);
    expect(await get()).toBe('token-0');
    await runtime.pass(2_000);
    answer = () => HOUR_MS;
    expect(await get()).toBe('token-1');
  });

  test.each<[string, () => Promise<void> | void]>([
    ['was suspended for longer than the token lived', () => runtime.suspend(HOUR_MS)],
    [
      'has put its wall clock back by a day',
      async () => {
        runtime.wallAheadMs = -24 * HOUR_MS;
        await runtime.pass(HOUR_MS);
      },
    ],
    [
      'has put its wall clock an hour ahead',
      () => {
        runtime.wallAheadMs = HOUR_MS;
      },
    ],
  ])('is over for a machine that %s', async (_, happen) => {
    await get();
    await happen();
    expect(source.settled).toBeUndefined();
    expect(await get()).toBe('token-1');
  });

  test.each([0.5, 1, 2, 5, 10, 60, 3_600])('of %d s: a token is never handed out after its end', async (seconds) => {
    answer = () => seconds * 1000;
    latencyMs = 10;
    for (let step = 0; step < 300; step++) {
      const got = await get();
      const issued = requests[Number(got.slice('token-'.length))];
      expect(runtime.time.elapsedMs - (issued?.atMs ?? 0)).toBeLessThanOrEqual(seconds * 1000);
      await runtime.pass(seconds * 17);
    }
  });

  test('has an end by the wall clock, which nobody can change', async () => {
    const calling = source.get(0, undefined);
    await runtime.pass(LATENCY_MS);
    const token = await calling;
    expect(token.expiresAt.getTime()).toBe(runtime.time.nowMs() - LATENCY_MS + HOUR_MS);
    expect(() => Object.assign(token, { accessToken: 'mine' })).toThrow(TypeError);
  });
});

describe('a frozen process', () => {
  test('does not join a request that is older than its time limit', async () => {
    latencyMs = 100 * HOUR_MS;
    source.get(0, undefined).catch(() => {});
    await runtime.suspend(HOUR_MS);
    latencyMs = LATENCY_MS;
    expect(await get()).toBe('token-1');
  });

  test('does not let the late answer of an old request replace a newer token', async () => {
    latencyMs = TIMEOUT_MS + 60_000;
    source.get(0, undefined).catch(() => {});
    await runtime.pass(TIMEOUT_MS + 1_000);
    latencyMs = LATENCY_MS;
    expect(await get()).toBe('token-1');
    await runtime.pass(60_000);
    expect(await get()).toBe('token-1');
  });

  test('does not hand out a token that has ended before its answer was read', async () => {
    const calling = source.get(0, undefined).catch((error: unknown) => error);
    runtime.wallAheadMs = HOUR_MS;
    await runtime.pass(LATENCY_MS);
    expect(await calling).toMatchObject({ code: 'unreachable' });
    expect(await get()).toBe('token-1');
  });

  test('does not hand out a token that has ended while its renewal was waited for', async () => {
    await get();
    await runtime.pass(HOUR_MS - 20_000);
    latencyMs = 100 * HOUR_MS;
    const calling = source.get(0, undefined).catch((error: unknown) => error);
    runtime.wallAheadMs = HOUR_MS;
    await runtime.pass(20_000);
    expect(await calling).toMatchObject({ code: 'unreachable' });
  });

  test('ends the wait for a request that never ends', async () => {
    latencyMs = 100 * HOUR_MS;
    expect(await get()).toBe('unreachable');
    expect(runtime.time.elapsedMs).toBeLessThan(TIMEOUT_MS + 2_000);
  });
});

describe('a rejected token', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  test('is replaced by the next call, which reports it', async () => {
    await get();
    source.reject('another one');
    expect(await getNow()).toBe('token-0');
    source.reject('token-0');
    expect(await get()).toBe('token-1');
    expect(requests[1]?.parameters).toEqual({ rejected_token_sha256: sha256('token-0') });
    expect(await getNow()).toBe('token-1');
  });

  test('is not handed out while it cannot be replaced', async () => {
    await get();
    source.reject('token-0');
    answer = down;
    expect(await get()).toBe('unreachable');
    answer = () => HOUR_MS;
    expect(await get()).toBe('token-2');
  });

  test('is handed out again if the server has no other one', async () => {
    answer = () => ({ accessToken: 'the-one', lifetimeMs: HOUR_MS });
    await get();
    source.reject('the-one');
    expect(await get()).toBe('the-one');
    expect(await getNow()).toBe('the-one');
  });

  test('is not what a call gets that came after the report, though another one waits for the old answer', async () => {
    await get();
    await runtime.pass(HOUR_MS / 2);
    answer = (index) => (index === 1 ? { accessToken: 'token-0', lifetimeMs: HOUR_MS } : HOUR_MS);
    const before = source.get(3000, undefined);
    source.reject('token-0');
    expect(await get(3000)).toBe('token-2');
    expect((await before).accessToken).toBe('token-0');
  });

  test('is not what a call gets that was waiting for its renewal', async () => {
    await get();
    await runtime.pass(HOUR_MS - 20_000);
    answer = (index) => (index === 1 ? { accessToken: 'token-0', lifetimeMs: 20_000 } : HOUR_MS);
    const before = source.get(0, undefined);
    source.reject('token-0');
    expect(await get()).toBe('token-2');
    expect((await before).accessToken).toBe('token-2');
  });

  test('is not handed out because a request that was sent before brings it again', async () => {
    await get();
    await runtime.pass(0.91 * HOUR_MS);
    answer = (index) => (index === 1 ? { accessToken: 'token-0', lifetimeMs: 300_000 } : HOUR_MS);
    await getNow();
    source.reject('token-0');
    expect(await get()).toBe('token-2');
    expect(requests.map(({ parameters }) => Object.keys(parameters))).toEqual([[], [], ['rejected_token_sha256']]);
  });
});

describe('reports of refused tokens', () => {
  test('an API that refuses each token leads to one report in 5 min', async () => {
    const reportedAtMs: number[] = [];
    for (let step = 0; step < 3600; step += 10) {
      const token = await get();
      const before = requests.length;
      if (source.reportRefused(token)) await get();
      if (requests.length > before) reportedAtMs.push(runtime.time.elapsedMs);
      await runtime.pass(10_000);
    }
    const gapsMs = reportedAtMs.slice(1).map((atMs, index) => atMs - (reportedAtMs[index] ?? 0));
    expect(gapsMs.length).toBeGreaterThan(9);
    expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(300_000);
  });

  test('once the replacement was taken, the next refusal is reported at once', async () => {
    expect(source.reportRefused(await get())).toBe(true);
    const second = await get();
    source.noteSecondAnswer(false);
    expect(source.reportRefused(second)).toBe(true);
    expect(await get()).toBe('token-2');
  });

  test.each([[[true, false]], [[false, true]]])(
    'if one request was refused again and another one was not (%j), nothing is reported for 5 min',
    async (secondAnswers) => {
      source.reportRefused(await get());
      const second = await get();
      await runtime.pass(60_000);
      for (const isRefused of secondAnswers) source.noteSecondAnswer(isRefused);
      await runtime.pass(299_000);
      expect(source.reportRefused(second)).toBe(false);
      expect(await get()).toBe(second);
      await runtime.pass(2_000);
      expect(source.reportRefused(second)).toBe(true);
    },
  );

  test('a token that is replaced already is not reported, and another one can be had', async () => {
    await get();
    source.reject('token-0');
    await get();
    expect(source.reportRefused('token-0')).toBe(true);
    expect(await getNow()).toBe('token-1');
  });
});
