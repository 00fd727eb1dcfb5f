// The real vendor in simulated fleets: any interleaving, clocks that are off, a network that loses things, crashes at
// every await, a server that fails, secrets that are replaced, TTL that deletes what is due. SIMULATION_RUNS is the number
// of histories (default 300). SIMULATION_SEED chooses them (default 1, so that a run can be repeated; `random` gives others).

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CALLS, runHistory, someFleet, somePlan } from './history.ts';
import { violations } from './invariants.ts';

const RUNS = Number(process.env.SIMULATION_RUNS ?? 300);
const { SIMULATION_SEED = '1' } = process.env;
const SEED = SIMULATION_SEED === 'random' ? undefined : Number(SIMULATION_SEED);

test.each(Object.entries(CALLS))(
  `no history violates a promise: %s, ${RUNS} histories`,
  async (_, calls) => {
    await fc.assert(
      fc.asyncProperty(someFleet, somePlan(calls), async (options, plan) => {
        expect(violations(await runHistory(options, plan))).toEqual([]);
      }),
      { numRuns: RUNS, ...(SEED !== undefined && { seed: SEED }) },
    );
  },
  900_000,
);
