// A limit on scope sets that fail. Whoever names made-up scopes, a new set each time, would have the authorization server
// asked each time and the table filled: beyond the limit an instance asks for no new set for a while.

import { VendingError } from '../errors.ts';

const MOST = 20;
const WITHIN_MS = 60_000;

export class NewScopeSets {
  /** When the last failures were, oldest first. */
  #failedAtMs: number[] = [];

  /** A scope set that no token is known of is to be asked for. @throws VendingError `slow_down` */
  refuseTooMany(nowMs: number): void {
    this.#failedAtMs = this.#failedAtMs.filter((atMs) => nowMs < atMs + WITHIN_MS);
    const [oldestAtMs = nowMs] = this.#failedAtMs;
    if (this.#failedAtMs.length < MOST) return;
    throw new VendingError('slow_down', 'too many new scope sets were refused within a minute', {
      retryAfterSeconds: (oldestAtMs + WITHIN_MS - nowMs) / 1000,
    });
  }

  failed(nowMs: number): void {
    this.#failedAtMs.push(nowMs);
  }
}
