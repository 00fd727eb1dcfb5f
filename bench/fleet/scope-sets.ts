// The scope sets that callers ask for, by their popularity: the first is `scope` left out, which is granted all of a
// tenant's scopes; the others name a few.

import { Scopes } from '../../lambda/oauth/scopes.ts';
import { ScopePolicy } from '../../lambda/vend/scope-policy.ts';
import { ALL_SCOPES } from './model.ts';

const AREAS = ['product', 'category', 'customer', 'media', 'order', 'price', 'payment-gateway', 'availability'];
/** As long as Emporix's: 4.1 KB for 169. */
const TENANT: readonly string[] = Array.from(
  { length: ALL_SCOPES },
  (_, place) => `${AREAS[place % AREAS.length]}.entry${place}_manage`,
);

export class ScopeSets {
  readonly policy = new ScopePolicy({
    profile: 'default',
    credential: 'emporix',
    tokenEndpoint: 'https://simulated',
  });
  readonly #named: readonly (Scopes | undefined)[];
  readonly #byKey = new Map<string, number>();

  constructor(count: number) {
    this.#named = Array.from({ length: count }, (_, rank) => (rank === 0 ? undefined : fewScopes(rank)));
    for (const [rank, named] of this.#named.entries()) this.#byKey.set(this.policy.wanted(named).pk, rank);
    if (this.#byKey.size !== count) throw new Error('two scope sets are equal');
  }

  named(rank: number): Scopes | undefined {
    return this.#named[rank];
  }

  pk(rank: number): string {
    return this.policy.wanted(this.named(rank)).pk;
  }

  /** Undefined: not a token's item. */
  rankOf(pk: string): number | undefined {
    return this.#byKey.get(pk);
  }

  granted(rank: number): string {
    return this.named(rank)?.toString() ?? TENANT.join(' ');
  }
}

/** One to four, different for each rank. */
function fewScopes(rank: number): Scopes {
  const count = 1 + (rank % 4);
  const places = Array.from(
    { length: count },
    (_, index) => (rank + index * (1 + Math.floor(rank / ALL_SCOPES))) % ALL_SCOPES,
  );
  return Scopes.of(places.map((place) => TENANT[place] ?? ''));
}
