// (c) The minter is killed in the middle of a mint, 20 times. Each time two processes ask for the same new token at once.
// The server has the request of one of them and holds its answer; that process is killed, and only then does the server
// issue the token, which nobody receives. The call to the killed process is made again elsewhere, as its caller would do.

import type { Figure } from '../../testbed/figures.ts';
import { until } from '../../testbed/processes/children.ts';
import { type Answer, InstanceDied, type ProcessInstance } from '../../testbed/processes/instance.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { SCOPES, type Setup } from './setup.ts';

export const LONG_LIFETIME_SECONDS = 14_399;
/** Side by side, because the lease of a dead minter lasts 10 s. 14 processes are called at once, and two are spare. */
const BATCHES: readonly number[] = [7, 7, 6];
const KILLS = BATCHES.reduce((sum, batch) => sum + batch, 0);
const HELD_LIMIT_MS = 20_000;
/** The function's time-out, less the second that every answer leaves. */
const DEADLINE_MS = 24_000;

export async function killedMinter(setup: Setup): Promise<readonly Figure[]> {
  const ledger = new AnswerLedger(setup.server);
  const holds = new Map<string, Hold>();
  setup.server.behaviour.respondWith = async ({ params: { scope = '' } }) => {
    const hold = holds.get(scope) ?? new Hold();
    holds.set(scope, hold);
    await hold.released;
    return undefined;
  };
  const scopes = SCOPES.slice(0, KILLS);
  for (const batch of BATCHES) {
    const idle = [...setup.fleet.instances];
    await Promise.all(scopes.splice(0, batch).map((scope) => killOneMinter({ setup, ledger, holds, idle }, scope)));
  }
  return [
    { name: 'minters killed', measured: holds.size, bound: { exactly: KILLS } },
    { name: 'requests to be answered', measured: ledger.answers.length, bound: { exactly: 2 * KILLS } },
    { name: 'failures', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'mints', measured: setup.server.tokens.length, bound: { max: 2 * KILLS } },
    { name: 'expired tokens vended', measured: ledger.expired.length, bound: { exactly: 0 } },
    { name: 'longest wait for an answer (ms)', measured: ledger.latencyMs(1), bound: { max: DEADLINE_MS } },
  ];
}

interface Round {
  readonly setup: Setup;
  readonly ledger: AnswerLedger;
  readonly holds: ReadonlyMap<string, Hold>;
  /** Processes without a call. Each scope takes two. */
  readonly idle: ProcessInstance[];
}

async function killOneMinter({ setup, ledger, holds, idle }: Round, scope: string): Promise<void> {
  const called = idle.splice(0, 2);
  const calls = called.map((instance) => instance.call(scope));
  const answered = Promise.allSettled(calls);
  const minter = () => firstToMint(called, scope);
  await until(`a mint of ${scope} is under way`, HELD_LIMIT_MS, () => holds.has(scope) && minter() !== undefined);
  const victim = minter();
  if (!victim) throw new Error('no minter');
  await victim.kill();
  holds.get(scope)?.release();
  idle.push(await setup.fleet.replace(victim));
  const again = idle.shift()?.call(scope);
  for (const answer of await answersOf(answered)) ledger.add(answer);
  if (again) ledger.add(await again);
}

function firstToMint(instances: readonly ProcessInstance[], scope: string): ProcessInstance | undefined {
  const mintedAtMs = ({ mints }: ProcessInstance) => mints.find((mint) => mint.scope === scope)?.atMs;
  const minters = instances.filter((instance) => mintedAtMs(instance) !== undefined);
  return minters.sort((a, b) => Number(mintedAtMs(a)) - Number(mintedAtMs(b)))[0];
}

/** The answers, without the one of the process that was killed. */
async function answersOf(calls: Promise<PromiseSettledResult<Answer>[]>): Promise<readonly Answer[]> {
  return (await calls).flatMap((call) => {
    if (call.status === 'fulfilled') return [call.value];
    if (call.reason instanceof InstanceDied) return [];
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
