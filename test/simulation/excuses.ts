// What went wrong in a history, and when. It excuses a failure or an early mint only near that time.

import { SECRET_REQUEST_MS } from '../../lambda/time-limits.ts';
import { MAX_STILL_MS } from '../../testbed/simulator/instance.ts';
import type { Trouble } from '../../testbed/simulator/ledger.ts';
import type { ObservedInstance, TokenRequest } from '../../testbed/simulator/observer.ts';
import type { History } from './history.ts';

/** How long it takes until a request to Secrets Manager has failed. */
const SECRETS_FAIL_MS = 2 * SECRET_REQUEST_MS;

/** A time span of a history, in milliseconds. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export function isWithin(atMs: number, { fromMs, toMs }: Span): boolean {
  return fromMs <= atMs && atMs <= toMs;
}

/** Instances that crashed, or stood still in the span. */
export function disturbances({ ledger }: History, { fromMs, toMs }: Span): Trouble[] {
  return ledger.disturbances.filter(({ atMs }) => isWithin(atMs, { fromMs: fromMs - MAX_STILL_MS, toMs }));
}

/**
 * Requests to the table or to Secrets Manager that failed. An instance waits half a second for Secrets Manager, and goes
 * on while the request is still under way.
 */
export function givenUp({ ledger }: History, { fromMs, toMs }: Span): Trouble[] {
  return ledger.givenUp.filter(({ atMs, service }) =>
    isWithin(atMs, { fromMs, toMs: service === 'secret' ? toMs + SECRETS_FAIL_MS : toMs }),
  );
}

/** Requests that the server did not grant, or whose answer was not heard. A refused version is none of them. */
export function failedMints({ ledger }: History, span: Span): TokenRequest[] {
  return ledger.tokenRequests.filter(
    ({ accessToken, arrivedAtMs, isHeard, status }) =>
      isWithin(arrivedAtMs, span) && !(isHeard && (accessToken !== undefined || status === 401)),
  );
}

/** What went wrong at the instances themselves. @param instance @default any */
export function troubles(history: History, span: Span, instance?: ObservedInstance): Trouble[] {
  const all = [...disturbances(history, span), ...givenUp(history, span)];
  return instance === undefined ? all : all.filter((trouble) => trouble.instance === instance);
}
