// The scenarios in their order. Each runs on a setup of its own.

import type { Figure } from '../../testbed/figures.ts';
import type { Database } from '../../testbed/processes/database.ts';
import { firewall } from './firewall.ts';
import { futureTimes } from './future-times.ts';
import { lateSecret } from './late-secret.ts';
import { lostWrites } from './lost-writes.ts';
import { newScopeSets } from './new-scope-sets.ts';
import { redeployed } from './redeployed.ts';
import { rejectedToken } from './rejected-token.ts';
import { type Setup, setUp } from './setup.ts';
import { slowServer } from './slow-server.ts';
import { unreadableSecret } from './unreadable-secret.ts';
import { wrongSecret } from './wrong-secret.ts';

interface AdversityScenario {
  readonly name: string;
  readonly run: (setup: Setup) => Promise<readonly Figure[]>;
}

const SCENARIOS: readonly AdversityScenario[] = [
  { name: '(1) a token is vended only under the profile that is deployed now', run: redeployed },
  { name: '(2) a secret that is accepted late is in use within 7 min', run: lateSecret },
  { name: '(3) a wrong secret costs one request in 5 min, and no caller a token', run: wrongSecret },
  { name: '(4) a rejected token is gone 60 s after its replacement', run: rejectedToken },
  { name: '(5) a slow server keeps no caller waiting, and costs one token at most', run: slowServer },
  { name: '(6) times that lie ahead hold nothing up', run: futureTimes },
  { name: '(6) a firewall that refuses everything changes nothing', run: firewall },
  { name: '(7) writes that fail cost no second mint and no wait', run: lostWrites },
  { name: '(8) new scope sets are limited for those who make them up only', run: newScopeSets },
  { name: '(9) a secret that cannot be used is read once in 5 s', run: unreadableSecret },
];

/** @param digits which scenarios, as in `123` */
export function scenariosOf(digits: string): readonly AdversityScenario[] {
  return SCENARIOS.filter(({ name }) => digits.includes(name.charAt(1)));
}

export async function runScenario(database: Database, { run }: AdversityScenario): Promise<readonly Figure[]> {
  const setup = await setUp(database);
  try {
    return await run(setup);
  } finally {
    await setup.close();
  }
}
