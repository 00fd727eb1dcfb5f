// The cache in front of the table. Its size is limited: the entry that was used least recently is removed first.

export class MemoryCache<T> {
  readonly #entries = new Map<string, T>();
  readonly #maxEntries: number;

  /** @param maxEntries @default 1,000, which is a few MB at a few KB per token */
  constructor(maxEntries = 1_000) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.set(key, entry);
    return entry;
  }

  set(key: string, entry: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries) break;
      this.#entries.delete(oldest);
    }
  }
}
