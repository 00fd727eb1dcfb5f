// The processes of a measurement: each sends one message to this one, over Node's IPC. Their output is read and thrown
// away, because a function's output is read, too.

import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';

const LIMIT_MS = 300_000;

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface Program {
  /** In this folder. */
  readonly script: string;
  readonly args?: readonly string[];
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The Node.js that runs it. */
  readonly node: string;
  /** Node's own options. @default none */
  readonly nodeOptions?: readonly string[];
}

/** Runs a process to its end. Returns its message. @throws where it ended without one, or exceeded its time */
export async function run<Said>(program: Program): Promise<Said> {
  const { said, close } = await start<Said>(program);
  await close();
  return said;
}

/** A process that has sent its first message. */
export interface Running<Said> {
  readonly said: Said;
  readonly pid: number;
  /** Sends it a message, and returns the next one of its own. */
  ask<Answer>(message: string): Promise<Answer>;
  close(): Promise<void>;
}

/** Starts a process, and leaves it running after its message. */
export async function start<Said>(program: Program): Promise<Running<Said>> {
  const child = fork(join(import.meta.dirname, program.script), program.args, {
    env: { ...program.env },
    execPath: program.node,
    execArgv: [...(program.nodeOptions ?? [])],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  running.add(child);
  child.stdout?.resume();
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      running.delete(child);
      resolve();
    });
  });
  async function nextMessage<Message>(): Promise<Message> {
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    const said = await new Promise<Message>((resolve, reject) => {
      child.once('message', (message) => resolve(message as Message));
      child.once('error', reject);
      void exited.then(() => reject(new Error(`${program.script} ended without a result`)));
    });
    clearTimeout(timer);
    return said;
  }
  const said = await nextMessage<Said>();
  return {
    said,
    pid: Number(child.pid),
    async ask<Answer>(message: string) {
      const answer = nextMessage<Answer>();
      child.send(message);
      return await answer;
    },
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
