// (b) Ten lifetimes of 3 s under load. A lifetime ends when the renewal of its token is due, which is before the token
// ends. The load stops when the eleventh has begun.

import type { Figure } from '../../testbed/figures.ts';
import { until } from '../../testbed/processes/children.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import type { Setup } from './setup.ts';
import { lifetimesBegun } from './token-times.ts';

export const SHORT_LIFETIME_SECONDS = 3;
const LIFETIMES = 10;
const LIMIT_MS = 45_000;
const SCOPE = 'chaos.key_0';

export async function lifetimes({ server, fleet }: Setup): Promise<readonly Figure[]> {
  const ledger = new AnswerLedger(server);
  const startedMs = performance.now();
  const begun = () => lifetimesBegun(ledger, SHORT_LIFETIME_SECONDS);
  let over = false;
  const load = fleet.underLoad({
    scopeOf: () => SCOPE,
    pace: { pauseMs: 15 },
    isOver: () => over,
    onAnswer: (answer) => ledger.add(answer),
  });
  await until('ten lifetimes are over', LIMIT_MS, () => begun() > LIFETIMES).catch(() => {});
  over = true;
  await load;
  const lastSecond = ledger.answers.filter(({ expiresInSeconds }) => expiresInSeconds === 0);
  return [
    { name: 'lifetimes spent', measured: begun() - 1, bound: { exactly: LIFETIMES } },
    { name: 'in seconds', measured: (performance.now() - startedMs) / 1000 },
    { name: 'requests', measured: ledger.answers.length },
    { name: 'mints', measured: server.requests.length, bound: { max: LIFETIMES + 1 } },
    { name: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { name: 'vended in their last second', measured: lastSecond.length },
    { name: '99th percentile of latency (ms)', measured: ledger.latencyMs(0.99) },
  ];
}
