// A fleet of processes, and the load on it: each process has one call at a time, as Lambda gives them.

import { setTimeout } from 'node:timers/promises';
import { type Answer, ProcessInstance, type Program } from './instance.ts';

/** Ends a load whose condition never comes true. */
const MAX_CALLS = 20_000;

export interface Load {
  /** The scope of an instance's nth call. */
  readonly scopeOf: (call: number, instance: number) => string;
  /**
   * Each process pauses after a call; or the fleet keeps a timetable of so many requests a second, and a process that
   * fell behind calls without a pause until it has caught up.
   */
  readonly pace: { readonly pauseMs: number } | { readonly requestsPerSecond: number };
  readonly isOver: () => boolean;
  readonly onAnswer: (answer: Answer, instance: number) => void;
}

export class ProcessFleet {
  readonly instances: ProcessInstance[];
  readonly #program: Program;
  #forwardedMs = 0;

  private constructor(program: Program, instances: ProcessInstance[]) {
    this.#program = program;
    this.instances = instances;
  }

  static async start(program: Program, size: number): Promise<ProcessFleet> {
    const instances = await Promise.all(Array.from({ length: size }, () => ProcessInstance.start(program)));
    return new ProcessFleet(program, instances);
  }

  async underLoad(load: Load): Promise<void> {
    const startedMs = performance.now();
    await Promise.all(this.instances.map((instance, index) => this.#drive(instance, index, load, startedMs)));
  }

  /** Starts another process in the place of one that has ended. */
  async replace(ended: ProcessInstance): Promise<ProcessInstance> {
    const started = await ProcessInstance.start(this.#program);
    started.forward(this.#forwardedMs);
    this.instances[this.instances.indexOf(ended)] = started;
    return started;
  }

  /** Moves the clocks of all processes forward. */
  forward(ms: number): void {
    this.#forwardedMs += ms;
    for (const instance of this.instances) instance.forward(ms);
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.kill()));
  }

  async #drive(instance: ProcessInstance, index: number, load: Load, startedMs: number): Promise<void> {
    const { scopeOf, pace, isOver, onAnswer } = load;
    const pauseBeforeMs = (call: number) => {
      if ('pauseMs' in pace) return call === 0 ? 0 : pace.pauseMs;
      const dueMs = ((call * this.instances.length + index) * 1000) / pace.requestsPerSecond;
      return startedMs + dueMs - performance.now();
    };
    for (let call = 0; call < MAX_CALLS; call++) {
      const pauseMs = pauseBeforeMs(call);
      if (pauseMs > 0) await setTimeout(pauseMs);
      if (isOver()) return;
      onAnswer(await instance.call(scopeOf(call, index)), index);
    }
  }
}
