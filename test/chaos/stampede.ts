// (a) 2,000 cold requests at once over 16 processes, none of which has a token, a credential or a connection.

import type { Figure } from './figures.ts';
import { FLEET_SIZE } from './fleet.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const STAMPEDE_LIFETIME_SECONDS = 14_399;
const REQUESTS = 2_000;
const SCOPE = 'chaos.key_0';

export async function stampede({ emporix, fleet }: Stage): Promise<readonly Figure[]> {
  const ledger = new Ledger(emporix, STAMPEDE_LIFETIME_SECONDS);
  const each = REQUESTS / FLEET_SIZE;
  const startedMs = performance.now();
  const answers = await Promise.all(
    fleet.instances.flatMap((instance) => Array.from({ length: each }, () => instance.call(SCOPE))),
  );
  const allAnsweredMs = Math.round(performance.now() - startedMs);
  for (const answer of answers) ledger.add(answer);
  return [
    { what: 'requests at once', measured: answers.length, bound: { exactly: REQUESTS } },
    { what: 'mints', measured: emporix.requests.length, bound: { exactly: 1 } },
    { what: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { what: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: 'median latency (ms)', measured: ledger.latencyMs(0.5) },
    { what: 'all answered after (ms)', measured: allAnsweredMs },
  ];
}
