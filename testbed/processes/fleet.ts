// Sixteen processes, and the load on them: one call at a time each, as Lambda gives them.

import { setTimeout } from 'node:timers/promises';
import { type Answer, Instance, type Program } from './instance.ts';

export const FLEET_SIZE = 16;

/** A loop that a wrong condition would keep from ending. */
const MOST_CALLS = 20_000;

export interface Load {
  /** What a process asks for in its nth call. */
  readonly scopeOf: (call: number) => string;
  readonly pauseMs: number;
  readonly done: () => boolean;
  readonly onAnswer: (answer: Answer, instance: number) => void;
}

export class Fleet {
  readonly instances: Instance[];
  readonly #program: Program;

  private constructor(program: Program, instances: Instance[]) {
    this.#program = program;
    this.instances = instances;
  }

  static async start(program: Program, size = FLEET_SIZE): Promise<Fleet> {
    const instances = await Promise.all(Array.from({ length: size }, () => Instance.start(program)));
    return new Fleet(program, instances);
  }

  /** Each process calls, pauses and calls again, until it's done. */
  async underLoad({ scopeOf, pauseMs, done, onAnswer }: Load): Promise<void> {
    await Promise.all(
      this.instances.map(async (instance, index) => {
        for (let call = 0; call < MOST_CALLS && !done(); call++) {
          onAnswer(await instance.call(scopeOf(call)), index);
          await setTimeout(pauseMs);
        }
      }),
    );
  }

  /** Another process in the place of one that has ended. */
  async replace(ended: Instance): Promise<Instance> {
    const started = await Instance.start(this.#program);
    this.instances[this.instances.indexOf(ended)] = started;
    return started;
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.kill()));
  }
}
