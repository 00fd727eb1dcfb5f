// (d) The token endpoint is down for one lifetime, once by answering 503 and once by refusing connections. While a token
// is valid it is vended; then callers are told 503 and when to come back; and all recover by themselves.

import { setTimeout } from 'node:timers/promises';
import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { FLEET_SIZE } from './fleet.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const OUTAGE_LIFETIME_SECONDS = 8;
/** The outage begins this long before the token's end, so that it sees both a valid token and none. */
const BEFORE_THE_END_MS = 5_000;
const RECOVERY_LIMIT_MS = 30_000;
const AFTERWARDS_MS = 1_500;
const WAIT_LIMIT_MS = 20_000;

const NOT_AS_PROMISED = 'of these not 503 with Retry-After';

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

/** How an outage went. Times are milliseconds since the epoch. */
interface Course {
  validUntilMs: number;
  endedMs: number;
  /** That reached the server during the outage. */
  requests: number;
  /** By process. */
  readonly lastStatus: number[];
  /** By process: when its first token after the outage was there. */
  readonly recoveredMs: number[];
}

async function oneOutage(stage: Stage, kind: Kind): Promise<readonly Figure[]> {
  const ledger = new Ledger(stage.emporix, OUTAGE_LIFETIME_SECONDS);
  const endedMs = Number.POSITIVE_INFINITY;
  const course: Course = { validUntilMs: 0, endedMs, requests: 0, lastStatus: [], recoveredMs: [] };
  let over = false;
  const load = stage.fleet.underLoad({
    scopeOf: () => kind.scope,
    pauseMs: 40,
    done: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      course.lastStatus[index] = answer.status;
      if (answer.status === 200 && answer.startedAtMs >= course.endedMs) course.recoveredMs[index] ??= answer.atMs;
    },
  });
  try {
    await runItsCourse(stage, kind, ledger, course);
  } finally {
    over = true;
    await load;
  }
  const measured = figures(kind.label, ledger, course);
  // A service's own failure isn't an answer over HTTP.
  return stage.database ? measured : measured.filter(({ what }) => !what.endsWith(NOT_AS_PROMISED));
}

async function runItsCourse({ emporix }: Stage, kind: Kind, ledger: Ledger, course: Course): Promise<void> {
  const { lastStatus, recoveredMs } = course;
  const isCountOf = (list: readonly unknown[]) => Object.keys(list).length === FLEET_SIZE;
  const leftMs = () => ledger.validUntilMs(kind.scope) - Date.now();
  await until('all have the token', WAIT_LIMIT_MS, () => isCountOf(lastStatus) && lastStatus.every((s) => s === 200));
  await until('the outage is to begin', WAIT_LIMIT_MS, () => leftMs() <= BEFORE_THE_END_MS);
  course.validUntilMs = ledger.validUntilMs(kind.scope);
  const requestsBefore = emporix.requests.length;
  await kind.begin();
  await setTimeout(OUTAGE_LIFETIME_SECONDS * 1000);
  course.requests = emporix.requests.length - requestsBefore;
  await kind.end();
  course.endedMs = Date.now();
  await until('all recover', RECOVERY_LIMIT_MS, () => isCountOf(recoveredMs)).catch(() => {});
  await setTimeout(AFTERWARDS_MS);
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
    { what: of(NOT_AS_PROMISED), measured: duringMs.length - proper.length, bound: { exactly: 0 } },
    { what: of('expired tokens vended'), measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: of('processes that recovered'), measured: Object.keys(recoveredMs).length, bound: { exactly: FLEET_SIZE } },
    { what: of('all recovered after (s)'), measured: (slowest - endedMs) / 1000, bound: { most: 30 } },
    { what: of('failures after that'), measured: relapses.length, bound: { exactly: 0 } },
    ...(label === '503' ? [{ what: of('requests to the server meanwhile'), measured: requests }] : []),
  ];
}
