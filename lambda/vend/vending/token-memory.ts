// What this instance remembers of each token, with two notes of its own.

import type { TokenState } from '../state/token-state.ts';
import type { MemoryCache } from '../store/memory-cache.ts';

export interface Remembered {
  readonly state: TokenState;
  /** Past the renewal point: the store isn't read before. 0: it may be read at once. */
  readonly readAgainAtMs: number;
  /** When it was last minted without the table. */
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

  /** Notes that were made before stay, unless new ones are given. */
  remember(key: string, state: TokenState, notes: Partial<Omit<Remembered, 'state'>> = {}): void {
    const { readAgainAtMs = 0, mintedWithoutTableAtMs } = { ...this.#cache.get(key), ...notes };
    this.#cache.set(key, { state, readAgainAtMs, mintedWithoutTableAtMs });
  }
}
