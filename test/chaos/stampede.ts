// (a) 2,000 cold requests at once to 16 processes, none of which has a token, a credential or a connection.

import type { Figure } from '../../testbed/figures.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import type { Setup } from './setup.ts';

export const STAMPEDE_LIFETIME_SECONDS = 14_399;
const REQUESTS = 2_000;
const SCOPE = 'chaos.key_0';

export async function stampede({ server, fleet: { instances } }: Setup): Promise<readonly Figure[]> {
  const ledger = new AnswerLedger(server);
  const each = REQUESTS / instances.length;
  const startedMs = performance.now();
  const answers = await Promise.all(
    instances.flatMap((instance) => Array.from({ length: each }, () => instance.call(SCOPE))),
  );
  const allAnsweredMs = Math.round(performance.now() - startedMs);
  for (const answer of answers) ledger.add(answer);
  return [
    { name: 'requests at once', measured: answers.length, bound: { exactly: REQUESTS } },
    { name: 'mints', measured: server.requests.length, bound: { exactly: 1 } },
    { name: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { name: 'median latency (ms)', measured: ledger.latencyMs(0.5) },
    { name: 'all answered after (ms)', measured: allAnsweredMs },
  ];
}
