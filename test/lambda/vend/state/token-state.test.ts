import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { BackOff } from '../../../../lambda/vend/state/back-off.ts';
import {
  assertMinTtlFits,
  isFresh,
  isValid,
  NO_DEMAND,
  type TokenState,
} from '../../../../lambda/vend/state/token-state.ts';
import { ISSUED_AT, ISSUED_AT_MS, someToken } from '../../../../testbed/test-data.ts';

const token = (lifetimeSeconds: number) => someToken({ lifetimeSeconds });

/** The time that is `ms` milliseconds before the end of a lifetime. */
function beforeEnd(lifetimeSeconds: number, ms: number): number {
  return (ISSUED_AT + lifetimeSeconds) * 1000 - ms;
}

describe('a token is valid until an allowance before its end (1 s, or a tenth of a short lifetime):', () => {
  test.each([
    [3600, 1_001, true],
    [3600, 1_000, false],
    [3600, 0, false],
    [3600, -1, false],
    [60, 1_001, true],
    [60, 1_000, false],
    [5, 501, true],
    [5, 500, false],
    [1, 101, true],
    [1, 100, false],
  ])('with a lifetime of %d s and %d ms left, it is valid: %s', (lifetimeSeconds, ms, valid) => {
    expect(isValid(token(lifetimeSeconds), NO_DEMAND, beforeEnd(lifetimeSeconds, ms))).toBe(valid);
  });
});

describe('a token is fresh until a margin before its end (30 s, or a tenth of a short lifetime):', () => {
  test.each([
    [3600, 30_001, true],
    [3600, 30_000, false],
    [300, 30_001, true],
    [300, 30_000, false],
    [60, 6_001, true],
    [60, 6_000, false],
  ])('with a lifetime of %d s and %d ms left, it is fresh: %s', (lifetimeSeconds, ms, fresh) => {
    const state: TokenState = { token: token(lifetimeSeconds), credentialVersion: 'v1' };
    expect(isFresh(state, NO_DEMAND, 'v1', beforeEnd(lifetimeSeconds, ms))).toBe(fresh);
  });
});

describe('min_ttl', () => {
  test.each([
    [60_000, 60_000, true],
    [60_000, 60_999, true],
    [60_000, 59_999, false],
  ])('of %d ms makes a token with %d ms left valid: %s', (minTtlMs, leftMs, valid) => {
    expect(isValid(token(3600), { ...NO_DEMAND, minTtlMs }, beforeEnd(3600, leftMs))).toBe(valid);
  });

  test.each([
    [14_399, 10_799_000],
    [60, 45_000],
    [1, 0],
  ])('for a token that lives %d s may be at most %d ms', (lifetimeSeconds, maxMs) => {
    const state = { token: token(lifetimeSeconds) };
    const requested = (minTtlMs: number) => () => assertMinTtlFits(state, { ...NO_DEMAND, minTtlMs }, ISSUED_AT_MS);
    expect(requested(maxMs)).not.toThrow();
    expect(requested(maxMs + 1000)).toThrow(`at most ${maxMs / 1000} `);
  });
});

describe('a rejected token', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  test.each([
    ['that is the cached one is not valid', 'the-token', false],
    ['that is another one leaves the cached one valid', 'another-token', true],
  ])('%s', (_, rejected, valid) => {
    const demand = { ...NO_DEMAND, rejectedTokenSha256: sha256(rejected) };
    expect(isValid(token(3600), demand, ISSUED_AT_MS)).toBe(valid);
  });
});

describe('a token of an older credential version', () => {
  const backOff: BackOff = { untilSeconds: ISSUED_AT + 10, error: 'unavailable', missing: [], version: 'v2', count: 1 };
  test.each<[string, Partial<TokenState>, number, boolean]>([
    ['is replaced', {}, 0, false],
    ['is fresh while the current one is refused', { refusal: { version: 'v2', atSeconds: ISSUED_AT } }, 0, true],
    [
      'is replaced when the refused one is not the current one',
      { refusal: { version: 'v0', atSeconds: ISSUED_AT } },
      0,
      false,
    ],
    ['is fresh while the current one is in back-off', { backOff }, 9_999, true],
    ['is replaced when the back-off ends', { backOff }, 10_000, false],
    ['is replaced when another one is in back-off', { backOff: { ...backOff, version: 'v0' } }, 0, false],
  ])('%s', (_, facts, afterMs, fresh) => {
    const state: TokenState = { token: token(3600), credentialVersion: 'v1', ...facts };
    expect(isFresh(state, NO_DEMAND, 'v2', ISSUED_AT_MS + afterMs)).toBe(fresh);
  });
});
