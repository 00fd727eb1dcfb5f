// Time as it is passed in: the system's in a function, a simulated one in a simulation.

export interface Clock {
  /** Wall-clock time, milliseconds since the epoch. */
  nowMs(): number;
  /** Never set back: for watching how long something takes. Milliseconds since some moment. */
  monotonicMs(): number;
  sleep(durationMs: number): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (durationMs) => new Promise((resolve) => setTimeout(resolve, durationMs)),
};
