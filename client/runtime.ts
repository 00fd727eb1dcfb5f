// Time and chance, as the client uses them. Tests pass their own.

/**
 * A moment by two clocks, in milliseconds. A monotonic clock may stand still while a machine is suspended, and a wall clock
 * may be put back. So both are kept.
 */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export interface Runtime {
  now(): Instant;
  /** Uniform in [0, 1). */
  random(): number;
  /** Ends early if the signal is aborted. Without a signal nobody waits for it, and it keeps no process alive. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
}

export const SYSTEM: Runtime = {
  now: () => ({ wallMs: Date.now(), monotonicMs: performance.now() }),
  random: Math.random,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      if (signal === undefined) timer.unref();
      signal?.addEventListener('abort', end);
      if (signal?.aborted) end();
    }),
};

/** The time between two moments, by the clock that has gone further. */
export function elapsedMs(since: Instant, now: Instant): number {
  return Math.max(now.wallMs - since.wallMs, now.monotonicMs - since.monotonicMs);
}
