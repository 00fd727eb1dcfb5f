// Every answer of a scenario, held against the token endpoint's own record of what it issued and until when.

import { createHash } from 'node:crypto';
import type { Emporix } from '../../local/emporix.ts';
import type { Answer } from './instance.ts';

/** The allowance for clocks, as a part of a short lifetime: before its end a token is no longer vended. */
const ALLOWANCE_SHARE = 0.1;
/** The margin before a short-lived token's end, as a part of its lifetime. */
const MARGIN_SHARE = 0.1;
/** Renewal begins at this part of the lifetime at the earliest. */
const RENEW_SHARE = 0.75;

export class Ledger {
  readonly answers: Answer[] = [];
  readonly #emporix: Emporix;
  readonly #lifetimeSeconds: number;
  /** By a token's SHA-256: the end that was told with it, a whole second. */
  readonly #endsMs = new Map<string, number>();

  constructor(emporix: Emporix, lifetimeSeconds: number) {
    this.#emporix = emporix;
    this.#lifetimeSeconds = lifetimeSeconds;
  }

  add(answer: Answer): void {
    this.answers.push(answer);
    const { sha256, expiresInSeconds, atMs } = answer;
    if (sha256 === undefined || expiresInSeconds === undefined) return;
    // expires_in is rounded down, so the end is the next whole second; the least of all is right to the millisecond.
    const endMs = Math.ceil((atMs + expiresInSeconds * 1000) / 1000) * 1000;
    this.#endsMs.set(sha256, Math.min(endMs, this.#endsMs.get(sha256) ?? Number.POSITIVE_INFINITY));
  }

  get failures(): readonly Answer[] {
    return this.answers.filter(({ status }) => status !== 200);
  }

  /** Tokens that had ended when they were vended, were said to live longer than they do, or were never issued. */
  get expired(): readonly Answer[] {
    const ends = new Map(this.#emporix.mints.map((mint) => [sha256Of(mint.accessToken), mint.expiresAtMs]));
    return this.answers.filter(({ status, sha256 = '', expiresInSeconds = Number.NaN, atMs }) => {
      const endMs = ends.get(sha256) ?? 0;
      return status === 200 && !(atMs < endMs && expiresInSeconds >= 0 && atMs + expiresInSeconds * 1000 <= endMs);
    });
  }

  /** Answers of less than a whole second left, which say `expires_in` 0. */
  get lastSecond(): number {
    return this.answers.filter(({ expiresInSeconds }) => expiresInSeconds === 0).length;
  }

  /** Until when the newest of the tokens vended for a scope is valid, clock allowance taken off. */
  validUntilMs(scope: string): number {
    const vended = this.answers.filter((answer) => answer.scope === scope && answer.sha256 !== undefined);
    const ends = new Set(vended.map(({ sha256 = '' }) => this.#endsMs.get(sha256) ?? 0));
    return Math.max(0, ...ends) - this.#lifetimeSeconds * 1000 * ALLOWANCE_SHARE;
  }

  /**
   * How many lifetimes have begun: the first with the first mint, each other with the first mint once the renewal of
   * the token before was due. A mint in between is one too many, and begins none.
   */
  get lifetimesBegun(): number {
    let begun = 0;
    let renewalDueMs = 0;
    for (const { accessToken, expiresAtMs } of this.#emporix.mints) {
      if (expiresAtMs - this.#lifetimeSeconds * 1000 < renewalDueMs) continue;
      const endMs = this.#endsMs.get(sha256Of(accessToken));
      if (endMs === undefined) continue; // not vended yet
      begun += 1;
      renewalDueMs = endMs - this.#lifetimeSeconds * 1000 + this.#renewalAfterMs;
    }
    return begun;
  }

  /** At the earliest: a whole second, but never past the margin. */
  get #renewalAfterMs(): number {
    const seconds = this.#lifetimeSeconds;
    return Math.min(Math.ceil(seconds * RENEW_SHARE), seconds * (1 - MARGIN_SHARE)) * 1000;
  }

  latencyMs(quantile: number): number {
    const sorted = this.answers.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0);
  }
}

function sha256Of(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
