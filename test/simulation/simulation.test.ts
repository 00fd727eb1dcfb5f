// The real vendor in simulated fleets: any interleaving, clocks that are off, a network that loses things, crashes at
// every await, a server that fails, secrets that are replaced, TTL that takes what is due. SIMULATION_RUNS says how
// often (default 300), SIMULATION_SEED repeats a run that failed.

import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Faults, Fleet, type FleetOptions } from './fleet.ts';
import { violations } from './invariants.ts';

const RUNS = Number(process.env.SIMULATION_RUNS ?? 300);
const SEED = process.env.SIMULATION_SEED === undefined ? undefined : Number(process.env.SIMULATION_SEED);

const CALM: Faults = {
  tableLosesRequest: 0,
  tableLosesAnswer: 0,
  tableIsSlow: 0.1,
  crash: 0,
  pause: 0,
  serverFails: 0,
  serverLosesAnswer: 0,
};

const faults = fc.oneof(
  fc.constant(CALM),
  fc.constant({ ...CALM, crash: 0.03 }),
  fc.constant({ ...CALM, pause: 0.05 }),
  fc.constant({ ...CALM, tableLosesRequest: 0.05, tableLosesAnswer: 0.05, tableIsSlow: 0.3 }),
  fc.constant({ ...CALM, tableLosesRequest: 0.6, tableLosesAnswer: 0.3 }),
  fc.constant({ ...CALM, serverFails: 0.4, serverLosesAnswer: 0.1 }),
  fc.constant({ ...CALM, serverFails: 0.95 }),
  fc.constant({
    tableLosesRequest: 0.05,
    tableLosesAnswer: 0.1,
    tableIsSlow: 0.3,
    crash: 0.02,
    pause: 0.01,
    serverFails: 0.3,
    serverLosesAnswer: 0.1,
  }),
);

/** Time until the next step, in milliseconds, of a token's lifetime in seconds. */
const gap = fc.oneof(
  fc.constant(() => 0),
  fc.nat({ max: 60 }).map((ms) => () => ms),
  fc.nat({ max: 12_000 }).map((ms) => () => ms),
  fc
    .double({ min: 0, max: 1.2, noNaN: true })
    .map((part) => (lifetimeSeconds: number) => part * lifetimeSeconds * 1000),
);

type Step = (fleet: Fleet) => void;

const scope = fc.constantFrom('a', 'a', 'a', 'b');
const place = fc.nat({ max: 7 });
const call: fc.Arbitrary<Step> = fc
  .record({ place, scope })
  .map((given) => (fleet: Fleet) => void fleet.call(given.place, given.scope));
const demandingCall: fc.Arbitrary<Step> = fc
  .record({ place, scope, share: fc.double({ min: 0, max: 0.9, noNaN: true }), rejects: fc.boolean() })
  .map((given) => (fleet: Fleet) => {
    const minTtlMs = Math.floor(given.share * fleet.options.lifetimeSeconds) * 1000;
    const vended = fleet.calls.findLast(({ accessToken, scope }) => accessToken && scope === given.scope)?.accessToken;
    const rejectedTokenSha256 = createHash('sha256').update(String(vended)).digest('hex');
    void fleet.call(given.place, given.scope, given.rejects ? { rejectedTokenSha256 } : { minTtlMs });
  });
const stampede: fc.Arbitrary<Step> = fc
  .record({ calls: fc.integer({ min: 2, max: 24 }), scope })
  .map((given) => (fleet) => {
    for (let place = 0; place < given.calls; place++) void fleet.call(place, given.scope);
  });
const event: fc.Arbitrary<Step> = fc.constantFrom(
  (fleet: Fleet) => fleet.sweep(),
  (fleet: Fleet) => void fleet.rotations++,
  (fleet: Fleet) => {
    fleet.server.isDown = !fleet.server.isDown;
  },
);

const options = fc.record({
  seed: fc.nat(),
  instances: fc.integer({ min: 1, max: 6 }),
  lifetimeSeconds: fc.oneof(fc.constantFrom(60, 300, 14_399), fc.integer({ min: 60, max: 14_400 })),
  clockSkewMs: fc.constantFrom(0, 500),
  faults,
});

function steps(...kinds: fc.WeightedArbitrary<Step>[]) {
  return fc.array(fc.record({ gap, step: fc.oneof(...kinds) }), { minLength: 3, maxLength: 40 });
}

async function history(fleetOptions: FleetOptions, todo: readonly { gap: (s: number) => number; step: Step }[]) {
  const fleet = new Fleet(fleetOptions);
  let atMs = fleet.world.nowMs;
  for (const { gap, step } of todo) {
    atMs += gap(fleetOptions.lifetimeSeconds);
    fleet.world.at(atMs, () => step(fleet));
  }
  await fleet.world.run();
  return fleet;
}

const settings = { numRuns: RUNS, ...(SEED !== undefined && { seed: SEED }), interruptAfterTimeLimit: 600_000 };

test(`plain calls, ${RUNS} histories`, async () => {
  const todo = steps(
    { weight: 10, arbitrary: call },
    { weight: 3, arbitrary: stampede },
    { weight: 2, arbitrary: event },
  );
  await fc.assert(
    fc.asyncProperty(options, todo, async (fleetOptions, given) => {
      expect(violations(await history(fleetOptions, given))).toEqual([]);
    }),
    settings,
  );
}, 900_000);

test(`calls with min_ttl and rejected tokens among them, ${RUNS} histories`, async () => {
  const todo = steps(
    { weight: 8, arbitrary: call },
    { weight: 6, arbitrary: demandingCall },
    { weight: 2, arbitrary: stampede },
    { weight: 2, arbitrary: event },
  );
  await fc.assert(
    fc.asyncProperty(options, todo, async (fleetOptions, given) => {
      expect(violations(await history(fleetOptions, given))).toEqual([]);
    }),
    settings,
  );
}, 900_000);
