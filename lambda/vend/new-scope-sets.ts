// A limit on scope sets that fail. Whoever names made-up scopes, a new set each time, would have the authorization server
// asked each time and the table filled: beyond the limit an instance asks for no new set for a while. Why a set failed
// makes no difference: what a server answers to scopes that it doesn't know is its own matter.

import { VendingError } from '../errors.ts';

const MOST = 20;
const WITHIN_MS = 60_000;

export class NewScopeSets {
  /** When each failed last, by its key; the oldest first. */
  readonly #failedAtMs = new Map<string, number>();

  /** A scope set that no token is known of is to be asked for. @throws VendingError `slow_down` */
  refuseTooMany(pk: string, nowMs: number): void {
    for (const [failed, atMs] of this.#failedAtMs) if (nowMs >= atMs + WITHIN_MS) this.#failedAtMs.delete(failed);
    // One that failed before is not new; its own back-off limits it.
    if (this.#failedAtMs.size < MOST || this.#failedAtMs.has(pk)) return;
    const [oldestAtMs = nowMs] = this.#failedAtMs.values();
    throw new VendingError('slow_down', 'too many new scope sets failed within a minute', {
      retryAfterSeconds: (oldestAtMs + WITHIN_MS - nowMs) / 1000,
    });
  }

  failed(pk: string, nowMs: number): void {
    this.#failedAtMs.delete(pk);
    this.#failedAtMs.set(pk, nowMs);
  }
}
