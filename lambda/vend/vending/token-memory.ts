// The memory of this instance: the state of each token, and notes about it that only this instance needs.

import type { TokenState } from '../state/token-state.ts';
import type { MemoryCache } from '../store/memory-cache.ts';

export interface Remembered {
  readonly state: TokenState;
  /** When the read or the mint began that brought the token. */
  readonly learnedAtMs: number;
  /**
   * The store isn't read before this time, although the token should be replaced. 0: it may be read at once.
   */
  readonly readAgainAtMs: number;
  /** When this instance last minted the token without the table. */
  readonly mintedWithoutTableAtMs?: number | undefined;
}

export class TokenMemory {
  readonly #cache: MemoryCache<Remembered>;

  constructor(cache: MemoryCache<Remembered>) {
    this.#cache = cache;
  }

  get(key: string): Remembered | undefined {
    return this.#cache.get(key);
  }

  /** Remembers a state. Earlier notes stay, unless new ones are given. */
  remember(key: string, state: TokenState, notes: Partial<Omit<Remembered, 'state'>> = {}): void {
    this.#cache.set(key, { learnedAtMs: 0, readAgainAtMs: 0, ...this.#cache.get(key), ...notes, state });
  }
}
