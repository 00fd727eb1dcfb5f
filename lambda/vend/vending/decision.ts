// The policy: it decides the next step of a request from its situation. The first row that matches decides.

import { firstMatch } from '../../first-match.ts';

/** The situation of a request after it has read the table and the credential. */
export interface Situation {
  /**
   * `fresh`: the token can be vended as it is. `renewal due`: it is fresh, but its renewal point has passed. `none`:
   * there is no fresh token.
   */
  readonly token: 'fresh' | 'renewal due' | 'none';
  /** `away`: the table is unreachable, or it holds a token of another credential version that can't be read. */
  readonly table: 'usable' | 'throttled' | 'away';
  /** Whether the last mint failed and its back-off has not ended. */
  readonly isBackedOff: boolean;
  readonly lease: 'free' | 'held';
  /** Whether there is time for a pause, another read and a whole mint. */
  readonly hasTimeToReadAndMint: boolean;
  /** Whether there is time for a whole mint. */
  readonly hasTimeToMint: boolean;
  /** Whether there is time for a pause and another read. */
  readonly hasTimeToWait: boolean;
}

export type NextStep = 'vend' | 'wait' | 'fail' | 'mint under lease' | 'mint without table';

export interface Row {
  readonly because: string;
  /** The facts that must hold for this row. Facts that are left out make no difference. */
  readonly when: Partial<Situation>;
  readonly next: NextStep;
}

export const POLICY: readonly Row[] = [
  { because: 'a fresh token needs nothing', when: { token: 'fresh' }, next: 'vend' },
  {
    // Without the table, each instance would mint a token of its own.
    because: 'a throttling table is up, and other instances use it',
    when: { token: 'none', table: 'throttled', hasTimeToReadAndMint: true, hasTimeToWait: true },
    next: 'wait',
  },
  {
    because: 'a renewal that is backed off does not keep the token from its callers',
    when: { token: 'renewal due', isBackedOff: true },
    next: 'vend',
  },
  { because: 'a server that failed is left alone for a while', when: { isBackedOff: true }, next: 'fail' },
  {
    because: 'a renewal can wait until the table no longer throttles',
    when: { token: 'renewal due', table: 'throttled' },
    next: 'vend',
  },
  {
    because: 'a renewal can wait until the table is back',
    when: { token: 'renewal due', table: 'away' },
    next: 'vend',
  },
  { because: 'no time is left to wait for the table', when: { table: 'throttled' }, next: 'mint without table' },
  { because: 'a caller needs a token in any case', when: { table: 'away' }, next: 'mint without table' },
  {
    because: 'one instance mints for all, and only with time for a whole mint',
    when: { lease: 'free', hasTimeToMint: true },
    next: 'mint under lease',
  },
  {
    because: 'another instance renews, or no time is left',
    when: { token: 'renewal due' },
    next: 'vend',
  },
  { because: 'another instance mints', when: { hasTimeToWait: true }, next: 'wait' },
  { because: 'no time is left', when: {}, next: 'fail' },
];

export function decide(situation: Situation, policy = POLICY): NextStep {
  return firstMatch(policy, situation)?.next ?? 'fail';
}
