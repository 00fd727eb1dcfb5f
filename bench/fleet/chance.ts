// Chance, from a seed: the same numbers for the same seed.

import { World } from '../../test/simulation/world.ts';
import type { Latency } from './model.ts';

/** Of the standard normal distribution. */
const QUANTILE_99 = 2.3263;

export class Chance {
  /** Uniform in [0, 1). */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = new World(seed).random;
  }

  exponential(mean: number): number {
    return -Math.log(1 - this.random()) * mean;
  }

  /** Log-normal, ms. */
  latencyMs({ medianMs, p99Ms }: Latency): number {
    const normal = Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
    return medianMs * Math.exp((Math.log(p99Ms / medianMs) / QUANTILE_99) * normal);
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => Math.floor(this.random() * 256));
  }
}

/** Zipf's law with exponent 1: the share of each scope set in the calls, the most popular first. */
export class Popularity {
  readonly shares: readonly number[];
  readonly #upTo: number[] = [];

  constructor(scopeSets: number) {
    const weights = Array.from({ length: scopeSets }, (_, rank) => 1 / (rank + 1));
    const whole = weights.reduce((sum, weight) => sum + weight);
    this.shares = weights.map((weight) => weight / whole);
    let sum = 0;
    for (const share of this.shares) {
      sum += share;
      this.#upTo.push(sum);
    }
  }

  draw(random: number): number {
    let [low, high] = [0, this.#upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (random < (this.#upTo[middle] ?? 1)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  share(scopeSet: number): number {
    return this.shares[scopeSet] ?? 0;
  }
}
