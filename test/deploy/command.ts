// Runs a program and hands back what it printed. Not synchronous: the simulated authorization server lives in this
// process and must go on answering.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** What the program printed on standard output. Anything but exit code 0 is an error that shows the end of both outputs. */
export async function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}\n${(stdout + stderr).slice(-3000)}`);
}

/** Aborts when the process is interrupted, or after so long. A timer of one's own: `AbortSignal.any` loses that of `timeout`. */
export function interruptedOrAfter(limitMs: number): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort(new Error(name)));
  setTimeout(() => interrupted.abort(new Error(`not done within ${limitMs / 60_000} minutes`)), limitMs).unref();
  return interrupted.signal;
}

/** Does something with each of many, a few at a time. */
export async function forEach<Item>(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: 3 }, worker));
}
