// The `Retry-After` header (RFC 9110 §10.2.3): seconds, or a date in any of the three forms of RFC 9110 §5.6.7.

/** A longer `Retry-After` counts as this long. */
const MAX_RETRY_AFTER_SECONDS = 24 * 3600;

const DATES = [
  /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/, // IMF-fixdate
  /^\w{6,9}, \d\d-\w{3}-\d\d \d\d:\d\d:\d\d GMT$/, // RFC 850
  /^\w{3} \w{3} [\d ]\d \d\d:\d\d:\d\d \d{4}$/, // asctime, which is in GMT and doesn't say so
];

/** Returns seconds from now on. Undefined if the value is absent or unreadable. */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  let seconds = Number.NaN;
  if (/^\d+$/.test(text)) seconds = Number(text);
  else if (DATES.some((form) => form.test(text))) {
    seconds = Math.ceil((Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) - nowMs) / 1000);
  }
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), MAX_RETRY_AFTER_SECONDS);
}
