// A limit on scope sets that fail. A caller could name new made-up scopes in each request. Each request would then
// reach the authorization server and add an item to the table. Beyond the limit, an instance requests no new set for
// that caller for a while; other callers are served as before. Servers answer unknown scopes in many ways, so every
// failure counts but those that may pass by themselves, such as an outage.

import { TRANSIENT, VendingError } from '../../errors.ts';
import { MemoryCache } from '../store/memory-cache.ts';

const MAX_FAILED = 20;
const WITHIN_MS = 60_000;
const MAX_CALLERS = 1_000;

export class FailingScopeSets {
  /** By caller: when each scope set failed last, by its key. The oldest failure is first. */
  readonly #failedAtMs = new MemoryCache<Map<string, number>>(MAX_CALLERS);

  /**
   * Call this before a mint for a scope set without a known token.
   * @throws VendingError `slow_down`
   */
  assertFew(caller: string, key: string, nowMs: number): void {
    if (!this.isOverLimit(caller, key, nowMs)) return;
    const [oldestAtMs = nowMs] = this.#failedAtMs.get(caller)?.values() ?? [];
    throw new VendingError('slow_down', 'too many new scope sets failed within a minute', {
      retryAfterSeconds: (oldestAtMs + WITHIN_MS - nowMs) / 1000,
    });
  }

  isOverLimit(caller: string, key: string, nowMs: number): boolean {
    const failedAtMs = this.#failedAtMs.get(caller);
    if (failedAtMs === undefined) return false;
    for (const [failed, atMs] of failedAtMs) if (nowMs >= atMs + WITHIN_MS) failedAtMs.delete(failed);
    // A set that failed before is not new. Its own back-off limits it.
    return failedAtMs.size >= MAX_FAILED && !failedAtMs.has(key);
  }

  add(caller: string, key: string, failure: unknown, nowMs: number): void {
    if (failure instanceof VendingError && TRANSIENT.has(failure.code)) return;
    const failedAtMs = this.#failedAtMs.get(caller) ?? new Map<string, number>();
    failedAtMs.delete(key);
    failedAtMs.set(key, nowMs);
    this.#failedAtMs.set(caller, failedAtMs);
  }
}
