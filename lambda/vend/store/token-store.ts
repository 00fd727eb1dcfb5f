// The store of tokens that all instances share, as the policy needs it. It has one entry per token, with the lease of
// the instance that mints it and the back-off after a failed mint. Reads are consistent. A write succeeds only under its
// conditions.

import type { BackOff } from '../state/back-off.ts';
import type { TokenState } from '../state/token-state.ts';

/** An entry as it is stored, with the token sealed. */
export interface StoredToken extends Omit<TokenState, 'token'> {
  readonly sealed?: Uint8Array | undefined;
}

interface Write {
  readonly key: string;
  readonly leaseId: string;
  /** When the store may delete the entry. */
  readonly expiresAtSeconds: number;
}

export interface LeaseRequest extends Write {
  readonly untilMs: number;
  /** A lease that ends before this time is over. This is the clock's time minus an allowance. */
  readonly endedBeforeMs: number;
  /** A lease that was watched for its whole length. It is over, even if the clocks differ. */
  readonly watchedLeaseId: string | undefined;
  /** The revision that was read. Undefined if there was none. */
  readonly seenRevision: string | undefined;
}

export interface Publication extends Write {
  readonly seenRevision: string | undefined;
  readonly revision: string;
  readonly sealed: Uint8Array;
  readonly credentialVersion: string;
  readonly forcedAtSeconds: number | undefined;
}

export interface FailureRecord extends Write {
  readonly revision: string;
  readonly backOff: BackOff;
}

/** All methods throw the errors of the store's client. `isThrottled` and `isImpossible` recognise two kinds of them. */
export interface TokenStore {
  read(key: string): Promise<StoredToken | undefined>;

  /** Takes the lease, or extends one's own. False if another instance has it, or has published or failed since the revision was read. */
  acquireLease(request: LeaseRequest): Promise<boolean>;

  /**
   * Gives the lease back, if this instance still has it.
   * @param revision a new one, so that a late repetition of the acquisition fails
   */
  releaseLease(key: string, leaseId: string, revision: string): Promise<void>;

  /** Publishes a token, which ends the lease and the back-off. False if another instance's entry stays instead. */
  publish(publication: Publication): Promise<boolean>;

  /** Records a failed mint and gives the lease back, if this instance still has it. The stored token stays. */
  recordFailure(record: FailureRecord): Promise<void>;

  /** Whether an error means that the store works but throttles. An earlier attempt of a write may have been written. */
  isThrottled(error: unknown): boolean;

  /** Whether an error means that the same write can never succeed: the entry is too large. */
  isImpossible(error: unknown): boolean;
}
