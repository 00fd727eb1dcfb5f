// Simulated fleets over a few lifetimes, of the function and of what others do: what `npm run bench:fleet` counts in
// large fleets holds in small ones.

import { describe, expect, test } from '@jest/globals';
import { Scopes } from '../../lambda/oauth/scopes.ts';
import { DESIGNS, type DesignName } from '../../testbed/simulator/designs.ts';
import { Fleet } from '../../testbed/simulator/fleet.ts';
import { Ledger } from '../../testbed/simulator/ledger.ts';
import { NO_FAULTS, uniform } from '../../testbed/simulator/network.ts';
import type { Call, TokenRequest } from '../../testbed/simulator/observer.ts';
import type { FleetOptions } from '../../testbed/simulator/surroundings.ts';
import { Traffic } from '../../testbed/simulator/traffic.ts';

const MINUTE_MS = 60_000;
const LIFETIME_SECONDS = 300;
const SETS = ['a', 'b', 'c'].map((scope) => Scopes.parse(scope));
const INSTANCES = 20;
const INSTANCE_LIFE_MS = 5 * MINUTE_MS;

const OPTIONS: FleetOptions = {
  seed: 1,
  instances: 0,
  scopes: ['a', 'b', 'c'],
  lifetimeSeconds: LIFETIME_SECONDS,
  clockSkewMs: 0,
  latencies: {
    tableRead: uniform(2, 10),
    tableWrite: uniform(3, 15),
    secret: uniform(5, 30),
    failingSecret: uniform(0, 0),
    token: uniform(200, 1_000),
    connection: uniform(10, 30),
    retry: uniform(0, 50),
    retryThrottled: uniform(0, 1_000),
  },
  faults: NO_FAULTS,
};

interface Happening {
  readonly atMinute: number;
  readonly happen: (fleet: Fleet, traffic: Traffic) => void;
}

interface Story {
  readonly happenings?: readonly Happening[];
  readonly seed?: number;
  /** @default instances live on */
  readonly instanceLifeMs?: number;
}

/** Each instance gets one call a second. */
async function run(design: DesignName, minutes: number, story: Story = {}) {
  const { happenings = [], seed = 1, instanceLifeMs } = story;
  const fleet = new Fleet({ ...OPTIONS, ...DESIGNS[design], seed });
  const ledger = new Ledger(fleet);
  const scopesOfCall = () => SETS[Math.floor(fleet.chance.random() * SETS.length)];
  const traffic = new Traffic(fleet, { callsPerSecond: 1, instanceLifeMs, scopesOfCall });
  traffic.startInstances(INSTANCES, 5_000);
  for (const { atMinute, happen } of happenings) {
    fleet.time.after(atMinute * MINUTE_MS, () => happen(fleet, traffic));
  }
  await fleet.time.run(minutes * MINUTE_MS);
  return { fleet, ledger };
}

/** How many tokens were issued, by what was due: one per scope set, at the start and since each renewal point. */
function mintsPerLifetime(fleet: Fleet, requests: readonly TokenRequest[]): number {
  let due = 0;
  const mintedAtMs = new Map<string, number>();
  for (const { scopes, arrivedAtMs } of requests) {
    const beforeMs = mintedAtMs.get(String(scopes)) ?? Number.NEGATIVE_INFINITY;
    if (arrivedAtMs - beforeMs > 0.74 * fleet.options.lifetimeSeconds * 1000) due++;
    mintedAtMs.set(String(scopes), arrivedAtMs);
  }
  return requests.length / due;
}

/** Whether the instance had vended a token for the same scopes before. */
function hadToken({ calls }: Ledger, { instance, request, startedAtMs }: Call): boolean {
  return calls.some(
    (call) =>
      call.instance === instance &&
      String(call.request.scopes) === String(request.scopes) &&
      call.vended !== undefined &&
      (call.endedAtMs ?? startedAtMs) < startedAtMs,
  );
}

function expiredVended({ ledger, fleet }: Awaited<ReturnType<typeof run>>): number {
  return ledger.calls.filter(
    ({ vended, endedAtMs = 0 }) => vended && !fleet.authorizationServer.isAlive(vended.token.accessToken, endedAtMs),
  ).length;
}

