import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isBelieved, MAX_AHEAD_MS } from '../../../../lambda/vend/state/bounds.ts';
import {
  type CredentialState,
  isTestDue,
  isTestNear,
  oldRejected,
  rejectedName,
} from '../../../../lambda/vend/state/credential-state.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;

describe('a version', () => {
  const test2 = (nextAtSeconds: number) => ({ version: 'v2', nextAtSeconds });
  test.each<[string, CredentialState, string | undefined, boolean]>([
    ['is not tested before one was accepted', {}, 'v1', false],
    ['is not tested if it is the accepted one', { acceptedVersion: 'v1' }, 'v1', false],
    ['is not tested while none is known', { acceptedVersion: 'v1' }, undefined, false],
    ['is tested if it is not the accepted one', { acceptedVersion: 'v1' }, 'v2', true],
    ['is tested if another one was tested last', { acceptedVersion: 'v1', test: test2(NOW + 300) }, 'v3', true],
    ['is not tested a second before its next test', { acceptedVersion: 'v1', test: test2(NOW + 1) }, 'v2', false],
    ['is tested again at its next test', { acceptedVersion: 'v1', test: test2(NOW) }, 'v2', true],
    ['is not tested again if it is accepted by now', { acceptedVersion: 'v2', test: test2(NOW) }, 'v2', false],
  ])('%s', (_, state, currentVersion, isDue) => {
    expect(isTestDue(state, currentVersion, NOW_MS)).toBe(isDue);
  });

  test.each([
    [36, false],
    [35, true],
    [30, true],
    [0, true],
    [-1, true],
  ])('whose next test is %d s ahead is near its test: %s', (seconds, isNear) => {
    expect(isTestNear({ acceptedVersion: 'v1', test: test2(NOW + seconds) }, 'v2', NOW_MS)).toBe(isNear);
  });

  test('that is the accepted one is never near a test', () => {
    expect(isTestNear({ acceptedVersion: 'v2', test: test2(NOW) }, 'v2', NOW_MS)).toBe(false);
  });
});

test('a rejected token is named by the first 8 bytes of its SHA-256, in base64url', () => {
  const sha256 = createHash('sha256').update('the-token').digest();
  expect(rejectedName(sha256.toString('hex'))).toBe(sha256.subarray(0, 8).toString('base64url'));
  expect(rejectedName(sha256.toString('hex'))).toHaveLength(11);
});

test.each([
  [-600, true],
  [-599, false],
  [0, false],
  [5, false],
  [6, true],
  [3600, true],
])('nobody needs a rejected token that was reported %d s from now: %s', (seconds, isOld) => {
  const rejected = new Map([
    ['one', NOW + seconds],
    ['other', NOW],
  ]);
  expect(oldRejected(rejected, NOW_MS)).toEqual(isOld ? ['one'] : []);
});

describe('a stored time is believed up to', () => {
  test.each([
    ['six minutes ahead, if it ends a back-off', 'backOff', 360_000],
    ["a test's own five minutes and 5 s ahead, if it is a next test", 'test', 305_000],
    ['5 s ahead, if it has happened', 'event', 5_000],
    ['a minute and 5 s ahead, if all is to be read again then', 'reread', 65_000],
  ] as const)('%s', (_, kind, maxAheadMs) => {
    expect(MAX_AHEAD_MS[kind]).toBe(maxAheadMs);
    expect(isBelieved(kind, NOW_MS + maxAheadMs, NOW_MS)).toBe(true);
    expect(isBelieved(kind, NOW_MS + maxAheadMs + 1, NOW_MS)).toBe(false);
    expect(isBelieved(kind, 0, NOW_MS)).toBe(true);
  });
});
