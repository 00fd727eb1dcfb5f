// What all profiles of a credential know of it together: which version mints, which one is being tested, and which
// tokens were rejected by APIs. There is no I/O and no clock here.

import type { BackOff } from './back-off.ts';
import { isBelieved } from './bounds.ts';

/** A test of a version that isn't accepted yet: one mint with it. */
export interface VersionTest {
  readonly version: string;
  /** When the version may be tested again. */
  readonly nextAtSeconds: number;
}

/** By the name of a rejected token (see `rejectedName`): the second of the report. */
export type RejectedTokens = ReadonlyMap<string, number>;

export interface CredentialState {
  /** The version that mints. Undefined if no token was minted yet. */
  readonly acceptedVersion?: string | undefined;
  /** The test that was made last. */
  readonly test?: VersionTest | undefined;
  readonly rejected?: RejectedTokens | undefined;
  /** Tokens that were learned before must be read from the store again. */
  readonly rereadBeforeMs?: number | undefined;
  /** The back-off of a server that throttles this client, or refuses all versions of its credential. */
  readonly backOff?: BackOff | undefined;
}

/** Nobody else tests a version within this time after its test began. */
export const TEST_CLAIM_MS = 30_000;
/** A test that is this near is due, or under way: it is claimed for less. */
const NEAR_MS = TEST_CLAIM_MS + 5_000;
/** A version that was refused is tested again after this time. */
export const TEST_AGAIN_MS = 300_000;
/** Every instance has read the rejected tokens by then, or reads each of its tokens again. */
const KEEP_REJECTED_MS = 600_000;
/** The credential's item must not grow without limit. This many names fit into 8 KB. */
export const MAX_REJECTED = 300;
/** 8 bytes of a SHA-256 name a token well enough among a few hundred. */
const NAME_BYTES = 8;

/** The current version is not the one that mints, and it may be tested now. */
export function isTestDue(state: CredentialState, currentVersion: string | undefined, nowMs: number): boolean {
  const { acceptedVersion, test } = state;
  if (acceptedVersion === undefined || currentVersion === undefined || currentVersion === acceptedVersion) return false;
  return test?.version !== currentVersion || nowMs >= test.nextAtSeconds * 1000;
}

/** A test is due, under way, or soon due again. Its result is looked for more often than usual. */
export function isTestNear(state: CredentialState, currentVersion: string | undefined, nowMs: number): boolean {
  return isTestDue(state, currentVersion, nowMs + NEAR_MS);
}

/** The name of a token among the rejected ones. @param sha256 of the token, in hex */
export function rejectedName(sha256: string): string {
  return Buffer.from(sha256, 'hex').subarray(0, NAME_BYTES).toString('base64url');
}

/** The names of entries that nobody needs any more: old ones, and ones that another clock put far ahead. */
export function oldRejected(rejected: RejectedTokens, nowMs: number): string[] {
  const isRecent = (atMs: number) => nowMs < atMs + KEEP_REJECTED_MS && isBelieved('event', atMs, nowMs);
  return [...rejected].filter(([, atSeconds]) => !isRecent(atSeconds * 1000)).map(([name]) => name);
}
