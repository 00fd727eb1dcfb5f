// Numbers as a reader wants them.

import type { Run } from './runs.ts';

export function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** To the cent where that makes a difference. */
export function money(amount: number): string {
  return amount < 10 ? amount.toFixed(2) : whole(amount);
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function maybe(count: number | undefined): string {
  return count === undefined ? '–' : whole(count);
}

export function callsText({ instances, callsPerSecond }: Run): string {
  return `${whole(instances)} instances, ${callsPerSecond} call${callsPerSecond === 1 ? '' : 's'}/s each`;
}
