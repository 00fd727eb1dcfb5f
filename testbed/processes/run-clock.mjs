// The time of a run: the system's, or a faster one that the suite and all its processes share. Only the clock is faster,
// by which the function tells how old something is. Timers, and so all waits and time-outs, stay as they are: a wait then
// seems longer by the same factor, which makes every promise harder to keep and never easier.

const realNowMs = Date.now;

export class RunClock {
  /**
   * @param {number} originMs when the run began, by the system's clock
   * @param {number} speed how many seconds of the run pass in one real second
   */
  constructor(originMs, speed) {
    this.originMs = originMs;
    this.speed = speed;
  }

  /** The clock of the process that started this one. */
  static ofEnvironment() {
    return new RunClock(Number(process.env.CLOCK_ORIGIN_MS ?? 0), Number(process.env.CLOCK_SPEED ?? 1));
  }

  /** The environment variables that give a process this clock. */
  environment() {
    return { CLOCK_ORIGIN_MS: String(this.originMs), CLOCK_SPEED: String(this.speed) };
  }

  /** Milliseconds since the epoch. */
  nowMs() {
    return this.originMs + (realNowMs() - this.originMs) * this.speed;
  }

  /** @param {number} atMs */
  async sleepUntil(atMs) {
    for (;;) {
      const leftMs = (atMs - this.nowMs()) / this.speed;
      if (leftMs <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(leftMs)));
    }
  }

  /** Makes it this process's clock. `new Date()` stays the system's, because only the AWS SDK uses it, for signatures. */
  install() {
    if (this.speed === 1) return;
    const realMonotonicMs = performance.now.bind(performance);
    Date.now = () => Math.floor(this.nowMs());
    performance.now = () => realMonotonicMs() * this.speed;
  }
}
