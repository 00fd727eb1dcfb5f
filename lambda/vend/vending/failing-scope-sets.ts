// A limit on scope sets that fail. A caller that names made-up scopes, a new set each time, would have the authorization
// server asked each time and the table filled: beyond the limit, an instance asks for no new set for a while. Why a set
// failed makes no difference, because servers answer unknown scopes in many ways.

import { VendingError } from '../../errors.ts';

const MAX_FAILED = 20;
const WITHIN_MS = 60_000;

export class FailingScopeSets {
  /** By the set's key: when it failed last; the oldest first. */
  readonly #failedAtMs = new Map<string, number>();

  /**
   * To be called before the server is asked for a scope set that no token is known of.
   * @throws VendingError `slow_down`
   */
  assertFew(key: string, nowMs: number): void {
    for (const [failed, atMs] of this.#failedAtMs) if (nowMs >= atMs + WITHIN_MS) this.#failedAtMs.delete(failed);
    // One that failed before is not new; its own back-off limits it.
    if (this.#failedAtMs.size < MAX_FAILED || this.#failedAtMs.has(key)) return;
    const [oldestAtMs = nowMs] = this.#failedAtMs.values();
    throw new VendingError('slow_down', 'too many new scope sets failed within a minute', {
      retryAfterSeconds: (oldestAtMs + WITHIN_MS - nowMs) / 1000,
    });
  }

  failed(key: string, nowMs: number): void {
    this.#failedAtMs.delete(key);
    this.#failedAtMs.set(key, nowMs);
  }
}
