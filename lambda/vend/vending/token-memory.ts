// The memory of this instance: the state of each token, and two notes about it that only this instance needs.

import type { TokenState } from '../state/token-state.ts';
import type { MemoryCache } from '../store/memory-cache.ts';

export interface Remembered {
  readonly state: TokenState;
  /** After the renewal point, the store isn't read before this time. 0: it may be read at once. */
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
    const { readAgainAtMs = 0, mintedWithoutTableAtMs } = { ...this.#cache.get(key), ...notes };
    this.#cache.set(key, { state, readAgainAtMs, mintedWithoutTableAtMs });
  }
}
