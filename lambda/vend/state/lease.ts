// The lease that makes one instance the minter of one token, as the other instances see it.

import type { Clock } from '../../clock.ts';
import { LEASE_MS } from '../../time-limits.ts';

export interface Lease {
  readonly id: string;
  readonly untilMs: number;
}

/** Clocks differ: by the clock, a lease has ended only this much after its end. */
export const LEASE_ALLOWANCE_MS = 1_000;

const FIRST_PAUSE_MS = 50;
export const MAX_PAUSE_MS = 1_000;

/**
 * How long to wait for another instance's mint before the table is read again: growing, and drawn from the upper half.
 * @param round 0 for the first pause
 * @param random uniform in [0, 1)
 */
export function leasePauseMs(round: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 1.5 ** round, MAX_PAUSE_MS) * (1 - random / 2);
}

/** Watches the leases on one token: one that was seen for its whole length has ended, whatever the clocks say. */
export class LeaseWatch {
  readonly #clock: Clock;
  #id: string | undefined;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  see(lease: Lease | undefined): void {
    if (lease?.id === this.#id) return;
    this.#id = lease?.id;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** The lease last seen, once it was watched to its end. */
  get watchedToItsEnd(): string | undefined {
    return this.#clock.monotonicMs() - this.#sinceMs > LEASE_MS + LEASE_ALLOWANCE_MS ? this.#id : undefined;
  }

  isFree(lease: Lease | undefined): boolean {
    return (
      lease === undefined ||
      lease.untilMs < this.#clock.nowMs() - LEASE_ALLOWANCE_MS ||
      lease.id === this.watchedToItsEnd
    );
  }
}
