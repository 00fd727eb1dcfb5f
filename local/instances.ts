// The instances of the function: worker threads that run its deployed code, one request at a time each. As in Lambda, a
// request goes to the idle instance that was used last. If none is idle, a new one is started, up to the limit. An
// instance that dies or exceeds the time-out is removed, and the next request starts another.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './names.ts';

const WORKER = join(import.meta.dirname, 'instance.mjs');

export interface InstancesOptions {
  /** Holds `index.mjs`, which exports `handler`. */
  readonly codeDirectory: string;
  /** The function's whole environment: nothing is added from this process. */
  readonly environment: Readonly<Record<string, string>>;
  readonly functionName: string;
  readonly memoryMb: number;
  /** The maximum number of instances. */
  readonly limit: number;
  readonly timeoutMs: number;
  /** Is called with what the instances print. */
  readonly write: (text: string) => void;
}

export type Outcome =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'failed' }
  | { readonly kind: 'throttled' };

const FAILED: Outcome = { kind: 'failed' };

export class Instances {
  readonly #options: InstancesOptions;
  readonly #all = new Set<Instance>();
  /** The instance that was used last is at the end. */
  readonly #idle: Instance[] = [];
  /** Instances that answer their last request. */
  readonly #retired = new Set<Instance>();

  constructor(options: InstancesOptions) {
    this.#options = options;
  }

  async invoke(event: object, requestId: string): Promise<Outcome> {
    const instance = this.#idle.pop() ?? this.#start();
    if (!instance) return { kind: 'throttled' };
    const outcome = await instance.run(requestId, JSON.stringify(event));
    if (this.#retired.delete(instance)) await instance.terminate();
    else if (this.#all.has(instance)) this.#idle.push(instance);
    return outcome;
  }

  /** New instances answer the next requests. One that is running a request ends after it. */
  async replaceAll(): Promise<void> {
    const idle = this.#idle.splice(0);
    for (const instance of this.#all) if (!idle.includes(instance)) this.#retired.add(instance);
    await Promise.all(idle.map((instance) => instance.terminate()));
  }

  /** Closes at once: requests that are running fail. */
  async close(): Promise<void> {
    await Promise.all([...this.#all].map((instance) => instance.terminate()));
  }

  #start(): Instance | undefined {
    if (this.#all.size >= this.#options.limit) return undefined;
    const instance = new Instance(this.#options, () => {
      this.#all.delete(instance);
      const index = this.#idle.indexOf(instance);
      if (index >= 0) this.#idle.splice(index, 1);
    });
    this.#all.add(instance);
    return instance;
  }
}

class Instance {
  readonly #worker: Worker;
  readonly #options: InstancesOptions;
  #settle: (outcome: Outcome) => void = () => {};

  constructor(options: InstancesOptions, onGone: () => void) {
    const { codeDirectory, functionName, memoryMb, environment, write } = options;
    const functionArn = `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${functionName}`;
    this.#options = options;
    this.#worker = new Worker(WORKER, {
      workerData: { codeDirectory, functionName, functionArn, memoryMb },
      env: { ...environment },
      // The function must not get Node's options of this process, such as a TypeScript loader.
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) stream.setEncoding('utf8').on('data', write);
    this.#worker.on('message', (answer: { result?: string; printed?: string }) => {
      if (answer.printed !== undefined) return write(answer.printed);
      this.#settle(answer.result === undefined ? FAILED : { kind: 'result', result: JSON.parse(answer.result) });
    });
    // An uncaught error ends the thread, which must get no further request until it has exited.
    this.#worker.on('error', (error: Error) => {
      onGone();
      write(`${error.stack ?? error}\n`);
    });
    this.#worker.on('exit', () => {
      onGone();
      this.#settle(FAILED);
    });
  }

  /** The time-out includes a cold start, which Lambda counts separately. */
  async run(requestId: string, event: string): Promise<Outcome> {
    const { timeoutMs, write } = this.#options;
    const timer = setTimeout(() => {
      write(`${requestId} Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds\n`);
      void this.terminate();
    }, timeoutMs);
    try {
      return await new Promise<Outcome>((resolve) => {
        this.#settle = resolve;
        this.#worker.postMessage({ requestId, event, deadlineMs: Date.now() + timeoutMs });
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
