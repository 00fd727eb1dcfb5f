// The scenarios in their order, and how each is run: on a stage of its own.

import type { Database } from './database.ts';
import type { Figure, Scenario } from './figures.ts';
import { killedMinter, LONG_LIFETIME_SECONDS } from './killed-minter.ts';
import { lifetimes, SHORT_LIFETIME_SECONDS } from './lifetimes.ts';
import { LOST_TABLE_LIFETIME_SECONDS, lostTable } from './lost-table.ts';
import { OUTAGE_LIFETIME_SECONDS, outage } from './outage.ts';
import { type Stage, setStage } from './stage.ts';
import { STAMPEDE_LIFETIME_SECONDS, stampede } from './stampede.ts';

interface Play {
  readonly name: string;
  readonly lifetimeSeconds: number;
  readonly run: (stage: Stage) => Promise<readonly Figure[]>;
}

const PLAYS: readonly Play[] = [
  { name: '(a) stampede', lifetimeSeconds: STAMPEDE_LIFETIME_SECONDS, run: stampede },
  { name: '(b) ten lifetimes of 3 s', lifetimeSeconds: SHORT_LIFETIME_SECONDS, run: lifetimes },
  { name: '(c) kill -9 of the minter', lifetimeSeconds: LONG_LIFETIME_SECONDS, run: killedMinter },
  { name: '(d) token endpoint down', lifetimeSeconds: OUTAGE_LIFETIME_SECONDS, run: outage },
  { name: '(e) DynamoDB killed', lifetimeSeconds: LOST_TABLE_LIFETIME_SECONDS, run: lostTable },
];

/**
 * @param database undefined: each process caches for itself
 * @param letters which scenarios, as in `abc`
 */
export async function runScenarios(
  database: Database | undefined,
  letters: string,
  onEnd: (scenario: Scenario) => void,
): Promise<readonly Scenario[]> {
  const scenarios: Scenario[] = [];
  await database?.start();
  try {
    for (const play of PLAYS.filter(({ name }) => letters.includes(name.charAt(1)))) {
      const scenario = { name: play.name, figures: await runOne(database, play) };
      scenarios.push(scenario);
      onEnd(scenario);
    }
  } finally {
    await database?.kill();
  }
  return scenarios;
}

/** A scenario that can't be played to its end has failed; the others are played all the same. */
async function runOne(database: Database | undefined, { lifetimeSeconds, run }: Play): Promise<readonly Figure[]> {
  let stage: Stage | undefined;
  try {
    stage = await setStage(database, lifetimeSeconds);
    return await run(stage);
  } catch (error) {
    return [{ what: `stopped: ${error instanceof Error ? error.message : error}`, measured: 1, bound: { exactly: 0 } }];
  } finally {
    await stage?.close();
  }
}
