// What is counted while a fleet runs, by the scene that is being played.

import type { Fleet } from '../../testbed/simulator/fleet.ts';
import type { Call, Observer, TokenRequest } from '../../testbed/simulator/observer.ts';
import type { TableRequest } from '../../testbed/simulator/simulated-dynamodb.ts';
import { LIFETIME_SECONDS, SECOND, VEND_LATENCY } from './model.ts';

/** Latencies are counted in steps of 5 %. */
const STEP = 1.05;
const MIN_MS = 0.01;
const SLOW_MS = 100;
/** A mint that follows the one before it sooner than this is not a renewal, but one too many. */
const RENEWED_AFTER_MS = 0.74 * LIFETIME_SECONDS * SECOND;

export class Counts {
  calls = 0;
  memory = 0;
  table = 0;
  mint = 0;
  failed = 0;
  /** Calls that had to wait for a service. */
  waited = 0;
  expiredVended = 0;
  /** Calls that took longer than a tenth of a second. */
  slow = 0;
  billedMs = 0;
  tableReadUnits = 0;
  /** Of these, what the credential's item costs. */
  credentialReadUnits = 0;
  tableWriteUnits = 0;
  /** Table requests that were refused for lack of capacity. */
  throttled = 0;
  secretCalls = 0;
  mints = 0;
  failedMints = 0;
  /** The mints that were due: the first of a scope set, or the first since the renewal of its token was due. */
  mintsDue = 0;
  durationMs = 0;
}

export type Count = keyof Counts;

/** What is asked for in the busiest second, served or not. */
export type PeakOf =
  | 'read'
  | 'write'
  | 'itemRead'
  | 'itemWrite'
  | 'credentialRead'
  | 'credentialWrite'
  | 'secret'
  | 'mints';

export class Tally implements Observer {
  /** Undefined: what happens is not counted. */
  scene: string | undefined;
  readonly counts = new Map<string, Counts>();
  readonly peaks = new Map<string, Partial<Record<PeakOf, number>>>();
  /** Read units asked for of the most popular token's item, by the tenth of a second since the scene began. */
  readonly mostPopular = new Map<number, number>();
  readonly #fleet: Fleet;
  readonly #mostPopularKey: string;
  #sceneBeganMs = 0;
  readonly #seconds = new Map<string, { second: number; sum: number }>();
  readonly #latencies = new Float64Array(400);
  /** By scope set. */
  readonly #mintedAtMs = new Map<string, number>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#mostPopularKey = fleet.keyOf(undefined);
    fleet.observers.push(this);
  }

  begin(scene: string | undefined, durationMs: number): void {
    this.scene = scene;
    this.#sceneBeganMs = this.#fleet.time.elapsedMs;
    this.#add('durationMs', durationMs);
  }

  callEnded({ vended, startedAtMs, endedAtMs = startedAtMs }: Call): void {
    const tookMs = endedAtMs - startedAtMs + VEND_LATENCY(this.#fleet.chance);
    this.#add('calls', 1);
    this.#add(vended?.source ?? 'failed', 1);
    this.#add('billedMs', Math.ceil(tookMs));
    if (endedAtMs > startedAtMs) this.#add('waited', 1);
    if (tookMs > SLOW_MS) this.#add('slow', 1);
    if (vended && vended.token.expiresAtMs <= endedAtMs) this.#add('expiredVended', 1);
    if (this.scene === undefined) return;
    const step = Math.max(0, Math.round(Math.log(tookMs / MIN_MS) / Math.log(STEP)));
    const index = Math.min(step, this.#latencies.length - 1);
    this.#latencies[index] = (this.#latencies[index] ?? 0) + 1;
  }

  tableAsked({ kind, key, units, isThrottled }: TableRequest): void {
    if (isThrottled) this.#add('throttled', 1);
    else this.#add(kind === 'read' ? 'tableReadUnits' : 'tableWriteUnits', units);
    const isOfCredential = key.startsWith('CREDENTIAL#');
    if (isOfCredential && kind === 'read') this.#add('credentialReadUnits', units);
    if (isOfCredential) this.#countInSecond(kind === 'read' ? 'credentialRead' : 'credentialWrite', units);
    this.#countInSecond(kind, units);
    this.#countInSecond(kind === 'read' ? 'itemRead' : 'itemWrite', units, key);
    if (kind === 'write' || key !== this.#mostPopularKey || this.scene !== 'deploy') return;
    const tenth = Math.floor((this.#fleet.time.elapsedMs - this.#sceneBeganMs) / 100);
    this.mostPopular.set(tenth, (this.mostPopular.get(tenth) ?? 0) + units);
  }

  secretAsked(): void {
    this.#add('secretCalls', 1);
    this.#countInSecond('secret', 1);
  }

  tokenAsked({ accessToken, scopes, arrivedAtMs }: TokenRequest): void {
    this.#countInSecond('mints', 1);
    if (accessToken === undefined) {
      this.#add('failedMints', 1);
      return;
    }
    this.#add('mints', 1);
    const beforeMs = this.#mintedAtMs.get(String(scopes)) ?? Number.NEGATIVE_INFINITY;
    if (arrivedAtMs - beforeMs >= RENEWED_AFTER_MS) this.#add('mintsDue', 1);
    this.#mintedAtMs.set(String(scopes), arrivedAtMs);
  }

  /** Of all calls counted, to 5 %. */
  latencyMs(quantile: number): number {
    let rest = this.#latencies.reduce((sum, count) => sum + count) * quantile;
    const step = this.#latencies.findIndex((count) => {
      rest -= count;
      return rest <= 0;
    });
    return MIN_MS * STEP ** step;
  }

  #add(count: Count, amount: number): void {
    if (this.scene === undefined) return;
    let counts = this.counts.get(this.scene);
    if (counts === undefined) {
      counts = new Counts();
      this.counts.set(this.scene, counts);
    }
    counts[count] += amount;
  }

  #countInSecond(what: PeakOf, amount: number, item = ''): void {
    if (this.scene === undefined) return;
    const second = Math.floor(this.#fleet.time.elapsedMs / SECOND);
    const name = `${what} ${item}`;
    let counted = this.#seconds.get(name);
    if (counted === undefined) {
      counted = { second, sum: 0 };
      this.#seconds.set(name, counted);
    }
    if (counted.second !== second) {
      counted.second = second;
      counted.sum = 0;
    }
    counted.sum += amount;
    let peaks = this.peaks.get(this.scene);
    if (peaks === undefined) {
      peaks = {};
      this.peaks.set(this.scene, peaks);
    }
    if (counted.sum > (peaks[what] ?? 0)) peaks[what] = counted.sum;
  }
}
