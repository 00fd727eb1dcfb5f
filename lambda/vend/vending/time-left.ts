// The time that a request has left for each possible next step. If there is a valid token, the time also ends where
// that token could no longer be vended.

import { AFTER_MINT_MS, MINT_LIMIT_MS, READ_MS } from '../../time-limits.ts';

export class TimeLeft {
  readonly #untilDeadlineMs: number;
  readonly #untilEndMs: number;

  /**
   * @param deadlineMs when the caller must have its answer
   * @param tokenEndsAtMs until when a valid token can be vended. @default there is no valid token
   */
  constructor(nowMs: number, deadlineMs: number, tokenEndsAtMs = Number.POSITIVE_INFINITY) {
    this.#untilDeadlineMs = deadlineMs - nowMs;
    this.#untilEndMs = Math.min(deadlineMs, tokenEndsAtMs) - nowMs;
  }

  /** How long a pause may last if the table is read after it. */
  get toWaitMs(): number {
    return this.#untilEndMs - READ_MS;
  }

  /** How long a pause may last if the table is read and a whole mint is made after it. */
  get toReadAndMintMs(): number {
    return this.#untilDeadlineMs - READ_MS - MINT_LIMIT_MS - AFTER_MINT_MS;
  }

  /** How long a mint may take. */
  get toMintMs(): number {
    return Math.min(this.#toMintByDeadlineMs, this.#untilEndMs);
  }

  /** Whether the deadline leaves time for a whole mint, so that one may begin. */
  get isEnoughToMint(): boolean {
    return this.#toMintByDeadlineMs >= MINT_LIMIT_MS && this.#untilEndMs > 0;
  }

  /** Whether the end of a valid token, not the deadline, limits a mint. */
  get isCutByToken(): boolean {
    return this.#untilEndMs < this.#toMintByDeadlineMs;
  }

  get #toMintByDeadlineMs(): number {
    return Math.min(MINT_LIMIT_MS, this.#untilDeadlineMs - AFTER_MINT_MS);
  }
}
