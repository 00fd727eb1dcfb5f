// A limit on scope sets that fail. A caller could name new made-up scopes in each request. Each request would then
// reach the authorization server and add an item to the table. Beyond the limit, an instance requests no new set for a
// while. The kind of failure makes no difference, because servers answer unknown scopes in many ways.

import { VendingError } from '../../errors.ts';

const MAX_FAILED = 20;
const WITHIN_MS = 60_000;

export class FailingScopeSets {
  /** When each scope set failed last, by its key. The oldest failure is first. */
  readonly #failedAtMs = new Map<string, number>();

  /**
   * Call this before a mint for a scope set without a known token.
   * @throws VendingError `slow_down`
   */
  assertFew(key: string, nowMs: number): void {
    for (const [failed, atMs] of this.#failedAtMs) if (nowMs >= atMs + WITHIN_MS) this.#failedAtMs.delete(failed);
    // A set that failed before is not new. Its own back-off limits it.
    if (this.#failedAtMs.size < MAX_FAILED || this.#failedAtMs.has(key)) return;
    const [oldestAtMs = nowMs] = this.#failedAtMs.values();
    throw new VendingError('slow_down', 'too many new scope sets failed within a minute', {
      retryAfterSeconds: (oldestAtMs + WITHIN_MS - nowMs) / 1000,
    });
  }

  add(key: string, nowMs: number): void {
    this.#failedAtMs.delete(key);
    this.#failedAtMs.set(key, nowMs);
  }
}
