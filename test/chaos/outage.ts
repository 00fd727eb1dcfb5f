// (d) The token endpoint is down for one lifetime, first by answering 503 and then by refusing connections. A token is
// vended while it is valid. Then callers get 503 with the time to come back, and all processes recover by themselves.

import { setTimeout } from 'node:timers/promises';
import type { Figure } from '../../testbed/figures.ts';
import { until } from '../../testbed/processes/children.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { FLEET_SIZE, type Setup } from './setup.ts';
import { validUntilMs } from './token-times.ts';

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

export async function outage(setup: Setup): Promise<readonly Figure[]> {
  const { server, gate } = setup;
  const unavailable: Kind = {
    label: '503',
    scope: 'chaos.key_0',
    begin: async () => {
      server.behaviour.respondWith = () => ({ status: 503 });
    },
    end: async () => {
      server.behaviour.respondWith = undefined;
    },
  };
  const refused: Kind = {
    label: 'refused',
    scope: 'chaos.key_1',
    begin: () => gate.shut(),
    end: () => gate.open(),
  };
  return [...(await oneOutage(setup, unavailable)), ...(await oneOutage(setup, refused))];
}

/** What happened in an outage. Times are milliseconds since the epoch. */
interface Course {
  validUntilMs: number;
  endedMs: number;
  /** Requests that reached the server during the outage. */
  requests: number;
  /** By process. */
  readonly lastStatus: number[];
  /** When the first token after the outage was vended, by process. */
  readonly recoveredMs: number[];
}

async function oneOutage(setup: Setup, kind: Kind): Promise<readonly Figure[]> {
  const ledger = new AnswerLedger(setup.server);
  const endedMs = Number.POSITIVE_INFINITY;
  const course: Course = { validUntilMs: 0, endedMs, requests: 0, lastStatus: [], recoveredMs: [] };
  let over = false;
  const load = setup.fleet.underLoad({
    scopeOf: () => kind.scope,
    pace: { pauseMs: 40 },
    isOver: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      course.lastStatus[index] = answer.status;
      if (answer.status === 200 && answer.startedAtMs >= course.endedMs) course.recoveredMs[index] ??= answer.atMs;
    },
  });
  try {
    await runItsCourse(setup, kind, ledger, course);
  } finally {
    over = true;
    await load;
  }
  const measured = figures(kind.label, ledger, course);
  // Without the function there is no HTTP answer to compare.
  return setup.database ? measured : measured.filter(({ name }) => !name.endsWith(NOT_AS_PROMISED));
}

async function runItsCourse({ server }: Setup, kind: Kind, ledger: AnswerLedger, course: Course): Promise<void> {
  const { lastStatus, recoveredMs } = course;
  const isCountOf = (list: readonly unknown[]) => Object.keys(list).length === FLEET_SIZE;
  const validMs = () => validUntilMs(ledger, kind.scope, OUTAGE_LIFETIME_SECONDS);
  await until('all have the token', WAIT_LIMIT_MS, () => isCountOf(lastStatus) && lastStatus.every((s) => s === 200));
  await until('the outage is to begin', WAIT_LIMIT_MS, () => validMs() - Date.now() <= BEFORE_THE_END_MS);
  course.validUntilMs = validMs();
  const requestsBefore = server.requests.length;
  await kind.begin();
  await setTimeout(OUTAGE_LIFETIME_SECONDS * 1000);
  course.requests = server.requests.length - requestsBefore;
  await kind.end();
  course.endedMs = Date.now();
  await until('all recover', RECOVERY_LIMIT_MS, () => isCountOf(recoveredMs)).catch(() => {});
  await setTimeout(AFTERWARDS_MS);
}

function figures(label: string, ledger: AnswerLedger, course: Course): readonly Figure[] {
  const { validUntilMs, endedMs, recoveredMs, requests } = course;
  const { failures } = ledger;
  const duringMs = failures.filter(({ atMs }) => atMs >= validUntilMs && atMs <= endedMs);
  const proper = duringMs.filter(({ status, retryAfter }) => status === 503 && Number(retryAfter) >= 1);
  const slowest = recoveredMs.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...recoveredMs);
  const relapses = failures.filter(({ startedAtMs }) => startedAtMs > slowest);
  const of = (name: string) => `${label}: ${name}`;
  return [
    {
      name: of('failures while a token is valid'),
      measured: failures.filter(({ atMs }) => atMs < validUntilMs).length,
      bound: { exactly: 0 },
    },
    { name: of('failures afterwards'), measured: duringMs.length, bound: { min: 1 } },
    { name: of(NOT_AS_PROMISED), measured: duringMs.length - proper.length, bound: { exactly: 0 } },
    { name: of('expired tokens vended'), measured: ledger.expired.length, bound: { exactly: 0 } },
    { name: of('processes that recovered'), measured: Object.keys(recoveredMs).length, bound: { exactly: FLEET_SIZE } },
    { name: of('all recovered after (s)'), measured: (slowest - endedMs) / 1000, bound: { max: 30 } },
    { name: of('failures after that'), measured: relapses.length, bound: { exactly: 0 } },
    ...(label === '503' ? [{ name: of('requests to the server meanwhile'), measured: requests }] : []),
  ];
}
