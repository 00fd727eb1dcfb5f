// The credential's item as this instance has read it last. All profiles of the credential share the item.

import type { Clock } from '../../clock.ts';
import type { Token } from '../../oauth/token.ts';
import { type CredentialState, rejectedName } from '../state/credential-state.ts';
import type { CredentialStore } from '../store/credential-store.ts';
import type { Telemetry } from '../telemetry.ts';
import { attempt } from './attempt.ts';

/** The time from a failed read to the next one. */
export const RETRY_AFTER_MS = 5_000;
/** What was read within this time is recent enough for a mint. */
export const RECENT_MS = 1_000;
/** After this time without a read of the item, rejected tokens may have been missed. */
const MISSED_AFTER_MS = 300_000;
/** Clocks differ. */
const CLOCK_ALLOWANCE_MS = 1_000;

type Failed = 'throttled' | 'away';

export interface SharedStateProps {
  readonly store: Pick<CredentialStore, 'read' | 'isThrottled'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** The time from a read to the next one. */
  readonly nextAfterMs: (state: CredentialState) => number;
}

export class SharedState {
  readonly #props: SharedStateProps;
  #state: CredentialState = {};
  /** Start time of the last read. */
  #readAtMs = Number.NEGATIVE_INFINITY;
  readonly #startedAtMs: number;
  #dueAtMs = 0;
  #isThrottled = false;
  #reading: Promise<Failed | undefined> | undefined;
  /** Tokens that were learned before this time must be read from the table again. */
  #missedBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(props: SharedStateProps) {
    this.#props = props;
    this.#startedAtMs = props.clock.nowMs();
  }

  get state(): CredentialState {
    return this.#state;
  }

  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** Whether the table throttled the last read. Other instances may know the item. */
  get isThrottled(): boolean {
    return this.#isThrottled;
  }

  /** Whether the item was ever read. */
  get isKnown(): boolean {
    return this.#readAtMs > Number.NEGATIVE_INFINITY;
  }

  get isRecent(): boolean {
    return this.#nowMs < this.#readAtMs + RECENT_MS;
  }

  isRejected(token: Token): boolean {
    return this.#state.rejected?.has(rejectedName(token.sha256)) ?? false;
  }

  /** Whether a token must be read from the table again. @param learnedAtMs when it was asked for */
  isOutdated(learnedAtMs: number): boolean {
    const { rereadBeforeMs: nextMs = Number.POSITIVE_INFINITY } = this.#state;
    const rereadBeforeMs = this.#nowMs >= nextMs ? nextMs : Number.NEGATIVE_INFINITY;
    const missedBeforeMs = this.#nowMs >= this.#missedAtMs ? this.#missedAtMs : this.#missedBeforeMs;
    return learnedAtMs < Math.max(missedBeforeMs, rereadBeforeMs + CLOCK_ALLOWANCE_MS);
  }

  /** Reads the item, or joins a read that is under way. @returns why it failed */
  async read(): Promise<Failed | undefined> {
    this.#reading ??= this.#readOnce();
    const reading = this.#reading;
    try {
      return await reading;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /** What this instance has found out itself. It holds until the item is read again, also if that can't be written. */
  note(found: Partial<CredentialState>): void {
    this.#state = { ...this.#state, ...found };
    this.#dueAtMs = Math.min(this.#dueAtMs, this.#nowMs + this.#props.nextAfterMs(this.#state));
  }

  /** Another instance may have changed the item. A read that is under way may be too early. */
  noteChange(): void {
    this.#dueAtMs = 0;
    this.#reading = undefined;
  }

  async #readOnce(): Promise<Failed | undefined> {
    const { store, telemetry, nextAfterMs } = this.#props;
    const startedAtMs = this.#nowMs;
    const read = await attempt<CredentialState | Failed>(
      telemetry,
      'read_credential',
      () => store.read(),
      (error) => (store.isThrottled(error) ? 'throttled' : 'away'),
    );
    if (startedAtMs < this.#readAtMs) return undefined;
    this.#isThrottled = read === 'throttled';
    if (typeof read === 'string') {
      this.#dueAtMs = this.#isThrottled && !this.isKnown ? 0 : this.#nowMs + RETRY_AFTER_MS;
      return read;
    }
    // Whatever was rejected later is still listed.
    if (startedAtMs >= this.#missedAtMs) this.#missedBeforeMs = startedAtMs - MISSED_AFTER_MS;
    this.#state = read;
    this.#readAtMs = startedAtMs;
    this.#dueAtMs = startedAtMs + nextAfterMs(read);
    return undefined;
  }

  /** From then on, rejected tokens may have been missed. */
  get #missedAtMs(): number {
    return Math.max(this.#startedAtMs, this.#readAtMs) + MISSED_AFTER_MS;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}
