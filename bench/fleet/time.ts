// Simulated time: a queue of events, each of which is run to its end before the next. No event waits for real time.

import type { Clock } from '../../lambda/clock.ts';

interface Event {
  readonly atMs: number;
  /** Of two events of one moment, the one that was planned first happens first. */
  readonly place: number;
  readonly happen: () => void;
}

const START_MS = Date.UTC(2026, 0, 1);

export class SimulatedTime implements Clock {
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

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, resolve));
  }

  after(durationMs: number, happen: () => void): void {
    this.#push({ atMs: this.#nowMs + Math.max(0, durationMs), place: this.#planned++, happen });
  }

  at(elapsedMs: number, happen: () => void): void {
    this.after(elapsedMs - this.elapsedMs, happen);
  }

  async run(untilElapsedMs: number): Promise<void> {
    for (let event = this.#pop(); event !== undefined; event = this.#pop()) {
      if (event.atMs > START_MS + untilElapsedMs) return;
      this.#nowMs = event.atMs;
      event.happen();
      // The queue of nextTick is looked at when no promise has anything left to do.
      await new Promise((resolve) => process.nextTick(resolve));
    }
  }

  #push(event: Event): void {
    const events = this.#events;
    let place = events.length;
    events.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = events[parent] as Event;
      if (isBefore(above, event)) break;
      events[place] = above;
      place = parent;
    }
    events[place] = event;
  }

  #pop(): Event | undefined {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (first === undefined || last === undefined || events.length === 0) return first;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      if (left >= events.length) break;
      const right = left + 1;
      const child = right < events.length && isBefore(events[right] as Event, events[left] as Event) ? right : left;
      const below = events[child] as Event;
      if (isBefore(last, below)) break;
      events[place] = below;
      place = child;
    }
    events[place] = last;
    return first;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.place < other.place);
}
