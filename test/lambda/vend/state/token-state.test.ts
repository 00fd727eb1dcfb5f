import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  assertMinTtlFits,
  isFresh,
  isValid,
  NO_DEMAND,
  patience,
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
    expect(isFresh(state, NO_DEMAND, ['v1'], beforeEnd(lifetimeSeconds, ms))).toBe(fresh);
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

describe('a token', () => {
  test.each<[string, (string | undefined)[], boolean]>([
    ['of the current version is fresh', ['v1', undefined], true],
    ['of the accepted version is fresh', ['v2', 'v1'], true],
    ['of another version is replaced', ['v2', 'v2'], false],
    ['is replaced while no version is known', [undefined, undefined], false],
  ])('%s', (_, versionsInUse, fresh) => {
    const state: TokenState = { token: token(3600), credentialVersion: 'v1' };
    expect(isFresh(state, NO_DEMAND, versionsInUse, ISSUED_AT_MS)).toBe(fresh);
  });

  test('that the server hands out until it ends has no margin', () => {
    const repeated = token(3600).after(token(3600));
    const state: TokenState = { token: repeated, credentialVersion: 'v1' };
    expect(isFresh(state, NO_DEMAND, ['v1'], beforeEnd(3600, 1_001))).toBe(true);
    expect(isFresh(state, NO_DEMAND, ['v1'], beforeEnd(3600, 1_000))).toBe(false);
  });
});

describe('a caller with a valid token waits for a better one', () => {
  const startedAtMs = beforeEnd(600, 100_000);
  test.each<[string, number, string, { isShort: boolean; untilMs: number }]>([
    ['shortly while more than a tenth is left', 100_000, 'v1', { isShort: true, untilMs: startedAtMs + 1_500 }],
    ['shortly a millisecond before the last tenth', 60_001, 'v1', { isShort: true, untilMs: beforeEnd(600, 58_501) }],
    ['for a mint in the last tenth', 60_000, 'v1', { isShort: false, untilMs: beforeEnd(600, 52_000) }],
    ['for a mint if its version is replaced', 100_000, 'v0', { isShort: false, untilMs: startedAtMs + 8_000 }],
    ['until a second before it is valid no more', 5_000, 'v1', { isShort: false, untilMs: beforeEnd(600, 2_000) }],
  ])('%s', (_, leftMs, credentialVersion, expected) => {
    const nowMs = beforeEnd(600, leftMs);
    const state: TokenState = { token: token(600), credentialVersion };
    expect(patience(state, NO_DEMAND, ['v1'], { startedAtMs: nowMs, nowMs })).toEqual(expected);
  });

  test('and one without a valid token has no such limit', () => {
    const nowMs = beforeEnd(600, 1_000);
    expect(patience({ token: token(600) }, NO_DEMAND, ['v1'], { startedAtMs: nowMs, nowMs })).toBeUndefined();
  });
});
