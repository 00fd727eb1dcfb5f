// Time as a run counts it: the system's, or a faster one that the suite and all its processes share. Only the clock is
// faster, by which the function tells how old something is; timers, and so all waits and time limits, stay as they are.
// A wait then seems the longer by the same factor, which makes every promise harder to keep, never easier.

const realNowMs = Date.now;

export class RunClock {
  /**
   * @param {number} originMs when the run began, by the system's clock
   * @param {number} speed how many seconds go by in one
   */
  constructor(originMs, speed) {
    this.originMs = originMs;
    this.speed = speed;
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

  /** Makes it this process's clock. `new Date()` stays the system's: only the SDK asks it, for its signatures. */
  install() {
    if (this.speed === 1) return;
    const realMonotonicMs = performance.now.bind(performance);
    Date.now = () => Math.floor(this.nowMs());
    performance.now = () => realMonotonicMs() * this.speed;
  }
}
