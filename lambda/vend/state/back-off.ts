// How long a failed mint is remembered, so that a fleet doesn't ask again what has just been refused.

import { type ErrorCode, TRANSIENT, type VendingError } from '../../errors.ts';

export interface BackOff {
  readonly untilSeconds: number;
  readonly error: ErrorCode;
  /** Of the scopes asked for, by their index in the canonical list, those that were not granted. */
  readonly missing: readonly number[];
  /** The credential version that failed: a corrected one doesn't wait. */
  readonly version: string;
  /** How many mints failed in a row. */
  readonly count: number;
}

const FIRST_MS = 1_000;
/** So that a recovered server is noticed within 30 s. */
const MAX_MS = 25_000;
/** The longest `Retry-After` that is honoured. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * Exponential from 1 s to 25 s for transient failures, 25 s at once for answers; up to a quarter is taken off at random.
 * A longer `Retry-After` is honoured up to 5 min.
 * @param random uniform in [0, 1)
 */
export function nextBackOff(
  failure: Pick<VendingError, 'code' | 'retryAfterSeconds' | 'missing'>,
  previous: BackOff | undefined,
  at: { version: string; nowMs: number; random: number },
): BackOff {
  const count = previous?.version === at.version ? previous.count + 1 : 1;
  const growingMs = TRANSIENT.has(failure.code) ? FIRST_MS * 2 ** Math.min(count - 1, 10) : MAX_MS;
  const jitteredMs = Math.min(growingMs, MAX_MS) * (1 - at.random / 4);
  const askedMs = Math.min((failure.retryAfterSeconds ?? 0) * 1000, MAX_RETRY_AFTER_MS);
  return {
    untilSeconds: Math.ceil((at.nowMs + Math.max(jitteredMs, askedMs)) / 1000),
    error: failure.code,
    missing: failure.missing,
    version: at.version,
    count,
  };
}

export function isInForce(
  backOff: BackOff | undefined,
  version: string | undefined,
  nowMs: number,
): backOff is BackOff {
  return backOff !== undefined && backOff.version === version && nowMs < backOff.untilSeconds * 1000;
}
