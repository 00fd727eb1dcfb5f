import { describe, expect, test } from '@jest/globals';
import type { ErrorCode } from '../../../../lambda/errors.ts';
import { type BackOff, isInForce, nextBackOff } from '../../../../lambda/vend/state/back-off.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;

function next(
  code: ErrorCode,
  count: number,
  details: { retryAfterSeconds?: number; random?: number; version?: string } = {},
) {
  const previous: BackOff = { untilSeconds: NOW, error: code, missing: [], version: 'v1', count };
  const { retryAfterSeconds, random = 0, version = 'v1' } = details;
  const failure = { code, retryAfterSeconds, missing: [] };
  return nextBackOff(failure, count === 0 ? undefined : previous, { version, nowMs: NOW_MS, random });
}

describe('after a transient failure', () => {
  test.each([
    [0, 1],
    [1, 2],
    [2, 4],
    [3, 8],
    [4, 16],
    [5, 25],
    [50, 25],
  ])('with %d failures before it, the back-off lasts %d s', (count, seconds) => {
    expect(next('unavailable', count).untilSeconds).toBe(NOW + seconds);
    expect(next('unavailable', count).count).toBe(count + 1);
  });
});

test.each<ErrorCode>(['invalid_scope', 'credential_refused', 'nothing_granted', 'wrong_tenant', 'unusable_answer'])(
  'the back-off after an answer (%s) lasts 25 s',
  (code) => {
    expect(next(code, 0).untilSeconds).toBe(NOW + 25);
  },
);

test('up to a quarter of a back-off is taken off at random', () => {
  expect(next('invalid_scope', 0, { random: 0.999 }).untilSeconds).toBe(NOW + 19);
});

test.each([
  [10, 10],
  [300, 300],
  [301, 300],
  [86_400, 300],
  [0, 1],
])('a Retry-After of %d s makes a back-off of %d s', (retryAfterSeconds, seconds) => {
  expect(next('throttled', 0, { retryAfterSeconds }).untilSeconds).toBe(NOW + seconds);
});

test('the back-off of a new credential version starts from the first step', () => {
  expect(next('unavailable', 5, { version: 'v2' })).toMatchObject({ count: 1, version: 'v2', untilSeconds: NOW + 1 });
});

test.each([
  ['is in force before its end', 'v1', 9_999, true],
  ['is not in force at its end', 'v1', 10_000, false],
  ['is not in force for another version', 'v2', 0, false],
  ['is not in force without a version', undefined, 0, false],
])('a back-off %s', (_, version, afterMs, inForce) => {
  const backOff: BackOff = { untilSeconds: NOW + 10, error: 'unavailable', missing: [], version: 'v1', count: 1 };
  expect(isInForce(backOff, version, NOW_MS + afterMs)).toBe(inForce);
});
