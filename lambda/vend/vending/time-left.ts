// The time that a request has left for each possible next step. If there is a valid token, the time also ends where
// its caller should wait no longer for a better one.

import { AFTER_MINT_MS, MINT_LIMIT_MS, READ_MS } from '../../time-limits.ts';
import type { Patience } from '../state/token-state.ts';

/** A renewal doesn't begin with less time than this. A token that is issued too late would be lost. */
const MIN_RENEWAL_MS = 500;

export class TimeLeft {
  readonly #untilDeadlineMs: number;
  readonly #untilEndMs: number;
  readonly #isShort: boolean;

  /**
   * @param deadlineMs when the caller must have its answer
   * @param patience how long a caller with a valid token waits. @default there is no valid token
   */
  constructor(nowMs: number, deadlineMs: number, patience?: Patience) {
    const { untilMs = Number.POSITIVE_INFINITY, isShort = false } = patience ?? {};
    this.#untilDeadlineMs = deadlineMs - nowMs;
    this.#untilEndMs = Math.min(deadlineMs, untilMs) - nowMs;
    this.#isShort = isShort;
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
    return this.#toMintByDeadlineMs >= MINT_LIMIT_MS && this.#untilEndMs > (this.#isShort ? MIN_RENEWAL_MS : 0);
  }

  /** Whether the patience of a caller with a valid token, not the deadline, limits a mint. */
  get isCutByToken(): boolean {
    return this.#untilEndMs < this.#toMintByDeadlineMs;
  }

  /** Whether a mint is cut short although the valid token has much of its lifetime left. */
  get isCutEarly(): boolean {
    return this.#isShort && this.isCutByToken;
  }

  get #toMintByDeadlineMs(): number {
    return Math.min(MINT_LIMIT_MS, this.#untilDeadlineMs - AFTER_MINT_MS);
  }
}
