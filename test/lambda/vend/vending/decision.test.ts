// The policy is tested as a table, with one line for each of its rows, and by rules that hold in every situation.

import { describe, expect, test } from '@jest/globals';
import { decide, type NextStep, POLICY, type Situation } from '../../../../lambda/vend/vending/decision.ts';

/** There is no token, no failure and no lease, and there is time for everything. */
const COLD: Situation = {
  token: 'none',
  table: 'usable',
  isBackedOff: false,
  lease: 'free',
  hasTimeToReadAndMint: true,
  hasTimeToMint: true,
  hasTimeToWait: true,
};

const TABLE: readonly [because: string, situation: Partial<Situation>, next: NextStep][] = [
  ['a fresh token needs nothing', { token: 'fresh' }, 'vend'],
  ['a throttling table is up, and other instances use it', { table: 'throttled' }, 'wait'],
  [
    'a renewal that is backed off does not keep the token from its callers',
    { token: 'renewal due', isBackedOff: true },
    'vend',
  ],
  ['a server that failed is left alone for a while', { isBackedOff: true }, 'fail'],
  ['a renewal can wait until the table no longer throttles', { token: 'renewal due', table: 'throttled' }, 'vend'],
  ['a renewal can wait until the table is back', { token: 'renewal due', table: 'away' }, 'vend'],
  [
    'no time is left to wait for the table',
    { table: 'throttled', hasTimeToReadAndMint: false, lease: 'held' },
    'mint without table',
  ],
  ['a caller needs a token in any case', { table: 'away' }, 'mint without table'],
  ['one instance mints for all, and only with time for a whole mint', { token: 'renewal due' }, 'mint under lease'],
  ['another instance renews, or no time is left', { token: 'renewal due', lease: 'held' }, 'vend'],
  ['another instance mints', { lease: 'held' }, 'wait'],
  ['no time is left', { lease: 'held', hasTimeToWait: false }, 'fail'],
];

describe.each(TABLE)('because %s', (because, given, next) => {
  const situation = { ...COLD, ...given };

  test(`the next step is: ${next}`, () => {
    expect(decide(situation)).toBe(next);
  });

  test('no other row leads to that step', () => {
    const others = POLICY.filter((row) => row.because !== because);
    expect(others).toHaveLength(POLICY.length - 1);
    // The last row applies when no other row does, and a policy without it fails as well.
    if (because !== 'no time is left') expect(decide(situation, others)).not.toBe(next);
  });
});

test('the table shows each row once, in their order', () => {
  expect(TABLE.map(([because]) => because)).toEqual(POLICY.map(({ because }) => because));
});

const BOOLEANS = [true, false];
const ALL: readonly Situation[] = (['fresh', 'renewal due', 'none'] as const).flatMap((token) =>
  (['usable', 'throttled', 'away'] as const).flatMap((table) =>
    (['free', 'held'] as const).flatMap((lease) =>
      BOOLEANS.flatMap((isBackedOff) =>
        BOOLEANS.flatMap((hasTimeToReadAndMint) =>
          BOOLEANS.flatMap((hasTimeToMint) =>
            BOOLEANS.map((hasTimeToWait) => ({
              token,
              table,
              lease,
              isBackedOff,
              hasTimeToReadAndMint,
              hasTimeToMint,
              hasTimeToWait,
            })),
          ),
        ),
      ),
    ),
  ),
);

/** The situations in which one of these steps is next. */
const when = (...steps: NextStep[]) => ALL.filter((situation) => steps.includes(decide(situation)));

describe('in every situation', () => {
  test('a fresh token is vended, unless it is renewed first', () => {
    const withToken = ALL.filter(({ token }) => token !== 'none');
    expect(withToken.filter((situation) => !['vend', 'mint under lease'].includes(decide(situation)))).toEqual([]);
    expect(when('vend').filter(({ token }) => token === 'none')).toEqual([]);
  });

  test('no mint begins during a back-off', () => {
    const minted = when('mint under lease', 'mint without table');
    expect(minted.filter(({ isBackedOff }) => isBackedOff)).toEqual([]);
  });

  test('a mint under the lease has the table, the lease and the time for it', () => {
    for (const { table, lease, hasTimeToMint } of when('mint under lease')) {
      expect({ table, lease, hasTimeToMint }).toEqual({ table: 'usable', lease: 'free', hasTimeToMint: true });
    }
  });

  test('a mint without the table is for a caller who has no token', () => {
    for (const { table, token } of when('mint without table')) {
      expect(token).toBe('none');
      expect(table).not.toBe('usable');
    }
  });

  test('no request waits without the time for it', () => {
    expect(when('wait').filter(({ hasTimeToWait }) => !hasTimeToWait)).toEqual([]);
  });
});
