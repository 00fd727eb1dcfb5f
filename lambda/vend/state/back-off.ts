// The back-off after a failed mint. Until it ends, no instance repeats that mint.

import { type ErrorCode, TRANSIENT, type VendingError } from '../../errors.ts';

export interface BackOff {
  readonly untilSeconds: number;
  readonly error: ErrorCode;
  /** The indexes of the scopes that were not granted, in the canonical list of requested scopes. */
  readonly missing: readonly number[];
  /** The credential version that failed. The back-off does not hold for another version. */
  readonly version: string;
  /** The number of mints that failed in a row. */
  readonly count: number;
}

const FIRST_MS = 1_000;
/** With this, a fleet notices within 30 s that a server has recovered. */
const MAX_MS = 25_000;
/** A longer `Retry-After` counts as this long. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * After transient failures in a row, the back-off doubles from 1 s to 25 s. After any other failure it lasts 25 s at
 * once. Up to a quarter is taken off at random. A longer `Retry-After` is honoured, up to 5 min.
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
  const retryAfterMs = Math.min((failure.retryAfterSeconds ?? 0) * 1000, MAX_RETRY_AFTER_MS);
  return {
    untilSeconds: Math.ceil((at.nowMs + Math.max(jitteredMs, retryAfterMs)) / 1000),
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
