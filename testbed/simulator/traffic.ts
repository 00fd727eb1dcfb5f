// Calls to a simulated fleet: each instance gets them at random times (Poisson), one at a time as Lambda hands them over.

import type { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Fleet } from './fleet.ts';
import type { Instance } from './instance.ts';

export interface TrafficOptions {
  /** To each instance. */
  readonly callsPerSecond: number;
  /** What a call asks for. */
  readonly scopesOfCall: () => Scopes | undefined;
  /** Mean, exponential; then another instance takes its place. @default an instance lives on */
  readonly instanceLifeMs?: number | undefined;
}

export class Traffic {
  readonly #fleet: Fleet;
  readonly #options: TrafficOptions;
  #isStopped = false;

  constructor(fleet: Fleet, options: TrafficOptions) {
    this.#fleet = fleet;
    this.#options = options;
  }

  /** New instances, or others in the place of the first ones. */
  startInstances(count: number, withinMs: number): void {
    const { time, chance } = this.#fleet;
    for (let index = 0; index < count; index++) time.after(chance.random() * withinMs, () => this.#start(index));
  }

  /** Replaces all instances. */
  deploy(withinMs: number): void {
    this.startInstances(this.#fleet.instances.length, withinMs);
  }

  /** Nobody calls until `resume`. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Each instance gets its first call again within this time. */
  resume(withinMs: number): void {
    const { chance, instances } = this.#fleet;
    this.#isStopped = false;
    for (const [index, instance] of instances.entries()) {
      this.#callAfter(chance.random() * withinMs, instance, this.#isInPlace(instance, index));
    }
  }

  /** Lambda starts an instance for a call, which it gets at once. */
  #start(index: number): void {
    const { time, chance, instances } = this.#fleet;
    const instance = this.#fleet.newInstance();
    instances[index] = instance;
    const isInPlace = this.#isInPlace(instance, index);
    this.#callAfter(0, instance, isInPlace);
    const { instanceLifeMs } = this.#options;
    if (instanceLifeMs === undefined) return;
    time.after(chance.exponential(instanceLifeMs), () => {
      if (isInPlace()) this.#start(index);
    });
  }

  #isInPlace(instance: Instance, index: number): () => boolean {
    return () => this.#fleet.instances[index] === instance;
  }

  #callAfter(gapMs: number, instance: Instance, isInPlace: () => boolean): void {
    this.#fleet.time.after(gapMs, async () => {
      if (this.#isStopped || !isInPlace()) return;
      const scopes = this.#options.scopesOfCall();
      await this.#fleet.call(instance, { scopes, minTtlMs: 0, rejectedTokenSha256: undefined });
      this.#callAfter(this.#gapMs(), instance, isInPlace);
    });
  }

  #gapMs(): number {
    return this.#fleet.chance.exponential(1000 / this.#options.callsPerSecond);
  }
}
