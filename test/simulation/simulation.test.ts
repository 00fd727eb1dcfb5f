// The real vendor in simulated fleets: any interleaving, clocks that are off, a network that loses things, crashes at
// every await, a server that fails, secrets that are replaced, TTL that takes what is due. SIMULATION_RUNS says how
// often (default 300); SIMULATION_SEED with what (default 1, so that a run can be repeated; `random` looks elsewhere).

import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Faults, Fleet, type FleetOptions } from './fleet.ts';
import { violations } from './invariants.ts';

const RUNS = Number(process.env.SIMULATION_RUNS ?? 300);
const { SIMULATION_SEED = '1' } = process.env;
const SEED = SIMULATION_SEED === 'random' ? undefined : Number(SIMULATION_SEED);

const CALM: Faults = {
  tableLosesRequest: 0,
  tableLosesAnswer: 0,
  tableIsSlow: 0.1,
  readsAreThrottled: 0,
  secretsFail: 0,
  crash: 0,
  pause: 0,
  serverFails: 0,
  serverLosesAnswer: 0,
};

const faults = fc.oneof(
  fc.constant(CALM),
  fc.constant({ ...CALM, crash: 0.03 }),
  fc.constant({ ...CALM, secretsFail: 0.5 }),
  fc.constant({ ...CALM, pause: 0.05 }),
  fc.constant({ ...CALM, readsAreThrottled: 0.3 }),
  fc.constant({ ...CALM, tableLosesRequest: 0.05, tableLosesAnswer: 0.05, tableIsSlow: 0.3 }),
  fc.constant({ ...CALM, tableLosesRequest: 0.6, tableLosesAnswer: 0.3 }),
  fc.constant({ ...CALM, serverFails: 0.4, serverLosesAnswer: 0.1 }),
  fc.constant({ ...CALM, serverFails: 0.95 }),
  fc.constant({
    tableLosesRequest: 0.05,
    tableLosesAnswer: 0.1,
    tableIsSlow: 0.3,
    readsAreThrottled: 0.05,
    secretsFail: 0.05,
    crash: 0.02,
    pause: 0.01,
    serverFails: 0.3,
    serverLosesAnswer: 0.1,
  }),
);

type Step = (fleet: Fleet) => void;

/** Time until the next step. */
type Gap = (fleet: Fleet) => number;

const gap: fc.Arbitrary<Gap> = fc.oneof(
  fc.constant(() => 0),
  fc.nat({ max: 60 }).map((ms) => () => ms),
  fc.nat({ max: 12_000 }).map((ms) => () => ms),
  fc.double({ min: 0, max: 1.2, noNaN: true }).map(
    (share): Gap =>
      (fleet) =>
        share * fleet.options.lifetimeSeconds * 1000,
  ),
  // around the end of the token that was issued last
  fc.integer({ min: -3_000, max: 500 }).map(
    (ms): Gap =>
      (fleet) =>
        Math.max(0, fleet.server.lastEndsAtMs + ms - fleet.world.nowMs),
  ),
);

const place = fc.nat({ max: 7 });
const scope = fc.constantFrom('a', 'a', 'a', 'b');

const call: fc.Arbitrary<Step> = fc.record({ place, scope }).map(
  ({ place, scope }) =>
    (fleet) =>
      void fleet.call(place, scope),
);

const stampede: fc.Arbitrary<Step> = fc
  .record({ calls: fc.integer({ min: 2, max: 24 }), scope })
  .map(({ calls, scope }) => (fleet) => {
    for (let place = 0; place < calls; place++) void fleet.call(place, scope);
  });

const callWithMinTtl: fc.Arbitrary<Step> = fc
  .record({ place, scope, share: fc.double({ min: 0, max: 0.9, noNaN: true }) })
  .map(({ place, scope, share }) => (fleet) => {
    void fleet.call(place, scope, { minTtlMs: Math.floor(share * fleet.options.lifetimeSeconds) * 1000 });
  });

const callWithRejectedToken: fc.Arbitrary<Step> = fc.record({ place, scope }).map(({ place, scope }) => (fleet) => {
  const vended = fleet.calls.findLast((call) => call.accessToken !== undefined && call.scope === scope)?.accessToken;
  const rejectedTokenSha256 = createHash('sha256').update(String(vended)).digest('hex');
  void fleet.call(place, scope, { rejectedTokenSha256 });
});

const event: fc.Arbitrary<Step> = fc.constantFrom<Step>(
  (fleet) => fleet.sweep(),
  (fleet) => fleet.replaceSecret(true),
  (fleet) => fleet.replaceSecret(false),
  (fleet) => {
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

async function history(fleetOptions: FleetOptions, todo: readonly { gap: Gap; step: Step }[]): Promise<Fleet> {
  const fleet = new Fleet(fleetOptions);
  const go = (place: number) => {
    const next = todo[place];
    if (next === undefined) return;
    fleet.world.at(fleet.world.nowMs + next.gap(fleet), () => {
      next.step(fleet);
      go(place + 1);
    });
  };
  go(0);
  await fleet.world.run();
  return fleet;
}

test.each([
  ['plain calls', call],
  ['calls with min_ttl among them', fc.oneof(call, callWithMinTtl)],
  ['calls with rejected tokens among them', fc.oneof(call, callWithRejectedToken)],
])(
  `no history violates a promise: %s, ${RUNS} histories`,
  async (_, calls) => {
    const step = fc.oneof(
      { weight: 10, arbitrary: calls },
      { weight: 3, arbitrary: stampede },
      { weight: 2, arbitrary: event },
    );
    const todo = fc.array(fc.record({ gap, step }), { minLength: 3, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(options, todo, async (fleetOptions, given) => {
        expect(violations(await history(fleetOptions, given))).toEqual([]);
      }),
      { numRuns: RUNS, ...(SEED !== undefined && { seed: SEED }) },
    );
  },
  900_000,
);
