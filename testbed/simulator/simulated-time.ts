// Simulated time: a queue of events, each of which is run to its end before the next. No event waits for real time.

interface Event {
  readonly atMs: number;
  /** Of two events at the same time, the one that was planned first happens first. */
  readonly index: number;
  readonly happen: () => void;
}

const START_MS = Date.UTC(2026, 0, 1);

export class SimulatedTime {
  #nowMs = START_MS;
  #planned = 0;
  /** A binary heap: the next event is the first. */
  readonly #events: Event[] = [];

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return this.#nowMs - START_MS;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, resolve));
  }

  after(durationMs: number, happen: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, durationMs), index: this.#planned++, happen });
  }

  /**
   * Between two events, everything is done that the first made possible without waiting.
   * @param untilElapsedMs the time is then this, whether or not anything happened. @default until nothing is planned
   */
  async run(untilElapsedMs = Number.POSITIVE_INFINITY): Promise<void> {
    const endMs = START_MS + untilElapsedMs;
    while ((this.#events[0]?.atMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      const event = this.#pop();
      if (event === undefined) return;
      this.#nowMs = event.atMs;
      event.happen();
      // Node.js runs this queue only when no promise has anything left to do.
      await new Promise((resolve) => process.nextTick(resolve));
    }
    if (endMs < Number.POSITIVE_INFINITY) this.#nowMs = endMs;
  }

  #push(event: Event): void {
    const events = this.#events;
    let index = events.length;
    events.push(event);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = events[parentIndex] as Event;
      if (isBefore(parent, event)) break;
      events[index] = parent;
      index = parentIndex;
    }
    events[index] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      if (left >= events.length) break;
      const right = left + 1;
      const childIndex =
        right < events.length && isBefore(events[right] as Event, events[left] as Event) ? right : left;
      const child = events[childIndex] as Event;
      if (isBefore(last, child)) break;
      events[index] = child;
      index = childIndex;
    }
    events[index] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.index < other.index);
}
