// (d) The token endpoint is down for one lifetime, once by answering 503 and once by refusing connections. While a token
// is valid it is vended; then callers are told 503 and when to come back; and all recover by themselves.

import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { FLEET_SIZE } from './fleet.ts';
import type { Answer } from './instance.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const OUTAGE_LIFETIME_SECONDS = 8;
/** The outage begins this long before the token's end, so that it sees both a valid token and none. */
const BEFORE_THE_END_MS = 5_000;
const RECOVERY_LIMIT_MS = 30_000;
const AFTERWARDS_MS = 1_500;

interface Kind {
  readonly label: string;
  readonly scope: string;
  begin(): Promise<void>;
  end(): Promise<void>;
}

export async function outage(stage: Stage): Promise<readonly Figure[]> {
  const { server, gate } = stage;
  const unavailable: Kind = {
    label: '503',
    scope: 'chaos.key_0',
    begin: async () => {
      server.respondWith = () => ({ status: 503 });
    },
    end: async () => {
      server.respondWith = undefined;
    },
  };
  const refused: Kind = {
    label: 'refused',
    scope: 'chaos.key_1',
    begin: () => gate.shut(),
    end: () => gate.open(),
  };
  return [...(await oneOutage(stage, unavailable)), ...(await oneOutage(stage, refused))];
}

async function oneOutage({ emporix, fleet }: Stage, kind: Kind): Promise<readonly Figure[]> {
  const { scope, label } = kind;
  const ledger = new Ledger(emporix, OUTAGE_LIFETIME_SECONDS);
  const last: (Answer | undefined)[] = Array.from({ length: FLEET_SIZE });
  /** By process: when its first token after the outage was there. */
  const recoveredMs: number[] = [];
  let endedMs = Number.POSITIVE_INFINITY;
  let over = false;
  const load = fleet.underLoad({
    scopeOf: () => scope,
    pauseMs: 40,
    done: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      last[index] = answer;
      if (answer.status === 200 && answer.startedAtMs >= endedMs) recoveredMs[index] ??= answer.atMs;
    },
  });
  let validUntilMs = 0;
  let requests = 0;
  try {
    await until('all have the token', 20_000, () => last.every((answer) => answer?.status === 200));
    await until('the outage is to begin', 20_000, () => ledger.validUntilMs(scope) - Date.now() <= BEFORE_THE_END_MS);
    validUntilMs = ledger.validUntilMs(scope);
    requests = emporix.requests.length;
    await kind.begin();
    const endMs = Date.now() + OUTAGE_LIFETIME_SECONDS * 1000;
    await until('one lifetime is over', 20_000, () => Date.now() >= endMs);
    requests = emporix.requests.length - requests;
    await kind.end();
    endedMs = Date.now();
    await until('all recover', RECOVERY_LIMIT_MS, () => Object.keys(recoveredMs).length === FLEET_SIZE).catch(() => {});
    const afterwardsMs = Date.now() + AFTERWARDS_MS;
    await until('the load goes on', 20_000, () => Date.now() >= afterwardsMs);
  } finally {
    over = true;
    await load;
  }
  return figures(label, ledger, { validUntilMs, endedMs, recoveredMs, requests });
}

function figures(
  label: string,
  ledger: Ledger,
  {
    validUntilMs,
    endedMs,
    recoveredMs,
    requests,
  }: Record<'validUntilMs' | 'endedMs' | 'requests', number> & {
    recoveredMs: readonly number[];
  },
): readonly Figure[] {
  const { failures } = ledger;
  const duringMs = failures.filter(({ atMs }) => atMs >= validUntilMs && atMs <= endedMs);
  const proper = duringMs.filter(({ status, retryAfter }) => status === 503 && Number(retryAfter) >= 1);
  const slowest = recoveredMs.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...recoveredMs);
  const relapses = failures.filter(({ startedAtMs }) => startedAtMs > slowest);
  const of = (what: string) => `${label}: ${what}`;
  return [
    {
      what: of('failures while a token is valid'),
      measured: failures.filter(({ atMs }) => atMs < validUntilMs).length,
      bound: { exactly: 0 },
    },
    { what: of('failures afterwards'), measured: duringMs.length, bound: { least: 1 } },
    { what: of('of these not 503 with Retry-After'), measured: duringMs.length - proper.length, bound: { exactly: 0 } },
    { what: of('expired tokens vended'), measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: of('processes that recovered'), measured: Object.keys(recoveredMs).length, bound: { exactly: FLEET_SIZE } },
    { what: of('all recovered after (s)'), measured: (slowest - endedMs) / 1000, bound: { most: 30 } },
    { what: of('failures after that'), measured: relapses.length, bound: { exactly: 0 } },
    ...(label === '503' ? [{ what: of('requests to the server meanwhile'), measured: requests }] : []),
  ];
}
