// How much time a request has left, for each thing that it may do next. A valid token in hand ends the time as well: by
// then it must have been vended.

import { AFTER_MINT_MS, MINT_LIMIT_MS, READ_MS } from '../../time-limits.ts';

export class TimeLeft {
  readonly #untilDeadlineMs: number;
  readonly #untilEndMs: number;

  /**
   * @param deadlineMs when the caller must have its answer
   * @param tokenEndsAtMs until when a valid token can be vended instead. @default there is none
   */
  constructor(nowMs: number, deadlineMs: number, tokenEndsAtMs = Number.POSITIVE_INFINITY) {
    this.#untilDeadlineMs = deadlineMs - nowMs;
    this.#untilEndMs = Math.min(deadlineMs, tokenEndsAtMs) - nowMs;
  }

  /** How long a pause may be, if the table is to be read after it. */
  get toWaitMs(): number {
    return this.#untilEndMs - READ_MS;
  }

  /** How long a pause may be, if the table is to be read after it and a whole mint is to follow. */
  get toReadAndMintMs(): number {
    return this.#untilDeadlineMs - READ_MS - MINT_LIMIT_MS - AFTER_MINT_MS;
  }

  /** How long a mint may take. */
  get toMintMs(): number {
    return Math.min(this.#toMintByDeadlineMs, this.#untilEndMs);
  }

  /** Whether a mint may begin: the deadline leaves time for a whole one. */
  get isEnoughToMint(): boolean {
    return this.#toMintByDeadlineMs >= MINT_LIMIT_MS && this.#untilEndMs > 0;
  }

  /** Whether a mint would have to stop for the sake of the valid token, which says nothing of the server. */
  get isCutByToken(): boolean {
    return this.#untilEndMs < this.#toMintByDeadlineMs;
  }

  get #toMintByDeadlineMs(): number {
    return Math.min(MINT_LIMIT_MS, this.#untilDeadlineMs - AFTER_MINT_MS);
  }
}
