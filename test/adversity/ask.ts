// Calls to many processes. Each process has one call at a time, as Lambda gives them.

import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer, Demand } from '../../testbed/processes/instance.ts';
import type { Setup } from './setup.ts';

/** Asks each process for each scope. */
export async function ask(
  { ledger }: Pick<Setup, 'ledger'>,
  { instances }: Pick<ProcessFleet, 'instances'>,
  scopes: readonly string[],
  demand?: Demand,
): Promise<readonly Answer[]> {
  const answers = await Promise.all(
    instances.map(async (instance) => {
      const ofInstance: Answer[] = [];
      for (const scope of scopes) ofInstance.push(await instance.call(scope, demand));
      return ofInstance;
    }),
  );
  for (const answer of answers.flat()) ledger.add(answer);
  return answers.flat();
}

/** The clock moves forward by 2 to 5 s between two rounds of calls. */
const STEPS_MS: readonly number[] = [2_000, 3_000, 5_000, 4_000];

/** Makes rounds of calls until a time has passed. @param call makes one round, and is given its number */
export async function rounds(
  { nowMs, forward }: Setup,
  durationMs: number,
  call: (round: number) => Promise<unknown>,
): Promise<void> {
  const endMs = nowMs() + durationMs;
  for (let round = 0; nowMs() < endMs; round++) {
    await call(round);
    forward(STEPS_MS[round % STEPS_MS.length] ?? 0);
  }
}

export function failed(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status !== 200).length;
}

/** The largest number of moments that lie within one span of time. */
export function mostWithin(spanMs: number, atMs: readonly number[]): number {
  return Math.max(0, ...atMs.map((startMs) => atMs.filter((ms) => ms >= startMs && ms < startMs + spanMs).length));
}

/** The longest latency, in whole milliseconds. */
export function longestMs(answers: readonly Answer[]): number {
  return Math.round(Math.max(0, ...answers.map(({ latencyMs }) => latencyMs)));
}
