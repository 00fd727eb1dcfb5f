// What the policy needs of a store that a fleet shares: one entry per token, with the lease of the instance that mints it
// and the back-off after a mint that failed; and the back-off of a server that throttles the credential. Reads are
// consistent. Each write happens only under the conditions that it names.

import type { BackOff } from '../state/back-off.ts';
import type { Refusal, TokenState } from '../state/token-state.ts';

/** An entry as it is stored: its token is sealed. */
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
  /** A lease that ended before this moment is over: the clock's time less an allowance. */
  readonly endedBeforeMs: number;
  /** A lease that was watched for its whole length: it is over, whatever the clocks say. */
  readonly watchedLeaseId: string | undefined;
  /** The revision that was read; undefined: there was none. */
  readonly seenRevision: string | undefined;
}

export interface Publication extends Write {
  readonly seenRevision: string | undefined;
  readonly revision: string;
  readonly sealed: Uint8Array;
  readonly credentialVersion: string;
  /** Of the current version, where the authorization server refused that one. */
  readonly refusal: Refusal | undefined;
  readonly forcedAtSeconds: number | undefined;
}

export interface FailureRecord extends Write {
  readonly revision: string;
  readonly backOff: BackOff;
  /** Of the current version, where the authorization server refused that one. */
  readonly refusal: Refusal | undefined;
}

/** All methods reject with what the store's client throws; `isThrottled` tells one kind of it from the others. */
export interface TokenStore {
  read(key: string): Promise<StoredToken | undefined>;

  /** Takes the lease. False where another has it, or has published or failed since the revision was read. */
  acquireLease(request: LeaseRequest): Promise<boolean>;

  /** Gives back a lease that is still one's own. */
  releaseLease(key: string, leaseId: string): Promise<void>;

  /** Publishes a token, which ends lease and back-off. False where another writer's entry stands. */
  publish(publication: Publication): Promise<boolean>;

  /** Records a mint that failed, under one's own lease only, and gives the lease back. The token stays. */
  recordFailure(record: FailureRecord): Promise<void>;

  /** The back-off of a server that throttles the credential, for all profiles that share it. */
  readThrottling(): Promise<BackOff | undefined>;

  /** A longer back-off that is there stays. */
  recordThrottling(backOff: BackOff): Promise<void>;

  /** Whether an error says that the store is up, but takes no more requests for now: nothing was read or written. */
  isThrottled(error: unknown): boolean;
}
