// (e) DynamoDB is killed and comes back empty. Two tokens are asked for all the while: one that was there before and
// whose end comes near while the table is away, and one that is new meanwhile.

import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { FLEET_SIZE } from './fleet.ts';
import { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export const LOST_TABLE_LIFETIME_SECONDS = 16;
const BEFORE = 'chaos.key_0';
const MEANWHILE = 'chaos.key_1';
const SECOND_TOKEN_AFTER_MS = 10_000;
const LIMIT_MS = 30_000;

export async function lostTable(stage: Stage): Promise<readonly Figure[]> {
  const { emporix, fleet, database, tableName } = stage;
  const ledger = new Ledger(emporix, LOST_TABLE_LIFETIME_SECONDS);
  const held = new Map<string, string[]>([
    [BEFORE, []],
    [MEANWHILE, []],
  ]);
  const scopes = [BEFORE];
  let over = false;
  const load = fleet.underLoad({
    scopeOf: (call) => scopes[call % scopes.length] ?? BEFORE,
    pauseMs: 25,
    done: () => over,
    onAnswer: (answer, index) => {
      ledger.add(answer);
      const tokens = held.get(answer.scope);
      if (tokens && answer.sha256 !== undefined) tokens[index] = answer.sha256;
    },
  });
  const isHeldByAll = (scope: string) => Object.keys(held.get(scope) ?? []).length === FLEET_SIZE;
  const distinct = (scope: string) => new Set(held.get(scope)).size;
  const away = { fromMs: 0, toMs: 0 };
  const settledMs = new Map<string, number>();
  try {
    await until('all have the first token', LIMIT_MS, () => isHeldByAll(BEFORE));
    await database?.kill();
    away.fromMs = Date.now();
    // Late enough that the second token, unlike the first, doesn't near its end before the table is back.
    await until('the second token is due', LIMIT_MS, () => Date.now() - away.fromMs > SECOND_TOKEN_AFTER_MS);
    scopes.push(MEANWHILE);
    const mintedByAll = () => scopes.every((scope) => minters(stage, scope, away.fromMs) === FLEET_SIZE);
    await until('all have minted both tokens', LIMIT_MS, mintedByAll).catch(() => {});
    await database?.start();
    await database?.createTable(tableName);
    away.toMs = Date.now();
    const settle = () => {
      for (const scope of scopes) if (distinct(scope) === 1 && !settledMs.has(scope)) settledMs.set(scope, Date.now());
      return settledMs.size === scopes.length;
    };
    await until('all have the same tokens again', LIMIT_MS / 2, settle).catch(() => {});
  } finally {
    over = true;
    await load;
  }
  return figures(stage, ledger, away, settledMs);
}

function figures(
  stage: Stage,
  ledger: Ledger,
  away: { fromMs: number; toMs: number },
  settledMs: ReadonlyMap<string, number>,
): readonly Figure[] {
  const scopes = [BEFORE, MEANWHILE];
  const most = (fromMs: number, toMs?: number) =>
    Math.max(...scopes.flatMap((scope) => mintsPerInstance(stage, scope, fromMs, toMs)));
  const mintsOf = (scope: string, fromMs: number, toMs?: number) =>
    mintsPerInstance(stage, scope, fromMs, toMs).reduce((sum, mints) => sum + mints, 0);
  const afterwards = scopes.map((scope) => mintsOf(scope, away.toMs, settledMs.get(scope)));
  return [
    { what: 'seconds away', measured: (away.toMs - away.fromMs) / 1000 },
    { what: 'requests', measured: ledger.answers.length },
    { what: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { what: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: 'mints before', measured: mintsOf(BEFORE, 0, away.fromMs), bound: { exactly: 1 } },
    {
      what: 'processes that had to mint while away',
      measured: Math.min(...scopes.map((scope) => minters(stage, scope, away.fromMs, away.toMs))),
      bound: { exactly: FLEET_SIZE },
    },
    { what: 'mints while away, per process and token', measured: most(away.fromMs, away.toMs), bound: { most: 1 } },
    { what: 'mints after the return, per token', measured: Math.max(...afterwards), bound: { most: 1 } },
    { what: 'tokens that all share again', measured: settledMs.size, bound: { exactly: scopes.length } },
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
