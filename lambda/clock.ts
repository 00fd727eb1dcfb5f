// Time as it is passed in: the system's in a function, a simulated one in a simulation.

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. */
  nowMs(): number;
  /** Never set back: for measuring how long something takes. Milliseconds since some moment. */
  monotonicMs(): number;
  sleep(durationMs: number): Promise<void>;
  /** The promise's value, or undefined where it has none after this time; the promise goes on. */
  waitAtMost<T>(durationMs: number, promise: Promise<T>): Promise<T | undefined>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
  waitAtMost: async (durationMs, promise) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, durationMs, undefined);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  },
};
