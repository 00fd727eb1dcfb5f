// The suite's handle on one process that is asked for tokens, whatever code it runs.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { kill, track } from './children.ts';

/** What a call came to. Times are milliseconds since the epoch, by the clock that all processes here share. */
export interface Answer {
  readonly scope: string;
  readonly status: number;
  /** Of the access token, in hexadecimal. */
  readonly sha256?: string;
  readonly source?: string;
  readonly expiresInSeconds?: number;
  readonly retryAfter?: string;
  readonly startedAtMs: number;
  readonly atMs: number;
  readonly latencyMs: number;
}

/** A token request that has left the process. */
export interface MintSeen {
  /** Of the call under way; meaningless with more than one. */
  readonly scope: string | undefined;
  readonly atMs: number;
}

type Message = { kind: 'ready' } | { kind: 'minting'; atMs: number } | { kind: 'answer'; id: number; answer: Answer };

export interface Program {
  /** A module for a child process. */
  readonly path: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Takes what it prints, in pieces, with the number of the process. @default nobody does */
  readonly onOutput?: (text: string, pid: number) => void;
}

export class InstanceDied extends Error {}

const READY_LIMIT_MS = 30_000;

export class Instance {
  readonly mints: MintSeen[] = [];
  readonly #child: ChildProcess;
  readonly #calls = new Map<
    number,
    { scope: string; resolve: (answer: Answer) => void; reject: (error: Error) => void }
  >();
  #nextId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: Message) => this.#receive(message));
    child.once('exit', () => {
      for (const { reject } of this.#calls.values()) reject(new InstanceDied('the process ended during the call'));
      this.#calls.clear();
    });
  }

  static async start({ path, env, onOutput }: Program): Promise<Instance> {
    const output = onOutput ? 'pipe' : 'ignore';
    const child = track(fork(path, { execArgv: [], env: { ...env }, stdio: ['ignore', output, 'inherit', 'ipc'] }));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text, child.pid ?? 0));
    const instance = new Instance(child);
    await Promise.race([
      once(child, 'message', { signal: AbortSignal.timeout(READY_LIMIT_MS) }),
      once(child, 'exit').then(() => Promise.reject(new Error(`${path} ended at its start`))),
    ]);
    return instance;
  }

  /** @throws InstanceDied where the process ends before it has answered */
  async call(scope: string): Promise<Answer> {
    const id = this.#nextId++;
    return await new Promise<Answer>((resolve, reject) => {
      this.#calls.set(id, { scope, resolve, reject });
      this.#child.send({ id, scope }, (error) => {
        if (error && this.#calls.delete(id)) reject(new InstanceDied(error.message));
      });
    });
  }

  async kill(): Promise<void> {
    await kill(this.#child);
  }

  #receive(message: Message): void {
    if (message.kind === 'minting') {
      const [call] = this.#calls.values();
      this.mints.push({ scope: call?.scope, atMs: message.atMs });
    }
    if (message.kind !== 'answer') return;
    this.#calls.get(message.id)?.resolve(message.answer);
    this.#calls.delete(message.id);
  }
}
