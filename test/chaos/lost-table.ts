// (e) DynamoDB is killed and comes back empty. Two tokens are asked for all the while: one that was there before and
// whose end comes near while the table is away, and one that is new meanwhile.

import { setTimeout } from 'node:timers/promises';
import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { FLEET_SIZE } from './fleet.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const LOST_TABLE_LIFETIME_SECONDS = 16;
const BEFORE = 'chaos.key_0';
const MEANWHILE = 'chaos.key_1';
const TOKENS: readonly string[] = [BEFORE, MEANWHILE];
const SECOND_TOKEN_AFTER_MS = 12_500;
const LIMIT_MS = 30_000;
const SHARED_LIMIT_MS = 20_000;

/** How it went. Times are milliseconds since the epoch. */
interface Course {
  awayFromMs: number;
  awayToMs: number;
  /** What is asked for. */
  readonly scopes: string[];
  /** By scope and process: the token last vended. */
  readonly held: ReadonlyMap<string, string[]>;
  /** By scope: when all had the same token again. */
  readonly sharedMs: Map<string, number>;
}

export async function lostTable(stage: Stage): Promise<readonly Figure[]> {
  const ledger = new Ledger(stage.emporix, LOST_TABLE_LIFETIME_SECONDS);
  const held = new Map<string, string[]>(TOKENS.map((scope) => [scope, []]));
  const course: Course = { awayFromMs: 0, awayToMs: 0, scopes: [BEFORE], held, sharedMs: new Map() };
  let over = false;
  const load = stage.fleet.underLoad({
    scopeOf: (call) => course.scopes[call % course.scopes.length] ?? BEFORE,
    pauseMs: 25,
    done: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      const tokens = held.get(answer.scope);
      if (tokens && answer.sha256 !== undefined) tokens[index] = answer.sha256;
    },
  });
  try {
    await runItsCourse(stage, course);
  } finally {
    over = true;
    await load;
  }
  return figures(stage, ledger, course);
}

async function runItsCourse(stage: Stage, course: Course): Promise<void> {
  const { database, tableName } = stage;
  const { scopes, held, sharedMs } = course;
  const isHeldByAll = () => Object.keys(held.get(BEFORE) ?? []).length === FLEET_SIZE;
  await until('all have the first token', LIMIT_MS, isHeldByAll);
  await database?.kill();
  course.awayFromMs = Date.now();
  // Late enough that the second token, unlike the first, doesn't near its end before the table is back.
  await setTimeout(SECOND_TOKEN_AFTER_MS);
  scopes.push(MEANWHILE);
  const mintedByAll = () => scopes.every((scope) => minters(stage, scope, course.awayFromMs) === FLEET_SIZE);
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

function figures(stage: Stage, ledger: Ledger, { awayFromMs, awayToMs, sharedMs }: Course): readonly Figure[] {
  const mintsOf = (scope: string, fromMs: number, toMs?: number) =>
    mintsPerInstance(stage, scope, fromMs, toMs).reduce((sum, mints) => sum + mints, 0);
  const whileAway = TOKENS.flatMap((scope) => mintsPerInstance(stage, scope, awayFromMs, awayToMs));
  const afterwards = TOKENS.map((scope) => mintsOf(scope, awayToMs, sharedMs.get(scope)));
  return [
    { what: 'seconds away', measured: (awayToMs - awayFromMs) / 1000 },
    { what: 'requests', measured: ledger.answers.length },
    { what: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { what: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: 'mints before', measured: mintsOf(BEFORE, 0, awayFromMs), bound: { exactly: 1 } },
    {
      what: 'processes that had to mint while away',
      measured: Math.min(...TOKENS.map((scope) => minters(stage, scope, awayFromMs, awayToMs))),
      bound: { exactly: FLEET_SIZE },
    },
    { what: 'mints while away, per process and token', measured: Math.max(...whileAway), bound: { most: 1 } },
    { what: 'mints after the return, per token', measured: Math.max(...afterwards), bound: { most: 1 } },
    { what: 'tokens that all share again', measured: sharedMs.size, bound: { exactly: TOKENS.length } },
    { what: 'mints in all', measured: stage.emporix.mints.length },
  ];
}

function minters(stage: Stage, scope: string, fromMs: number, toMs?: number): number {
  return mintsPerInstance(stage, scope, fromMs, toMs).filter((mints) => mints > 0).length;
}

function mintsPerInstance({ fleet }: Stage, scope: string, fromMs: number, toMs = Number.POSITIVE_INFINITY): number[] {
  return fleet.instances.map(
    ({ mints }) => mints.filter((mint) => mint.scope === scope && mint.atMs >= fromMs && mint.atMs < toMs).length,
  );
}
