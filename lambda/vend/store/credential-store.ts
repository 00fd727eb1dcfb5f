// What all profiles of a credential share, as the policy needs it of a store. Reads are consistent. A write succeeds
// only under its conditions, and answers false where these don't hold.

import type { BackOff } from '../state/back-off.ts';
import type { CredentialState, VersionTest } from '../state/credential-state.ts';

/** All methods throw the errors of the store's client. `isThrottled` recognises one kind of them. */
export interface CredentialStore {
  read(): Promise<CredentialState>;

  /** Begins a test, unless the version is being tested, or was tested lately. */
  claimTest(test: VersionTest): Promise<boolean>;

  /** Sets when a version may be tested again, unless another version was tested since. */
  postponeTest(test: VersionTest): Promise<boolean>;

  /**
   * Makes a version the accepted one.
   * @param seenVersion the accepted version that was read. Another one stays
   * @param refused the current version, if it was refused in the same mint
   */
  accept(version: string, seenVersion: string | undefined, refused: VersionTest | undefined): Promise<boolean>;

  /**
   * Adds a token to the rejected ones, unless there are too many.
   * @param old the names of entries to remove
   */
  listRejected(name: string, atSeconds: number, old: readonly string[]): Promise<boolean>;

  unlistRejected(name: string): Promise<boolean>;

  /** All instances must read tokens again that they learned before this time. */
  setRereadBefore(rereadBeforeMs: number): Promise<boolean>;

  /** Records a back-off, unless a longer one is stored. */
  recordBackOff(backOff: BackOff): Promise<boolean>;

  isThrottled(error: unknown): boolean;
}
