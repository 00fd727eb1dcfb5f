import { expect, test } from '@jest/globals';
import { parseRetryAfter } from '../../../lambda/oauth/retry-after.ts';

/** Wed, 25 Nov 2026 14:00:00 GMT */
const NOW_MS = Date.UTC(2026, 10, 25, 14);

test.each([
  ['seconds', '120', 120],
  ['seconds with blanks around them', ' 7 ', 7],
  ['zero', '0', 0],
  ['more than a day, which counts as a day', '99999999999', 86_400],
  ['an IMF-fixdate', 'Wed, 25 Nov 2026 14:02:00 GMT', 120],
  ['a date of RFC 850', 'Wednesday, 25-Nov-26 14:02:00 GMT', 120],
  ['an asctime date', 'Wed Nov 25 14:02:00 2026', 120],
  ['an asctime date with a day of one digit', 'Wed Nov  4 14:02:00 2026', 0],
  ['a date in the past', 'Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['a date tomorrow and later', 'Fri, 27 Nov 2026 14:00:00 GMT', 86_400],
])('%s', (_, value, seconds) => {
  expect(parseRetryAfter(value, NOW_MS)).toBe(seconds);
});

test('a part of a second counts as a whole one', () => {
  expect(parseRetryAfter('Wed, 25 Nov 2026 14:02:00 GMT', NOW_MS + 1)).toBe(120);
});

test.each([undefined, '', 'soon', '5.5', '-1', '2026-11-25T14:02:00Z', 'Wed, 25 Nov 2026', 'Wed Nov 25 2026', '1, 2'])(
  '%p counts as left out',
  (value) => {
    expect(parseRetryAfter(value, NOW_MS)).toBeUndefined();
  },
);

test('the dates are read alike in every time zone', () => {
  const { TZ } = process.env;
  try {
    process.env.TZ = 'Asia/Tokyo';
    expect(parseRetryAfter('Wed Nov 25 14:02:00 2026', NOW_MS)).toBe(120);
  } finally {
    process.env.TZ = TZ;
    if (TZ === undefined) delete process.env.TZ;
  }
});
