// (c) kill -9 of the minter in the middle of a mint, 20 times. Each time two processes ask for the same new token at
// once; the server has the request of one and holds its answer; that process is killed, and only then does the server
// issue the token, to nobody. The call that was in the killed process is made again elsewhere, as its caller would.

import { until } from './children.ts';
import type { Figure } from './figures.ts';
import { type Answer, type Instance, InstanceDied } from './instance.ts';
import { Ledger } from './ledger.ts';
import { SCOPES, type Stage } from './stage.ts';

export const LONG_LIFETIME_SECONDS = 14_399;
/** Side by side, because the lease of a dead minter lasts 10 s. 14 processes are asked at once, two are spare. */
const BATCHES: readonly number[] = [7, 7, 6];
const KILLS = BATCHES.reduce((sum, batch) => sum + batch, 0);
const HELD_LIMIT_MS = 20_000;
/** The function's timeout, less the second that every answer leaves. */
const DEADLINE_MS = 24_000;

export async function killedMinter(stage: Stage): Promise<readonly Figure[]> {
  const ledger = new Ledger(stage.emporix, LONG_LIFETIME_SECONDS);
  const holds = new Map<string, Hold>();
  stage.server.respondWith = async ({ params: { scope = '' } }) => {
    const hold = holds.get(scope) ?? new Hold();
    holds.set(scope, hold);
    await hold.released;
    return undefined;
  };
  const scopes = SCOPES.slice(0, KILLS);
  for (const batch of BATCHES) {
    const keys = scopes.splice(0, batch);
    const idle = [...stage.fleet.instances];
    await Promise.all(keys.map((scope) => killOneMinter({ stage, ledger, holds, idle }, scope)));
  }
  return [
    { what: 'minters killed', measured: holds.size, bound: { exactly: KILLS } },
    { what: 'requests to be answered', measured: ledger.answers.length, bound: { exactly: 2 * KILLS } },
    { what: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { what: 'mints', measured: stage.emporix.mints.length, bound: { most: 2 * KILLS } },
    { what: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { what: 'longest wait for an answer (ms)', measured: ledger.latencyMs(1), bound: { most: DEADLINE_MS } },
  ];
}

interface Play {
  readonly stage: Stage;
  readonly ledger: Ledger;
  readonly holds: ReadonlyMap<string, Hold>;
  /** Processes without a call, each taken by one key. */
  readonly idle: Instance[];
}

async function killOneMinter({ stage, ledger, holds, idle }: Play, scope: string): Promise<void> {
  const asked = idle.splice(0, 2);
  const calls = asked.map((instance) => instance.call(scope));
  const answered = Promise.allSettled(calls);
  const minter = () => firstToMint(asked, scope);
  await until(`a mint of ${scope} is under way`, HELD_LIMIT_MS, () => holds.has(scope) && minter() !== undefined);
  const victim = minter();
  if (!victim) throw new Error('no minter');
  await victim.kill();
  holds.get(scope)?.release();
  idle.push(await stage.fleet.replace(victim));
  const again = idle.shift()?.call(scope);
  for (const { outcome } of await answersOf(answered)) if (outcome) ledger.add(outcome);
  if (again) ledger.add(await again);
}

function firstToMint(instances: readonly Instance[], scope: string): Instance | undefined {
  const mintedAtMs = ({ mints }: Instance) => mints.find((mint) => mint.scope === scope)?.atMs;
  const minters = instances.filter((instance) => mintedAtMs(instance) !== undefined);
  return minters.sort((a, b) => Number(mintedAtMs(a)) - Number(mintedAtMs(b)))[0];
}

/** Without the one that died with its process. */
async function answersOf(calls: Promise<PromiseSettledResult<Answer>[]>): Promise<{ outcome: Answer | undefined }[]> {
  return (await calls).map((call) => {
    if (call.status === 'fulfilled') return { outcome: call.value };
    if (call.reason instanceof InstanceDied) return { outcome: undefined };
    throw call.reason;
  });
}

/** An answer that the server holds back. */
class Hold {
  release: () => void = () => {};
  readonly released = new Promise<void>((resolve) => {
    this.release = resolve;
  });
}
