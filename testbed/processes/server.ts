// A program that serves HTTP on 127.0.0.1 in a process of its own: a database, or an emulator of AWS.

import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import { listen } from '../../local/http.ts';
import { hasEnded, kill, type RunOptions, startProgram, stop, until } from './children.ts';

const READY_LIMIT_MS = 30_000;

export interface ServerProgram extends RunOptions {
  /** How errors call it. */
  readonly name: string;
  readonly port: number;
  readonly command: readonly [program: string, ...args: string[]];
  /** How long its start may take. @default 30 s */
  readonly readyLimitMs?: number;
}

export class ServerProcess {
  readonly url: string;
  readonly #program: ServerProgram;
  #child: ChildProcess | undefined;

  constructor(program: ServerProgram) {
    this.#program = program;
    this.url = `http://127.0.0.1:${program.port}`;
  }

  /** Starts it, on the same port each time, and waits until it answers. */
  async start(): Promise<void> {
    const { name, port: _, command, readyLimitMs = READY_LIMIT_MS, ...options } = this.#program;
    const [program, ...args] = command;
    const child = startProgram(program, args, options);
    child.once('error', () => {}); // hasEnded() reports it below
    this.#child = child;
    await until(`${name} answers`, readyLimitMs, async () => {
      if (hasEnded(child)) throw new Error(`${name} could not be started, or ended with ${child.exitCode}`);
      return await isAnswering(this.url);
    });
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    if (this.#child) await kill(this.#child);
  }

  /** Lets it end by itself. */
  async stop(): Promise<void> {
    if (this.#child) await stop(this.#child);
  }
}

async function isAnswering(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  );
}

/** For a program that must be told its port. */
export async function freePort(): Promise<number> {
  const { url, close } = await listen(createServer());
  await close();
  return Number(new URL(url).port);
}
