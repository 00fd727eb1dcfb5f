// The scenarios in their order. Each runs on a setup of its own.

import type { Figure } from '../../testbed/figures.ts';
import type { Database } from '../../testbed/processes/database.ts';
import { killedMinter, LONG_LIFETIME_SECONDS } from './killed-minter.ts';
import { lifetimes, SHORT_LIFETIME_SECONDS } from './lifetimes.ts';
import { LOST_TABLE_LIFETIME_SECONDS, lostTable } from './lost-table.ts';
import { OUTAGE_LIFETIME_SECONDS, outage } from './outage.ts';
import { type Setup, setUp } from './setup.ts';
import { STAMPEDE_LIFETIME_SECONDS, stampede } from './stampede.ts';

export interface ChaosScenario {
  readonly name: string;
  readonly lifetimeSeconds: number;
  readonly run: (setup: Setup) => Promise<readonly Figure[]>;
}

const SCENARIOS: readonly ChaosScenario[] = [
  { name: '(a) stampede', lifetimeSeconds: STAMPEDE_LIFETIME_SECONDS, run: stampede },
  { name: '(b) ten lifetimes of 3 s', lifetimeSeconds: SHORT_LIFETIME_SECONDS, run: lifetimes },
  { name: '(c) kill -9 of the minter', lifetimeSeconds: LONG_LIFETIME_SECONDS, run: killedMinter },
  { name: '(d) token endpoint down', lifetimeSeconds: OUTAGE_LIFETIME_SECONDS, run: outage },
  { name: '(e) DynamoDB killed', lifetimeSeconds: LOST_TABLE_LIFETIME_SECONDS, run: lostTable },
];

/** @param letters which scenarios, as in `abc` */
export function scenariosOf(letters: string): readonly ChaosScenario[] {
  return SCENARIOS.filter(({ name }) => letters.includes(name.charAt(1)));
}

/** @param database undefined: each process caches for itself */
export async function runScenario(database: Database | undefined, scenario: ChaosScenario): Promise<readonly Figure[]> {
  const setup = await setUp(database, scenario.lifetimeSeconds);
  try {
    return await scenario.run(setup);
  } finally {
    await setup.close();
  }
}
