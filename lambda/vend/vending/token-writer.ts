// Writes to the store: the lease before a mint, and the result of the mint. If a write fails, the mint goes on.

import type { Clock } from '../../clock.ts';
import { PUBLISH_LIMIT_MS } from '../../time-limits.ts';
import type { BackOff } from '../state/back-off.ts';
import { LEASE_ALLOWANCE_MS, type LeaseWatch, leasePauseMs } from '../state/lease.ts';
import { type TokenState, ttlSeconds } from '../state/token-state.ts';
import { seal } from '../store/seal.ts';
import type { Publication, TokenStore } from '../store/token-store.ts';
import type { TableOperation, Telemetry } from '../telemetry.ts';
import { attempt } from './attempt.ts';
import type { Minted } from './minter.ts';

/** One instance publishes a token, so that the pauses of several need no jitter. */
const REPEAT_JITTER = 0;

export interface TokenWriterProps {
  readonly store: Omit<TokenStore, 'read'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

export class TokenWriter {
  readonly #props: TokenWriterProps;

  constructor(props: TokenWriterProps) {
    this.#props = props;
  }

  /** For one call: an acquisition that got no answer is repeated with the same ID. */
  newLeaseId(): string {
    return this.#newId();
  }

  /**
   * @param seen the state that was read
   * @returns `unknown`: the store gave no answer, and this instance may have the lease
   */
  async acquireLease(
    key: string,
    seen: TokenState,
    untilMs: number,
    { ownLeaseId, watchedToItsEnd }: LeaseWatch,
  ): Promise<'won' | 'lost' | 'unknown'> {
    const { store, telemetry, clock } = this.#props;
    const request = {
      key,
      leaseId: ownLeaseId,
      untilMs,
      endedBeforeMs: clock.nowMs() - LEASE_ALLOWANCE_MS,
      watchedLeaseId: watchedToItsEnd,
      seenRevision: seen.revision,
      expiresAtSeconds: ttlSeconds(seen, untilMs / 1000),
    };
    return await attempt<'won' | 'lost' | 'unknown'>(
      telemetry,
      'acquire_lease',
      async () => ((await store.acquireLease(request)) ? 'won' : 'lost'),
      (error) => (store.isThrottled(error) ? 'lost' : 'unknown'),
    );
  }

  /**
   * Seals and publishes a token, which ends the lease and the back-off. A publication that is throttled or not answered
   * is repeated as it is: the store recognises its revision. One that can never succeed gives the lease back at once.
   * @param repeatUntilMs when it is repeated no more. @default after 2 s
   * @returns false if another instance's entry stays instead; undefined if the store failed
   */
  async publish(
    key: string,
    { token, credential }: Minted,
    forcedAtSeconds: number | undefined,
    seen: TokenState,
    leaseId: string | undefined,
    repeatUntilMs = Number.POSITIVE_INFINITY,
  ): Promise<boolean | undefined> {
    const { clock, randomBytes } = this.#props;
    const publication = await this.#tolerate('publish', async () => ({
      key,
      leaseId: leaseId ?? this.#newId(),
      seenRevision: seen.revision,
      revision: this.#newId(),
      sealed: seal(token, credential, key, randomBytes),
      credentialVersion: credential.version,
      forcedAtSeconds,
      expiresAtSeconds: Math.floor(token.expiresAtMs / 1000),
    }));
    if (publication === undefined) return undefined;
    const untilMs = Math.min(clock.nowMs() + PUBLISH_LIMIT_MS, repeatUntilMs);
    for (let round = 0; ; round++) {
      const outcome = await this.#publishOnce(publication);
      if (outcome === 'impossible' && leaseId !== undefined) await this.releaseLease(key, leaseId);
      if (outcome !== 'repeat') return outcome === 'impossible' ? undefined : outcome;
      const pauseMs = leasePauseMs(round, REPEAT_JITTER);
      if (clock.nowMs() + pauseMs >= untilMs) return undefined;
      await clock.sleep(pauseMs);
    }
  }

  async #publishOnce(publication: Publication): Promise<boolean | 'repeat' | 'impossible'> {
    const { store, telemetry } = this.#props;
    return await attempt<boolean | 'repeat' | 'impossible'>(
      telemetry,
      'publish',
      () => store.publish(publication),
      (error) => (store.isImpossible(error) ? 'impossible' : 'repeat'),
    );
  }

  /** Records the back-off of a failed mint, and gives the lease back. */
  async recordFailure(key: string, state: TokenState & { backOff: BackOff }, leaseId: string): Promise<void> {
    const { backOff } = state;
    const expiresAtSeconds = ttlSeconds(state, backOff.untilSeconds);
    await this.#tolerate('record_failure', () =>
      this.#props.store.recordFailure({ key, leaseId, revision: this.#newId(), backOff, expiresAtSeconds }),
    );
  }

  async releaseLease(key: string, leaseId: string): Promise<void> {
    await this.#tolerate('release_lease', () => this.#props.store.releaseLease(key, leaseId, this.#newId()));
  }

  async #tolerate<T>(operation: TableOperation, call: () => Promise<T>): Promise<T | undefined> {
    return await attempt<T | undefined>(this.#props.telemetry, operation, call, () => undefined);
  }

  #newId(): string {
    return Buffer.from(this.#props.randomBytes(12)).toString('base64url');
  }
}
