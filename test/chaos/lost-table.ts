// (e) DynamoDB is killed and comes back empty. Two tokens are in demand all the while: one that was there before, and that
// is near its end while the table is away, and one that is new while the table is away.

import { setTimeout } from 'node:timers/promises';
import type { Figure } from '../../testbed/figures.ts';
import { until } from '../../testbed/processes/children.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { FLEET_SIZE, type Setup } from './setup.ts';

export const LOST_TABLE_LIFETIME_SECONDS = 16;
const BEFORE = 'chaos.key_0';
const MEANWHILE = 'chaos.key_1';
const TOKENS: readonly string[] = [BEFORE, MEANWHILE];
const SECOND_TOKEN_AFTER_MS = 12_500;
/** A token of 16 s is fresh for 14.4 s. If the table is away for longer than that, a process needs another one. */
const FRESH_MS = 14_000;
const LIMIT_MS = 30_000;
const SHARED_LIMIT_MS = 20_000;

/** What happened. Times are milliseconds since the epoch. */
interface Course {
  awayFromMs: number;
  awayToMs: number;
  /** The scopes in demand. */
  readonly scopes: string[];
  /** The token last vended, by scope and process. */
  readonly held: ReadonlyMap<string, string[]>;
  /** When all had the same token again, by scope. */
  readonly sharedMs: Map<string, number>;
}

export async function lostTable(setup: Setup): Promise<readonly Figure[]> {
  const ledger = new AnswerLedger(setup.server);
  const held = new Map<string, string[]>(TOKENS.map((scope) => [scope, []]));
  const course: Course = { awayFromMs: 0, awayToMs: 0, scopes: [BEFORE], held, sharedMs: new Map() };
  let over = false;
  const load = setup.fleet.underLoad({
    scopeOf: (call) => course.scopes[call % course.scopes.length] ?? BEFORE,
    pace: { pauseMs: 25 },
    isOver: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      const tokens = held.get(answer.scope);
      if (tokens && answer.sha256 !== undefined) tokens[index] = answer.sha256;
    },
  });
  try {
    await runItsCourse(setup, course);
  } finally {
    over = true;
    await load;
  }
  return figures(setup, ledger, course);
}

async function runItsCourse(setup: Setup, course: Course): Promise<void> {
  const { database, tableName } = setup;
  const { scopes, held, sharedMs } = course;
  const isHeldByAll = () => Object.keys(held.get(BEFORE) ?? []).length === FLEET_SIZE;
  await until('all have the first token', LIMIT_MS, isHeldByAll);
  await database?.kill();
  course.awayFromMs = Date.now();
  // So late that the second token, unlike the first one, isn't near its end before the table is back.
  await setTimeout(SECOND_TOKEN_AFTER_MS);
  scopes.push(MEANWHILE);
  const mintedByAll = () => scopes.every((scope) => minters(setup, scope, course.awayFromMs) === FLEET_SIZE);
  await until('all have minted both tokens', LIMIT_MS, mintedByAll).catch(() => {});
  await database?.start();
  await database?.createTable(tableName);
  course.awayToMs = Date.now();
  const shared = () => {
    for (const scope of scopes) {
      if (new Set(held.get(scope)).size === 1 && !sharedMs.has(scope)) sharedMs.set(scope, Date.now());
    }
    return sharedMs.size === scopes.length;
  };
  await until('all have the same tokens again', SHARED_LIMIT_MS, shared).catch(() => {});
}

function figures(setup: Setup, ledger: AnswerLedger, { awayFromMs, awayToMs, sharedMs }: Course): readonly Figure[] {
  const mintsOf = (scope: string, fromMs: number, toMs?: number) =>
    mintsPerInstance(setup, scope, fromMs, toMs).reduce((sum, mints) => sum + mints, 0);
  const whileAway = setup.fleet.instances.flatMap(({ mints }) =>
    TOKENS.map((scope) =>
      mostWhileFresh(
        mints.filter((mint) => mint.scope === scope),
        awayFromMs,
        awayToMs,
      ),
    ),
  );
  const afterwards = TOKENS.map((scope) => mintsOf(scope, awayToMs, sharedMs.get(scope)));
  return [
    { name: 'seconds away', measured: (awayToMs - awayFromMs) / 1000 },
    { name: 'requests', measured: ledger.answers.length },
    { name: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { name: 'mints before', measured: mintsOf(BEFORE, 0, awayFromMs), bound: { exactly: 1 } },
    {
      name: 'processes that had to mint while away',
      measured: Math.min(...TOKENS.map((scope) => minters(setup, scope, awayFromMs, awayToMs))),
      bound: { exactly: FLEET_SIZE },
    },
    { name: 'mints while away, per process and fresh token', measured: Math.max(...whileAway), bound: { max: 1 } },
    { name: 'mints after the return, per token', measured: Math.max(...afterwards), bound: { max: 1 } },
    { name: 'tokens that all share again', measured: sharedMs.size, bound: { exactly: TOKENS.length } },
    { name: 'mints in all', measured: setup.server.tokens.length },
  ];
}

function minters(setup: Setup, scope: string, fromMs: number, toMs?: number): number {
  return mintsPerInstance(setup, scope, fromMs, toMs).filter((mints) => mints > 0).length;
}

function mintsPerInstance({ fleet }: Setup, scope: string, fromMs: number, toMs = Number.POSITIVE_INFINITY): number[] {
  return fleet.instances.map(
    ({ mints }) => mints.filter((mint) => mint.scope === scope && mint.atMs >= fromMs && mint.atMs < toMs).length,
  );
}

/** The most mints that lie so close together that the token of the first one was still fresh. */
function mostWhileFresh(mints: readonly { readonly atMs: number }[], fromMs: number, toMs: number): number {
  const times = mints.map(({ atMs }) => atMs).filter((atMs) => atMs >= fromMs && atMs < toMs);
  return Math.max(0, ...times.map((start) => times.filter((atMs) => atMs >= start && atMs < start + FRESH_MS).length));
}
