// The load: eight processes, one call at a time each, as Lambda gives them, on a timetable of 200 requests a second.

import { setTimeout } from 'node:timers/promises';
import type { Fleet } from '../chaos/fleet.ts';
import type { Answer, Instance } from '../chaos/instance.ts';

const REQUESTS_PER_SECOND = 200;

/** A process that fell behind calls without a pause until it has caught up. */
export class Load {
  readonly answers: Answer[] = [];
  #startedMs = 0;
  #endedMs = 0;
  #stopped = false;

  async run(fleet: Fleet, scopes: readonly string[]): Promise<void> {
    const everyMs = (1000 * fleet.instances.length) / REQUESTS_PER_SECOND;
    this.#startedMs = performance.now();
    await Promise.all(fleet.instances.map((instance, index) => this.#drive(instance, index, everyMs, scopes)));
    this.#endedMs = performance.now();
  }

  stop(): void {
    this.#stopped = true;
  }

  get durationSeconds(): number {
    return (this.#endedMs - this.#startedMs) / 1000;
  }

  get requestsPerSecond(): number {
    return this.answers.length / this.durationSeconds;
  }

  async #drive(instance: Instance, index: number, everyMs: number, scopes: readonly string[]): Promise<void> {
    const firstMs = this.#startedMs + (index * everyMs) / 8;
    for (let call = 0; !this.#stopped; call++) {
      const dueInMs = firstMs + call * everyMs - performance.now();
      if (dueInMs > 0) await setTimeout(dueInMs);
      this.answers.push(await instance.call(scopes[(index + call) % scopes.length] ?? ''));
    }
  }
}
