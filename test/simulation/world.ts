// Simulated time and chance. Nothing in a simulated world waits: the next event is the next moment, and a seed decides
// what happens in it.

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Event {
  readonly atMs: number;
  readonly happen: () => void;
}

export class World {
  readonly random: () => number;
  #nowMs = 1_800_000_000_000;
  #events: Event[] = [];

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  between(least: number, most: number): number {
    return least + this.random() * (most - least);
  }

  /** Later events of one moment happen after earlier ones. */
  at(atMs: number, happen: () => void): void {
    const place = this.#events.findLastIndex((event) => event.atMs <= atMs);
    this.#events.splice(place + 1, 0, { atMs: Math.max(atMs, this.#nowMs), happen });
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.at(this.#nowMs + durationMs, resolve));
  }

  /** Until nothing more can happen. Between two events, all that the first made possible without waiting is done. */
  async run(): Promise<void> {
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      this.#nowMs = event.atMs;
      event.happen();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** Of who has crashed, nothing is heard again. */
export const never = new Promise<never>(() => {});
