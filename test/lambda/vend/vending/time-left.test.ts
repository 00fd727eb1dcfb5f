import { describe, expect, test } from '@jest/globals';
import { TimeLeft } from '../../../../lambda/vend/vending/time-left.ts';

const NOW_MS = 1_800_000_000_000;

describe('a request without a valid token', () => {
  test.each([
    [24_000, 23_000, 12_000, 8_000, true],
    [11_000, 10_000, -1_000, 8_000, true],
    [10_999, 9_999, -1_001, 7_999, false],
    [3_000, 2_000, -9_000, 0, false],
    [0, -1_000, -12_000, -3_000, false],
  ])(
    'that has %d ms to its deadline has %d to wait, %d to read again, %d to mint; it may begin a mint: %s',
    (...row) => {
      const [untilDeadlineMs, toWaitMs, toReadAndMintMs, toMintMs, isEnoughToMint] = row;
      const left = new TimeLeft(NOW_MS, NOW_MS + untilDeadlineMs);
      expect(left).toMatchObject({ toWaitMs, toReadAndMintMs, toMintMs, isEnoughToMint, isCutByToken: false });
    },
  );
});

describe('a request with a valid token', () => {
  test.each([
    ['lives longer than a mint takes', 8_000, 7_000, 8_000, true, false],
    ['ends during a mint', 7_999, 6_999, 7_999, true, true],
    ['ends soon', 1, -999, 1, true, true],
    ['can be vended no longer', 0, -1_000, 0, false, true],
  ])(
    'that %s, after %d ms, has %d to wait and %d to mint; it may begin a mint: %s; the token cuts it short: %s',
    (_, ...row) => {
      const [tokenEndsAfterMs, toWaitMs, toMintMs, isEnoughToMint, isCutByToken] = row;
      const left = new TimeLeft(NOW_MS, NOW_MS + 24_000, { isShort: false, untilMs: NOW_MS + tokenEndsAfterMs });
      expect(left).toMatchObject({ toWaitMs, toMintMs, isEnoughToMint, isCutByToken, toReadAndMintMs: 12_000 });
    },
  );
});

describe('a request with a valid token that has much of its lifetime left', () => {
  test.each([
    [1_500, 500, 1_500, true],
    [501, -499, 501, true],
    [500, -500, 500, false],
  ])('has %d ms of patience: %d to wait and %d to mint; it may begin a mint: %s', (...row) => {
    const [untilMs, toWaitMs, toMintMs, isEnoughToMint] = row;
    const left = new TimeLeft(NOW_MS, NOW_MS + 24_000, { isShort: true, untilMs: NOW_MS + untilMs });
    expect(left).toMatchObject({ toWaitMs, toMintMs, isEnoughToMint, isCutByToken: true, isCutEarly: true });
  });
});
