// Random histories of a fleet: calls of any interleaving, and what may happen meanwhile.

import fc from 'fast-check';
import { Scopes } from '../../lambda/oauth/scopes.ts';
import type { VendRequest } from '../../lambda/vend/state/token-state.ts';
import { Fleet } from '../../testbed/simulator/fleet.ts';
import { Ledger } from '../../testbed/simulator/ledger.ts';
import { type Latencies, mixed, NO_FAULTS, uniform } from '../../testbed/simulator/network.ts';
import type { FleetOptions } from '../../testbed/simulator/surroundings.ts';

export interface History {
  readonly fleet: Fleet;
  readonly ledger: Ledger;
}

// Errors are thrown by the thousand, and nobody reads their stacks.
Error.stackTraceLimit = 0;

type Step = (history: History) => void;

/** Time until the next step, in milliseconds. */
type Gap = (history: History) => number;

export type Plan = readonly { readonly gap: Gap; readonly step: Step }[];

/** @param tableIsSlow probability, per request */
function latencies(tableIsSlow: number): Latencies {
  const table = mixed(tableIsSlow, uniform(50, 450), uniform(1, 20));
  const none = uniform(0, 0);
  return {
    tableRead: table,
    tableWrite: table,
    secret: uniform(1, 30),
    failingSecret: uniform(400, 2_000),
    token: mixed(0.1, uniform(500, 6_000), uniform(20, 400)),
    connection: none,
    retry: none,
    retryThrottled: none,
  };
}

const CALM = { faults: NO_FAULTS, latencies: latencies(0.1) };
const SLOW = latencies(0.3);

const conditions = fc.constantFrom(
  CALM,
  { ...CALM, faults: { ...NO_FAULTS, crash: 0.03 } },
  { ...CALM, faults: { ...NO_FAULTS, secretsFail: 0.5 } },
  { ...CALM, faults: { ...NO_FAULTS, pause: 0.05 } },
  { ...CALM, faults: { ...NO_FAULTS, readsAreThrottled: 0.3 } },
  { ...CALM, faults: { ...NO_FAULTS, writesAreThrottled: 0.3 } },
  { latencies: SLOW, faults: { ...NO_FAULTS, tableLosesRequest: 0.05, tableLosesAnswer: 0.05 } },
  { ...CALM, faults: { ...NO_FAULTS, tableLosesRequest: 0.6, tableLosesAnswer: 0.3 } },
  { ...CALM, faults: { ...NO_FAULTS, serverFails: 0.4, serverLosesAnswer: 0.1 } },
  { ...CALM, faults: { ...NO_FAULTS, serverFails: 0.95 } },
  {
    latencies: SLOW,
    faults: {
      tableLosesRequest: 0.05,
      tableLosesAnswer: 0.1,
      readsAreThrottled: 0.05,
      writesAreThrottled: 0.05,
      secretsFail: 0.05,
      crash: 0.02,
      pause: 0.01,
      serverFails: 0.3,
      serverLosesAnswer: 0.1,
    },
  },
);

export const someFleet: fc.Arbitrary<FleetOptions> = fc
  .record({
    seed: fc.nat(),
    instances: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 6 }) },
      { weight: 1, arbitrary: fc.constant(40) },
    ),
    lifetimeSeconds: fc.oneof(fc.constantFrom(60, 300, 14_399), fc.integer({ min: 60, max: 14_400 })),
    clockSkewMs: fc.constantFrom(0, 500),
    conditions,
  })
  .map(({ conditions, ...options }) => ({ ...options, ...conditions, scopes: ['a', 'b'] }));

const someGap: fc.Arbitrary<Gap> = fc.oneof(
  fc.constant(() => 0),
  fc.nat({ max: 60 }).map((ms) => () => ms),
  fc.nat({ max: 12_000 }).map((ms) => () => ms),
  fc.double({ min: 0, max: 1.2, noNaN: true }).map(
    (share): Gap =>
      ({ fleet }) =>
        share * fleet.options.lifetimeSeconds * 1000,
  ),
  // around the end of the token that was issued last
  fc.integer({ min: -3_000, max: 500 }).map(
    (ms): Gap =>
      ({ fleet }) =>
        Math.max(0, (fleet.authorizationServer.tokens.at(-1)?.expiresAtMs ?? 0) + ms - fleet.time.nowMs()),
  ),
);

