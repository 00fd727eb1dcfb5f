// How far ahead a stored time may be. Another clock or another hand may have written it. A time beyond its bound counts
// as absent, with all that belongs to it, so that it can hold up nothing for long.

/** How far ahead of this instance's clock each kind of stored time may be. */
export const MAX_AHEAD_MS = {
  /** The longest back-off is 5 min. Clocks and rounding may add to it. */
  backOff: 360_000,
  /** The longest time to the next test of a credential version is 5 min. */
  test: 305_000,
  /** The time of something that has happened. */
  event: 5_000,
  /** All tokens are read again within a minute. */
  reread: 65_000,
} as const;

export type StoredTime = keyof typeof MAX_AHEAD_MS;

export function isBelieved(kind: StoredTime, atMs: number, nowMs: number): boolean {
  return atMs <= nowMs + MAX_AHEAD_MS[kind];
}
