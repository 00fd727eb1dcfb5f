// The client's clocks on simulated time. The wall clock can be set, and the monotonic one stands still while the machine is
// suspended.

import type { Instant, Runtime } from '../client/runtime.ts';
import { SimulatedTime } from './simulator/simulated-time.ts';

export class SimulatedRuntime implements Runtime {
  readonly time = new SimulatedTime();
  /** How far the wall clock is ahead of the true time. */
  wallAheadMs = 0;
  /** What `random` returns. */
  chance = 0.5;
  #suspendedMs = 0;

  now(): Instant {
    return { wallMs: this.time.nowMs() + this.wallAheadMs, monotonicMs: this.time.elapsedMs - this.#suspendedMs };
  }

  random(): number {
    return this.chance;
  }

  async sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
    await Promise.race([this.time.sleep(ms), aborted]);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.time.run(this.time.elapsedMs + ms);
  }

  /** The machine is suspended: only the world's time passes. */
  async suspend(ms: number): Promise<void> {
    this.#suspendedMs += ms;
    await this.pass(ms);
  }
}
