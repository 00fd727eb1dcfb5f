// The scope sets that callers ask for, by their popularity: the first is `scope` left out, which is granted all of a
// tenant's scopes; the others name a few.

import { Scopes } from '../../lambda/oauth/scopes.ts';
import { SCOPE_SETS } from './model.ts';

const AREAS = ['product', 'category', 'customer', 'media', 'order', 'price', 'payment-gateway', 'availability'];

/** A full list of a tenant. As long as Emporix's: 4.1 KB. */
export const TENANT_SCOPES: readonly string[] = Array.from(
  { length: 169 },
  (_, index) => `${AREAS[index % AREAS.length]}.entry${index}_manage`,
);

/** The most popular first. */
export const SETS: readonly (Scopes | undefined)[] = Array.from({ length: SCOPE_SETS }, (_, rank) =>
  rank === 0 ? undefined : fewScopes(rank),
);

/** The share of each in the calls, by Zipf's law with exponent 1. */
export const SHARES: readonly number[] = SETS.map((_, rank) => 1 / (rank + 1) / harmonic(SETS.length));

const upTo = SHARES.map((_, rank) => harmonic(rank + 1) / harmonic(SETS.length));

/** @param random uniform in [0, 1) */
export function drawSet(random: number): Scopes | undefined {
  let [low, high] = [0, SETS.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (random < (upTo[middle] ?? 1)) high = middle;
    else low = middle + 1;
  }
  return SETS[low];
}

function harmonic(count: number): number {
  let sum = 0;
  for (let rank = 1; rank <= count; rank++) sum += 1 / rank;
  return sum;
}

/** One to four, different for each rank. */
function fewScopes(rank: number): Scopes {
  const { length } = TENANT_SCOPES;
  const step = 1 + Math.floor(rank / length);
  const indices = Array.from({ length: 1 + (rank % 4) }, (_, index) => (rank + index * step) % length);
  return Scopes.of(indices.map((index) => TENANT_SCOPES[index] ?? ''));
}
