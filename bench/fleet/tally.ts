// What is counted while a fleet runs. Peaks are of whole seconds, and of calls that stand for themselves alone.

import type { TokenSource } from '../../lambda/telemetry.ts';
import { SECOND } from './model.ts';
import type { TableRequest } from './services.ts';
import type { SimulatedTime } from './time.ts';

/** Latencies are counted in steps of 5 %. */
const STEP = 1.05;
const LEAST_MS = 0.01;
const SLOW_MS = 100;

export type Source = TokenSource | 'failed';

/** What was counted in all times of one kind: quiet ones, deploys, and so on. Sums of weights, but for the first two. */
export class Counts {
  /** Calls that were really run. */
  callsRun = 0;
  /** Of these, the ones that had to wait for a service. */
  flightsRun = 0;
  memory = 0;
  table = 0;
  mint = 0;
  failed = 0;
  expiredVended = 0;
  /** Calls that took longer than a tenth of a second. */
  slow = 0;
  billedMs = 0;
  tableReads = 0;
  tableReadUnits = 0;
  tableWrites = 0;
  tableWriteUnits = 0;
  /** Table requests that were refused for lack of capacity. */
  throttled = 0;
  secretsCalls = 0;
  mints = 0;
  failedMints = 0;
  /** How often a scope set had no token before its renewal point, and got one. */
  lifetimes = 0;
}

export type Count = keyof Counts;

/** Of what the most in a second is looked for: table units and Secrets Manager calls asked for, served or not. */
export const PEAKS = ['readUnits', 'writeUnits', 'itemReadUnits', 'itemWriteUnits', 'secrets', 'mints'] as const;
export type PeakOf = (typeof PEAKS)[number];

export class Tally {
  /** The kind of time it is. */
  stretch = 'start';
  readonly counts = new Map<string, Counts>();
  /** Read units asked for of the most popular token's item, by the tenth of a second. */
  readonly mostPopular = new Map<number, number>();
  readonly #peaks = new Map<string, number>();
  readonly #sums = new Map<string, { second: number; sum: number }>();
  readonly #latencies = new Float64Array(400);
  readonly #time: SimulatedTime;

  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  add(what: Count, weight: number): void {
    let counts = this.counts.get(this.stretch);
    if (counts === undefined) {
      counts = new Counts();
      this.counts.set(this.stretch, counts);
    }
    counts[what] += weight;
  }

  call(source: Source, latencyMs: number, waited: boolean, weight: number): void {
    this.add('callsRun', 1);
    if (waited) this.add('flightsRun', 1);
    this.add(source, weight);
    this.add('billedMs', Math.ceil(latencyMs) * weight);
    if (latencyMs > SLOW_MS) this.add('slow', weight);
    const step = Math.max(0, Math.round(Math.log(latencyMs / LEAST_MS) / Math.log(STEP)));
    const place = Math.min(step, this.#latencies.length - 1);
    this.#latencies[place] = (this.#latencies[place] ?? 0) + weight;
  }

  tableRequest({ kind, scopeSet, units, answer }: TableRequest, weight: number): void {
    if (answer === undefined) this.add('throttled', weight);
    else {
      this.add(kind === 'read' ? 'tableReads' : 'tableWrites', weight);
      this.add(kind === 'read' ? 'tableReadUnits' : 'tableWriteUnits', units * weight);
    }
    this.#second(`${kind}Units`, units, weight);
    if (kind === 'read' && scopeSet === 0 && weight === 1) {
      const tenth = Math.floor(this.#time.elapsedMs / 100);
      this.mostPopular.set(tenth, (this.mostPopular.get(tenth) ?? 0) + units);
    }
    if (scopeSet !== undefined)
      this.#second(kind === 'read' ? 'itemReadUnits' : 'itemWriteUnits', units, weight, scopeSet);
  }

  secrets(weight: number): void {
    this.add('secretsCalls', weight);
    this.#second('secrets', 1, weight);
  }

  mint(succeeds: boolean, weight: number): void {
    this.add(succeeds ? 'mints' : 'failedMints', weight);
    this.#second('mints', 1, weight);
  }

  /** The most in one second; undefined where nothing was counted that stands for itself alone. */
  peak(what: PeakOf, stretch: string): number | undefined {
    return this.#peaks.get(`${what} ${stretch}`);
  }

  get whole(): Counts {
    const whole = new Counts();
    for (const counts of this.counts.values()) {
      for (const what of Object.keys(whole) as Count[]) whole[what] += counts[what];
    }
    return whole;
  }

  /** In ms; to 5 %. */
  latencyMs(share: number): number {
    let rest = this.#latencies.reduce((sum, weight) => sum + weight) * share;
    const step = this.#latencies.findIndex((weight) => {
      rest -= weight;
      return rest <= 0;
    });
    return LEAST_MS * STEP ** step;
  }

  #second(what: PeakOf, count: number, weight: number, item = -1): void {
    if (weight > 1) return;
    const second = Math.floor(this.#time.elapsedMs / SECOND);
    const key = `${what} ${item}`;
    let seen = this.#sums.get(key);
    if (seen === undefined) {
      seen = { second, sum: 0 };
      this.#sums.set(key, seen);
    }
    if (seen.second !== second) {
      seen.second = second;
      seen.sum = 0;
    }
    seen.sum += count;
    const peak = `${what} ${this.stretch}`;
    if (seen.sum > (this.#peaks.get(peak) ?? 0)) this.#peaks.set(peak, seen.sum);
  }
}
