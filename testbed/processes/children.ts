// Keeps the child processes that a suite starts, so that none outlives it, and runs programs to their end. Each leads a
// process group of its own: what it starts itself ends with it.

import { type ChildProcess, type ForkOptions, fork, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';

const running = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of running) sendSignal(child, 'SIGKILL');
});

/** Starts a program, of which nothing is read. */
export function startProgram(program: string, args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return tracked(spawn(program, args, { stdio: 'ignore', ...options, detached: true }));
}

/** Starts a JavaScript module in a Node.js process that this one can exchange messages with. */
export function startModule(path: string, options: ForkOptions): ChildProcess {
  return tracked(fork(path, { ...options, detached: true }));
}

function tracked<Child extends ChildProcess>(child: Child): Child {
  running.add(child);
  const forget = () => running.delete(child);
  child.once('exit', forget).once('error', forget);
  return child;
}

/** Sends SIGKILL and waits until the process has gone. */
export async function kill(child: ChildProcess): Promise<void> {
  const exited = hasEnded(child) ? undefined : once(child, 'exit');
  sendSignal(child, 'SIGKILL');
  await exited;
}

const STOP_LIMIT_MS = 5_000;

/** Sends SIGTERM, waits for the end, and kills what is still there 5 s later. */
export async function stop(child: ChildProcess): Promise<void> {
  if (!hasEnded(child)) {
    const exited = once(child, 'exit');
    sendSignal(child, 'SIGTERM');
    await Promise.race([exited, setTimeout(STOP_LIMIT_MS, undefined, { ref: false })]);
  }
  await kill(child);
}

export function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}

/** To the whole process group. */
function sendSignal({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Runs a program and returns what it printed on standard output. It isn't synchronous, because stand-ins in this process
 * must go on answering.
 * @param options.timeout in milliseconds. @default none
 * @throws Error that shows the end of both outputs, for any exit code but 0
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly timeout?: number } = {},
): Promise<string> {
  const child = tracked(spawn(program, args, { ...options, detached: true, stdio: ['ignore', 'pipe', 'pipe'] }));
  const exited = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (code === 0) return stdout;
  throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}\n${(stdout + stderr).slice(-3000)}`);
}

const POLL_MS = 20;

/**
 * Polls until the condition is met.
 * @param condition in words, for the error
 * @throws Error at the limit
 */
export async function until(
  condition: string,
  limitMs: number,
  isMet: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await isMet())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs / 1000} s: ${condition}`);
    await setTimeout(POLL_MS);
  }
}