describe('a token is minted', () => {
  test.each([1, 2, 3])(
    'once per scope set and lifetime, and without the table only by an instance that has none (seed %i)',
    async (seed) => {
      let outage = { fromMs: 0, untilMs: 0 };
      const loseTable = (fleet: Fleet) => {
        fleet.regionIsAway = true;
        outage = { fromMs: fleet.time.nowMs(), untilMs: fleet.time.nowMs() + MINUTE_MS };
        fleet.time.after(MINUTE_MS, () => {
          fleet.regionIsAway = false;
        });
      };
      const happenings: Happening[] = [
        { atMinute: 1, happen: (_, traffic) => traffic.deploy(5_000) },
        { atMinute: 2, happen: loseTable },
      ];
      const { fleet, ledger } = await run('ours', 17, { happenings, instanceLifeMs: INSTANCE_LIFE_MS, seed });
      expect(ledger.calls.length).toBeGreaterThan(0.9 * INSTANCES * 17 * 60);
      const isInOutage = (atMs: number) => atMs >= outage.fromMs && atMs <= outage.untilMs;
      const requests = ledger.tokenRequests.filter(({ arrivedAtMs }) => !isInOutage(arrivedAtMs));
      expect(requests.length).toBeGreaterThanOrEqual(3 * 4);
      expect(mintsPerLifetime(fleet, requests)).toBe(1);
      const mintedInOutage = ledger.calls.filter(
        (call) => isInOutage(call.startedAtMs) && call.vended?.source === 'mint',
      );
      expect(mintedInOutage.filter((call) => hadToken(ledger, call))).toEqual([]);
      expect(expiredVended({ fleet, ledger })).toBe(0);
    },
  );

  test('once more per scope set when the credential is replaced', async () => {
    const replace = (fleet: Fleet) => fleet.replaceSecret();
    const { ledger } = await run('ours', 3.4, { happenings: [{ atMinute: 2, happen: replace }] });
    expect(ledger.tokenRequests).toHaveLength(2 * SETS.length);
  });

  test.each(['own', 'shared'] as const)('more often by a fleet that works as "%s" does', async (design) => {
    const { fleet, ledger } = await run(design, 17, { instanceLifeMs: INSTANCE_LIFE_MS });
    expect(mintsPerLifetime(fleet, ledger.tokenRequests)).toBeGreaterThan(1.2);
  });
});

test('a fleet that renews only at the end of a token lets callers wait, though it mints once too', async () => {
  const [ahead, atTheEnd] = await Promise.all([run('ours', 17), run('lease', 17)]);
  expect(mintsPerLifetime(ahead.fleet, ahead.ledger.tokenRequests)).toBe(1);
  expect(mintsPerLifetime(atTheEnd.fleet, atTheEnd.ledger.tokenRequests)).toBe(1);
  const slowRenewals = ({ fleet, ledger }: typeof ahead) => {
    const fromMs = fleet.time.nowMs() - fleet.time.elapsedMs + MINUTE_MS;
    return ledger.calls.filter(
      ({ startedAtMs, endedAtMs = 0 }) => startedAtMs > fromMs && endedAtMs - startedAtMs > 100,
    );
  };
  // In a fleet that renews ahead, only the callers who mint wait for the authorization server.
  const sources = slowRenewals(ahead).map(({ vended }) => vended?.source);
  expect(new Set(sources)).toEqual(new Set(['mint']));
  expect(slowRenewals(atTheEnd).length).toBeGreaterThan(2 * sources.length);
});

test('the same seed gives the same history, another seed another one', async () => {
  const calls = async (seed: number) =>
    (await run('ours', 3, { seed })).ledger.calls.map(({ startedAtMs, endedAtMs, vended }) => [
      startedAtMs,
      endedAtMs,
      vended?.token.sha256,
    ]);
  const once = await calls(1);
  expect(await calls(1)).toEqual(once);
  expect(await calls(2)).not.toEqual(once);
});
