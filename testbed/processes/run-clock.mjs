// The time of a run: the system's, or another one that the suite and all its processes share. It can run faster, and it
// can be moved forward, so that hours take seconds. Only the clock changes, by which the function tells how old something
// is. Timers, and so all waits and time-outs, stay as they are: on a faster clock a wait seems longer by the same factor,
// which makes every promise harder to keep and never easier.

const realNowMs = Date.now;

export class RunClock {
  /**
   * @param {number} originMs when the run began, by the system's clock
   * @param {number} speed how many seconds of the run pass in one real second
   * @param {number} [forwardedMs] how far the clock has been moved forward
   */
  constructor(originMs, speed, forwardedMs = 0) {
    this.originMs = originMs;
    this.speed = speed;
    this.forwardedMs = forwardedMs;
  }

  /** The clock of the process that started this one. */
  static ofEnvironment() {
    const { CLOCK_ORIGIN_MS = 0, CLOCK_SPEED = 1, CLOCK_FORWARDED_MS = 0 } = process.env;
    return new RunClock(Number(CLOCK_ORIGIN_MS), Number(CLOCK_SPEED), Number(CLOCK_FORWARDED_MS));
  }

  /** The environment variables that give a process this clock. */
  environment() {
    return {
      CLOCK_ORIGIN_MS: String(this.originMs),
      CLOCK_SPEED: String(this.speed),
      CLOCK_FORWARDED_MS: String(this.forwardedMs),
    };
  }

  /** Milliseconds since the epoch. */
  nowMs() {
    return this.originMs + (realNowMs() - this.originMs) * this.speed + this.forwardedMs;
  }

  /** Moves the clock forward at once. Timers that are running don't notice it. @param {number} ms */
  forward(ms) {
    this.forwardedMs += ms;
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
    const realMonotonicMs = performance.now.bind(performance);
    Date.now = () => Math.floor(this.nowMs());
    performance.now = () => realMonotonicMs() * this.speed + this.forwardedMs;
  }
}