/** Of the traffic of one step. */
const MAX_CALLS = 300;

const index = fc.nat({ max: 7 });
const scope = fc.constantFrom('a', 'a', 'a', 'b');

function call({ fleet }: History, index: number, scope: string, demand: Partial<VendRequest> = {}): void {
  const instance = fleet.instances[index % fleet.instances.length];
  if (instance === undefined) throw new Error('a fleet has at least one instance');
  void fleet.call(instance, { scopes: Scopes.parse(scope), minTtlMs: 0, rejectedTokenSha256: undefined, ...demand });
}

const plainCall: fc.Arbitrary<Step> = fc.record({ index, scope }).map(
  ({ index, scope }) =>
    (history) =>
      call(history, index, scope),
);

const stampede: fc.Arbitrary<Step> = fc
  .record({ calls: fc.integer({ min: 2, max: 24 }), scope })
  .map(({ calls, scope }) => (history) => {
    for (let index = 0; index < calls; index++) call(history, index, scope);
  });

const callWithMinTtl: fc.Arbitrary<Step> = fc
  .record({ index, scope, share: fc.double({ min: 0, max: 0.9, noNaN: true }) })
  .map(({ index, scope, share }) => (history) => {
    call(history, index, scope, { minTtlMs: Math.floor(share * history.fleet.options.lifetimeSeconds) * 1000 });
  });

const callWithRejectedToken: fc.Arbitrary<Step> = fc.record({ index, scope }).map(({ index, scope }) => (history) => {
  const last = history.ledger.calls.findLast(({ vended, request }) => vended && String(request.scopes) === scope);
  call(history, index, scope, { rejectedTokenSha256: last?.vended?.token.sha256 ?? '0'.repeat(64) });
});

/** Every instance is called now and then, so that all of them see what changes. */
const traffic: fc.Arbitrary<Step> = fc
  .record({ everyMs: fc.integer({ min: 2_000, max: 15_000 }), rounds: fc.integer({ min: 1, max: 60 }), scope })
  .map(({ everyMs, rounds, scope }) => (history) => {
    const { time, instances } = history.fleet;
    const few = Math.min(rounds, MAX_CALLS / instances.length);
    for (let round = 0; round < few; round++) {
      for (let index = 0; index < instances.length; index++) {
        time.after((round + index / instances.length) * everyMs, () => call(history, index, scope));
      }
    }
  });

const replacement: fc.Arbitrary<Step> = fc
  .oneof(fc.constant(0), fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 1_000, max: 200_000 }))
  .map(
    (rightAfterMs) =>
      ({ fleet }) =>
        fleet.replaceSecret(rightAfterMs),
  );

const event: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: replacement },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Step>(
      ({ fleet }) => fleet.deleteExpiredItems(),
      ({ fleet }) => {
        fleet.serverIsDown = !fleet.serverIsDown;
      },
    ),
  },
);

/** By the kind of calls among the plain ones. */
export const CALLS = {
  'plain calls': plainCall,
  'calls with min_ttl among them': fc.oneof(plainCall, callWithMinTtl),
  'calls with rejected tokens among them': fc.oneof(plainCall, callWithRejectedToken),
};

export function somePlan(calls: fc.Arbitrary<Step>): fc.Arbitrary<Plan> {
  const step = fc.oneof(
    { weight: 20, arbitrary: calls },
    { weight: 6, arbitrary: stampede },
    { weight: 1, arbitrary: traffic },
    { weight: 4, arbitrary: event },
  );
  return fc.array(fc.record({ gap: someGap, step }), { minLength: 3, maxLength: 40 });
}

export async function runHistory(options: FleetOptions, plan: Plan): Promise<History> {
  const fleet = new Fleet(options);
  const history = { fleet, ledger: new Ledger(fleet) };
  const runFrom = (index: number) => {
    const next = plan[index];
    if (next === undefined) return;
    fleet.time.after(next.gap(history), () => {
      next.step(history);
      runFrom(index + 1);
    });
  };
  runFrom(0);
  await fleet.time.run();
  return history;
}
