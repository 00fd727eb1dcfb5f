// (b) Ten lifetimes of 3 s under load. A lifetime ends where the renewal of its token is due, which is before the token
// ends; the load stops when the eleventh has begun.

import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const SHORT_LIFETIME_SECONDS = 3;
const LIFETIMES = 10;
const LIMIT_MS = 45_000;
const SCOPE = 'chaos.key_0';

export async function lifetimes({ emporix, fleet }: Stage): Promise<readonly Figure[]> {
  const ledger = new Ledger(emporix, SHORT_LIFETIME_SECONDS);
  const startedMs = performance.now();
  let over = false;
  const load = fleet.underLoad({
    scopeOf: () => SCOPE,
    pauseMs: 15,
    done: () => over,
    onAnswer: (answer) => ledger.add(answer),
  });
  await until('ten lifetimes are over', LIMIT_MS, () => ledger.lifetimesBegun > LIFETIMES).catch(() => {});
  over = true;
  await load;
  return [
    { what: 'lifetimes spent', measured: ledger.lifetimesBegun - 1, bound: { exactly: LIFETIMES } },
    { what: 'in seconds', measured: (performance.now() - startedMs) / 1000 },
    { what: 'requests', measured: ledger.answers.length },
    { what: 'mints', measured: emporix.requests.length, bound: { most: LIFETIMES + 1 } },
    { what: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { what: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: 'vended in their last second', measured: ledger.lastSecond },
    { what: '99th percentile of latency (ms)', measured: ledger.latencyMs(0.99) },
  ];
}
