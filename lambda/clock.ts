// The clock that code gets from outside: the system's clock in a function, a simulated one in a simulation.

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds since an arbitrary moment. This clock is never set back, so it measures how long something takes. */
  monotonicMs(): number;
  sleep(durationMs: number): Promise<void>;
  /** The promise's value, or undefined if it has none after this time. The promise is not cancelled. */
  waitAtMost<T>(durationMs: number, promise: Promise<T>): Promise<T | undefined>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
  waitAtMost: async (durationMs, promise) => {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, durationMs, undefined);
    });
    try {
      return await Promise.race([promise, timeout]);
    } finally {
      clearTimeout(timer);
    }
  },
};
