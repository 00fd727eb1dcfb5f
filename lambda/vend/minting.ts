// Minting for all: under the lease, or without the table where that is away; published, or
// its failure recorded, so that a fleet asks once.

import type { Clock } from '../clock.ts';
import { VendingError } from '../errors.ts';
import { isInForce, nextBackOff } from './back-off.ts';
import {
  foundIn,
  isForced,
  isFresh,
  isValid,
  type KnownToken,
  NO_DEMAND,
  refuseExcessiveMinTtl,
  refuseForcedTooFast,
  type TokenDemand,
  type TokenFound,
  triableUntilMs,
} from './known-token.ts';
import { AFTER_MINT_MS, LEASE_MS, MINT_LIMIT_MS } from './lease.ts';
import { type Minted, type Minter, MintFailure } from './minter.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';
import type { Look, TokenStore } from './token-store.ts';

/** Without the table: one mint in this time per instance and key. */
const MINT_WITHOUT_TABLE_EVERY_MS = 10_000;

/** One call's way to the table and, perhaps, to the authorization server. */
export interface Flight {
  readonly wanted: Wanted;
  readonly demand: TokenDemand;
  readonly deadlineMs: number;
}

export interface MintingProps {
  readonly scopes: ScopePolicy;
  readonly store: TokenStore;
  readonly minter: Pick<Minter, 'mint' | 'prepare' | 'refuseTooManyNew'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class Minting {
  readonly #props: MintingProps;

  constructor(props: MintingProps) {
    this.#props = props;
  }

  /**
   * @param watchedLeaseId a lease that was watched to its end
   * @returns undefined where another took the lease, or the table throttles
   * @throws VendingError
   */
  async underLease(flight: Flight, look: Look, watchedLeaseId: string | undefined): Promise<TokenFound | undefined> {
    const { minter, scopes, store } = this.#props;
    const { pk } = flight.wanted;
    this.#refuseTooFast(flight, look.known);
    minter.prepare();
    const throttling = await store.throttling();
    if (throttling === 'busy') return undefined;
    if (isInForce(throttling, look.credential.version, this.#nowMs)) {
      store.remember(pk, { ...look.known, backOff: throttling });
      throw scopes.recordedFailure(throttling, flight.wanted, this.#nowMs);
    }
    const startedAtMs = this.#nowMs;
    const lease = await store.acquireLease(pk, look, startedAtMs + LEASE_MS, watchedLeaseId);
    switch (lease.outcome) {
      case 'won':
        return await this.#mint(flight, look, startedAtMs, lease.id);
      case 'lost':
        return undefined;
      case 'unknown':
        return await this.withoutTable(flight, look, lease.id);
    }
  }

  /**
   * One mint in 10 s per instance and key.
   * @param leaseId of a lease whose acquisition had no answer: it may be one's own
   * @throws VendingError
   */
  async withoutTable(flight: Flight, look: Look, leaseId?: string): Promise<TokenFound> {
    const { store } = this.#props;
    const { pk } = flight.wanted;
    try {
      this.#refuseWithoutTable(flight, look);
    } catch (refusal) {
      if (leaseId !== undefined) await store.releaseLease(pk, leaseId);
      throw refusal;
    }
    const nowMs = this.#nowMs;
    store.remember(pk, look.known, { mintedWithoutTableAtMs: nowMs });
    return await this.#mint(flight, look, nowMs, leaseId);
  }

  #refuseWithoutTable(flight: Flight, look: Look): void {
    const nowMs = this.#nowMs;
    const lastAtMs = this.#props.store.remembered(flight.wanted.pk)?.mintedWithoutTableAtMs ?? Number.NEGATIVE_INFINITY;
    const waitMs = lastAtMs + MINT_WITHOUT_TABLE_EVERY_MS - nowMs;
    if (waitMs > 0) {
      const what = 'the token table is out of reach, and the authorization server was asked a moment ago';
      throw new VendingError('unavailable', what, { retryAfterSeconds: waitMs / 1000 });
    }
    // Cut short by the deadline, or for a valid token's sake, a mint would cost the one try in 10 s.
    const untilMs = Math.min(limitOf(flight, look.known, nowMs), flight.deadlineMs - AFTER_MINT_MS);
    if (untilMs - nowMs < MINT_LIMIT_MS) throw outOfTime();
    this.#refuseTooFast(flight, look.known);
  }

  async #mint(flight: Flight, look: Look, startedAtMs: number, leaseId: string | undefined): Promise<TokenFound> {
    const { store, minter } = this.#props;
    const { wanted, demand } = flight;
    const forced = isForced(look.known, demand, startedAtMs);
    const wholeMs = Math.min(startedAtMs + MINT_LIMIT_MS, flight.deadlineMs - AFTER_MINT_MS);
    const limitMs = Math.min(wholeMs, limitOf(flight, look.known, this.#nowMs));
    let minted: Minted;
    try {
      minted = await minter.mint(wanted, look.credential, look.known, limitMs);
    } catch (error) {
      // A mint that was cut short for a valid token's sake says nothing of the server. Timers may be early.
      const cutShort = limitMs < wholeMs && this.#nowMs >= limitMs - 50;
      if (!cutShort) throw await this.#recordFailure(flight, look, leaseId, error);
      if (leaseId !== undefined) await store.releaseLease(wanted.pk, leaseId);
      throw error instanceof MintFailure ? error.failure : error;
    }
    const { token } = minted;
    const forcedAtSeconds = forced ? Math.floor(this.#nowMs / 1000) : look.known.forcedAtSeconds;
    const winner = await store.keep(wanted, minted, forcedAtSeconds, look, leaseId);
    if (winner && isFresh(winner, demand, minted.credential.version, this.#nowMs)) {
      return foundIn(winner, 'table');
    }
    refuseExcessiveMinTtl(minted, demand, this.#nowMs);
    // A server may issue the rejected token once more: then it is what there is.
    if (!isValid(token, NO_DEMAND, this.#nowMs)) {
      throw new VendingError('unavailable', 'the token that was minted expired before it could be vended');
    }
    return { token, credentialVersion: minted.credential.version, source: 'mint' };
  }

  /** So that waiters don't each try, here and in the fleet. Returns the failure with the time that all are to wait. */
  async #recordFailure(flight: Flight, look: Look, leaseId: string | undefined, error: unknown): Promise<unknown> {
    const { store, random } = this.#props;
    const { pk } = flight.wanted;
    const {
      failure: cause,
      version,
      refused,
    } = error instanceof MintFailure ? error : new MintFailure(error, look.credential.version, undefined);
    const failure = cause instanceof VendingError ? cause : new VendingError('unavailable', '');
    const at = { version, nowMs: this.#nowMs, random: random() };
    const known = {
      ...look.known,
      ...(refused && { refusedVersion: refused.version, refusedAtSeconds: refused.atSeconds }),
      backOff: nextBackOff(failure, look.known.backOff, at),
    };
    store.remember(pk, known, { lookAgainAtMs: known.backOff.untilSeconds * 1000 });
    if (failure.code === 'throttled') await store.recordThrottling(known.backOff);
    if (leaseId !== undefined) await store.recordFailure(pk, known, leaseId);
    return failure === cause ? failure.withRetryAfter(known.backOff.untilSeconds - at.nowMs / 1000) : cause;
  }

  #refuseTooFast({ wanted, demand }: Flight, known: KnownToken): void {
    refuseForcedTooFast(known, demand, this.#nowMs);
    this.#props.minter.refuseTooManyNew(wanted, known);
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

/** Until when a call may try: its deadline; with a valid token in hand, shortly before that one ends. */
export function limitOf({ demand, deadlineMs }: Flight, { token }: KnownToken, nowMs: number): number {
  return isValid(token, demand, nowMs) ? Math.min(deadlineMs, triableUntilMs(token)) : deadlineMs;
}

export function outOfTime(): VendingError {
  return new VendingError('unavailable', 'another is obtaining this token; no time is left', { retryAfterSeconds: 1 });
}
