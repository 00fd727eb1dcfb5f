// The lease makes one instance the minter of one token. This is how the other instances judge whether it has ended.

import type { Clock } from '../../clock.ts';
import { LEASE_MS } from '../../time-limits.ts';

export interface Lease {
  readonly id: string;
  readonly untilMs: number;
}

/** Clocks differ. So by the clock, a lease counts as over only this long after its end. */
export const LEASE_ALLOWANCE_MS = 1_000;

const FIRST_PAUSE_MS = 50;
export const MAX_PAUSE_MS = 1_000;

/**
 * How long to wait for another instance's mint before the table is read again. The pause grows with each round, and is
 * drawn at random between half of its maximum and its maximum.
 * @param round 0 for the first pause
 * @param random uniform in [0, 1)
 */
export function leasePauseMs(round: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 1.5 ** round, MAX_PAUSE_MS) * (1 - random / 2);
}

/**
 * Watches the leases on one token for one call. A lease that was seen for its whole length is over, even if the clocks
 * differ. The call's own lease is free to it: the answer to its acquisition may have been lost.
 */
export class LeaseWatch {
  readonly ownLeaseId: string;
  readonly #clock: Clock;
  #id: string | undefined;
  #sinceMs = 0;

  /** @param ownLeaseId the ID under which this call takes the lease */
  constructor(clock: Clock, ownLeaseId: string) {
    this.#clock = clock;
    this.ownLeaseId = ownLeaseId;
  }

  see(lease: Lease | undefined): void {
    if (lease?.id === this.#id) return;
    this.#id = lease?.id;
    this.#sinceMs = this.#clock.monotonicMs();
  }

  /** The ID of the lease that was seen last, if it was watched to its end. */
  get watchedToItsEnd(): string | undefined {
    return this.#clock.monotonicMs() - this.#sinceMs > LEASE_MS + LEASE_ALLOWANCE_MS ? this.#id : undefined;
  }

  isFree(lease: Lease | undefined): boolean {
    return (
      lease === undefined ||
      lease.id === this.ownLeaseId ||
      lease.untilMs < this.#clock.nowMs() - LEASE_ALLOWANCE_MS ||
      lease.id === this.watchedToItsEnd
    );
  }
}
