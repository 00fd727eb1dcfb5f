import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isBelieved, MAX_AHEAD_MS } from '../../../../lambda/vend/state/bounds.ts';
import {
  type CredentialState,
  isTestDue,
  isTestNear,
  MAX_REJECTED,
  rejectedName,
  withoutRejected,
  withRejected,
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

describe('a token is added to the rejected ones', () => {
  test('with the second of the report', () => {
    expect(withRejected(new Map(), 'one', NOW_MS + 999)).toEqual(new Map([['one', NOW]]));
  });

  test('once, with the last report', () => {
    expect(withRejected(new Map([['one', NOW - 100]]), 'one', NOW_MS)).toEqual(new Map([['one', NOW]]));
  });

  test.each([
    [-600, false],
    [-599, true],
    [0, true],
    [5, true],
    [6, false],
    [3600, false],
  ])('beside one that was reported %d s from now, if that is neither old nor too far ahead: %s', (seconds, stays) => {
    const rejected = withRejected(new Map([['other', NOW + seconds]]), 'one', NOW_MS);
    expect([...(rejected?.keys() ?? [])]).toEqual(stays ? ['other', 'one'] : ['one']);
  });

  const many = (count: number, atSeconds = NOW) =>
    new Map(Array.from({ length: count }, (_, n): [string, number] => [`token ${n}`, atSeconds]));

  test.each([
    ['if there are 299', many(MAX_REJECTED - 1), 300],
    ['unless there are 300', many(MAX_REJECTED), undefined],
    ['if it is one of 300', many(MAX_REJECTED - 1).set('one', NOW), 300],
    ['if 300 of them are old', many(MAX_REJECTED, NOW - 600), 1],
  ])('%s', (_, rejected, size) => {
    expect(withRejected(rejected, 'one', NOW_MS)?.size).toBe(size);
  });

  test('without a change of the list that was read', () => {
    const read = many(1);
    withRejected(read, 'one', NOW_MS);
    withoutRejected(read, 'token 0');
    expect(read).toEqual(many(1));
  });
});

test('a token that was issued again is removed from the rejected ones, and no other', () => {
  const rejected = new Map([
    ['one', NOW],
    ['other', NOW],
  ]);
  expect(withoutRejected(rejected, 'one')).toEqual(new Map([['other', NOW]]));
  expect(withoutRejected(rejected, 'a third')).toEqual(rejected);
});

describe('a stored time is believed up to', () => {
  test.each([
    ['six minutes ahead, if it ends a back-off', 'backOff', 360_000],
    ["a test's own five minutes and 5 s ahead, if it is a next test", 'test', 305_000],
    ['5 s ahead, if it has happened', 'event', 5_000],
  ] as const)('%s', (_, kind, maxAheadMs) => {
    expect(MAX_AHEAD_MS[kind]).toBe(maxAheadMs);
    expect(isBelieved(kind, NOW_MS + maxAheadMs, NOW_MS)).toBe(true);
    expect(isBelieved(kind, NOW_MS + maxAheadMs + 1, NOW_MS)).toBe(false);
    expect(isBelieved(kind, 0, NOW_MS)).toBe(true);
  });
});
