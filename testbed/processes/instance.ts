// A process that is asked for tokens, whatever code it runs: the deployed function in instance.mjs, or another.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { kill, startModule } from './children.ts';

/** The module that runs the deployed function; its environment says where the code is. */
export const DEPLOYED_FUNCTION = join(import.meta.dirname, 'instance.mjs');

/** What a call asks for besides the scope. */
export interface Demand {
  readonly minTtlSeconds?: number;
  readonly rejectedTokenSha256?: string;
  /** The principal that calls. @default the same one for each call */
  readonly callerArn?: string;
}

/** What a process is told: to answer a call, or to move its clock forward. */
export type Order =
  | { readonly kind: 'call'; readonly id: number; readonly scope: string; readonly demand: Demand }
  | { readonly kind: 'forward'; readonly ms: number };

/** The outcome of a call. Times are milliseconds since the epoch, by the clock that all processes here share. */
export interface Answer {
  readonly scope: string;
  readonly status: number;
  /** The access token's, in hexadecimal. */
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
  /** The scope of the call under way. It means nothing if there are several. */
  readonly scope: string | undefined;
  readonly atMs: number;
}

type Message = { kind: 'ready' } | { kind: 'minting'; atMs: number } | { kind: 'answer'; id: number; answer: Answer };

export interface Program {
  /** A module that calls serve-calls.mjs. */
  readonly path: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Is called with what the process prints, in pieces, and with its ID. @default it is not read */
  readonly onOutput?: (text: string, pid: number) => void;
}

/** The process ended before it answered. */
export class InstanceDied extends Error {}

const READY_LIMIT_MS = 30_000;

interface Call {
  readonly scope: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export class ProcessInstance {
  readonly mints: MintSeen[] = [];
  readonly #child: ChildProcess;
  readonly #calls = new Map<number, Call>();
  #nextId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: Message) => this.#receive(message));
    child.once('exit', () => {
      for (const { reject } of this.#calls.values()) reject(new InstanceDied('the process ended during the call'));
      this.#calls.clear();
    });
  }

  static async start({ path, env, onOutput }: Program): Promise<ProcessInstance> {
    const output = onOutput ? 'pipe' : 'ignore';
    const child = startModule(path, { execArgv: [], env: { ...env }, stdio: ['ignore', output, 'inherit', 'ipc'] });
    child.stdout?.setEncoding('utf8').on('data', (text: string) => onOutput?.(text, child.pid ?? 0));
    const instance = new ProcessInstance(child);
    await Promise.race([
      once(child, 'message', { signal: AbortSignal.timeout(READY_LIMIT_MS) }),
      once(child, 'exit').then(() => Promise.reject(new Error(`${path} ended at its start`))),
    ]);
    return instance;
  }

  /** @throws InstanceDied */
  async call(scope: string, demand: Demand = {}): Promise<Answer> {
    const id = this.#nextId++;
    return await new Promise<Answer>((resolve, reject) => {
      this.#calls.set(id, { scope, resolve, reject });
      this.#send({ kind: 'call', id, scope, demand }, (error) => {
        if (error && this.#calls.delete(id)) reject(new InstanceDied(error.message));
      });
    });
  }

  /** Moves the clock of the process forward, for the calls that are made after this one. */
  forward(ms: number): void {
    this.#send({ kind: 'forward', ms }, () => {}); // a process that has ended needs no clock
  }

  async kill(): Promise<void> {
    await kill(this.#child);
  }

  #send(order: Order, onSent: (error: Error | null) => void): void {
    this.#child.send(order, onSent);
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
