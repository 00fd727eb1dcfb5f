// What requests of a simulated fleet meet on their way: how long they take, and what goes wrong.

import type { Chance } from './chance.ts';

/** Draws a duration in milliseconds. */
export type Latency = (chance: Chance) => number;

export function uniform(minMs: number, maxMs: number): Latency {
  return (chance) => chance.between(minMs, maxMs);
}

export function logNormal(medianMs: number, percentile99Ms: number): Latency {
  return (chance) => chance.logNormal(medianMs, percentile99Ms);
}

/** @param probability of `rare` */
export function mixed(probability: number, rare: Latency, usual: Latency): Latency {
  return (chance) => (chance.isTrue(probability) ? rare(chance) : usual(chance));
}

/** There and back. */
export interface Latencies {
  readonly tableRead: Latency;
  readonly tableWrite: Latency;
  readonly secret: Latency;
  /** Until a request to Secrets Manager fails, or is answered late. */
  readonly failingSecret: Latency;
  readonly token: Latency;
  /** Is added to the first request of an instance to the table, and to Secrets Manager. */
  readonly connection: Latency;
  /** The pause of the AWS SDK before its second attempt, after one without an answer and after one that was throttled. */
  readonly retry: Latency;
  readonly retryThrottled: Latency;
}

/** Probabilities, each per request. */
export interface Faults {
  readonly tableLosesRequest: number;
  readonly tableLosesAnswer: number;
  /** All attempts of the AWS SDK are throttled. */
  readonly readsAreThrottled: number;
  readonly writesAreThrottled: number;
  /** Secrets Manager fails, or answers late. */
  readonly secretsFail: number;
  readonly crash: number;
  /** An instance stands still for up to 20 s, as a frozen or starved one does. */
  readonly pause: number;
  readonly serverFails: number;
  readonly serverLosesAnswer: number;
}

export const NO_FAULTS: Faults = {
  tableLosesRequest: 0,
  tableLosesAnswer: 0,
  readsAreThrottled: 0,
  writesAreThrottled: 0,
  secretsFail: 0,
  crash: 0,
  pause: 0,
  serverFails: 0,
  serverLosesAnswer: 0,
};
