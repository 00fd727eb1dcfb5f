// The lease that makes one instance the minter of one token, as those see it who don't hold it.

import type { Clock } from '../clock.ts';

/** A whole mint, its retry included. */
export const MINT_LIMIT_MS = 8_000;
/** A mint, and 2 s to publish. */
export const LEASE_MS = MINT_LIMIT_MS + 2_000;
/** After a mint: to publish, and to read what another has published. The table's client gives up within a second. */
export const AFTER_MINT_MS = 3_000;
/** To look at the table once more. */
export const LOOK_MS = 1_000;
/** For clocks that differ: a lease is over by the clock only this much after its end. */
export const LEASE_ALLOWANCE_MS = 1_000;

const FIRST_PAUSE_MS = 50;
export const LONGEST_PAUSE_MS = 1_000;

/**
 * How long to wait for another's mint before the table is read again: growing, and drawn from the upper half.
 * @param round 0 for the first pause
 * @param random uniform in [0, 1)
 */
export function leasePauseMs(round: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 1.5 ** round, LONGEST_PAUSE_MS) * (1 - random / 2);
}

interface SeenLease {
  readonly id: string;
  readonly untilMs: number;
}

/** Watches the leases on one token: one that was seen for its whole length is over, whatever its holder's clock said. */
export class LeaseWatch {
  readonly #clock: Clock;
  #id: string | undefined;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  see(lease: SeenLease | undefined): void {
    if (lease?.id === this.#id) return;
    this.#id = lease?.id;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** The lease last seen, once it was watched to its end. */
  get watchedToItsEnd(): string | undefined {
    return this.#clock.monotonicMs() - this.#sinceMs > LEASE_MS + LEASE_ALLOWANCE_MS ? this.#id : undefined;
  }

  isOver(lease: SeenLease | undefined): boolean {
    return (
      lease === undefined ||
      lease.untilMs < this.#clock.nowMs() - LEASE_ALLOWANCE_MS ||
      lease.id === this.watchedToItsEnd
    );
  }
}
