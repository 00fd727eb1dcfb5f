// How a token is vended, and minted once for all: from memory, else from the table, else by whoever holds the lease.
// The policy reads top to bottom; the rules it asks are in known-token.ts, back-off.ts and lease.ts.

import type { Clock } from '../clock.ts';
import { errorName, VendingError } from '../errors.ts';
import type { Token } from '../oauth/token.ts';
import type { Telemetry, TokenSource } from '../telemetry.ts';
import { isInForce, nextBackOff } from './back-off.ts';
import {
  isDemandRefused,
  isForced,
  isFresh,
  isValid,
  type KnownToken,
  NO_DEMAND,
  refuseExcessiveMinTtl,
  refuseForcedTooFast,
  type TokenDemand,
  triableUntilMs,
} from './known-token.ts';
import { AFTER_MINT_MS, LEASE_MS, LeaseWatch, LOOK_MS, leasePauseMs, MINT_LIMIT_MS } from './lease.ts';
import type { Minted, Minter } from './minter.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';
import { SingleFlight } from './single-flight.ts';
import type { Look, TokenStore } from './token-store.ts';
import type { VendRequest } from './vend-request.ts';

/** Without the table: one mint in this time per instance and key. */
const MINT_WITHOUT_TABLE_EVERY_MS = 10_000;
/** How long a renewal that was tried, or seen under way, is not looked at again. */
const RENEWAL_LOOK_EVERY_MS = 2_000;

export interface Vended {
  readonly token: Token;
  readonly source: TokenSource;
}

export interface TokenVendorProps {
  readonly scopes: ScopePolicy;
  readonly store: TokenStore;
  readonly minter: Pick<Minter, 'mint'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** One call's way to the table and, perhaps, to the authorization server. */
interface Flight {
  readonly wanted: Wanted;
  readonly demand: TokenDemand;
  readonly deadlineMs: number;
}

export class TokenVendor {
  readonly #props: TokenVendorProps;
  readonly #flights = new SingleFlight<Vended>();

  constructor(props: TokenVendorProps) {
    this.#props = props;
  }

  /**
   * @param deadlineMs when the caller must have its answer
   * @throws VendingError, but never while a valid token is there
   */
  async vend(request: VendRequest, deadlineMs: number): Promise<Vended> {
    const { scopes, store, telemetry } = this.#props;
    const flight: Flight = { wanted: scopes.wanted(request.scopes), demand: request, deadlineMs };
    try {
      return await this.#fromMemoryOrFlight(flight);
    } catch (failure) {
      // A valid token is vended to its true end, past its margin, whatever the failure.
      const { token } = store.remembered(flight.wanted.pk) ?? {};
      if (isDemandRefused(failure) || !isValid(token, request, this.#nowMs)) throw failure;
      telemetry.failureCovered({ error: errorName(failure) });
      return { token, source: 'memory' };
    }
  }

  async #fromMemoryOrFlight(flight: Flight): Promise<Vended> {
    for (let round = 0; ; round++) {
      const remembered = this.#fromMemory(flight);
      if (remembered) return remembered;
      const { flight: underWay, joined } = this.#flights.run(flight.wanted.pk, () => this.#fly(flight));
      try {
        const vended = await underWay;
        // Checked once more: who joined has a demand of its own, and who flew may have been held up on the way.
        if (isValid(vended.token, joined ? flight.demand : NO_DEMAND, this.#nowMs)) return vended;
      } catch (failure) {
        // A flight that began before this call may have missed what is there now, and another's min_ttl or rejected
        // token is not one's own failure.
        if (!joined || (round > 0 && !isDemandRefused(failure))) throw failure;
      }
      if (this.#nowMs + LOOK_MS >= flight.deadlineMs) throw outOfTime();
    }
  }

  /** Without any I/O. */
  #fromMemory({ wanted, demand }: Flight): Vended | undefined {
    const { store } = this.#props;
    const known = store.remembered(wanted.pk);
    const version = store.checkedVersion;
    if (known === undefined || version === undefined) return undefined;
    refuseExcessiveMinTtl(known, demand);
    const nowMs = this.#nowMs;
    if (isFresh(known, demand, version, nowMs) && nowMs < Math.max(known.token.renewAtMs, known.lookAgainAtMs)) {
      return { token: known.token, source: 'memory' };
    }
    return undefined;
  }

  async #fly(flight: Flight): Promise<Vended> {
    const { scopes, store, clock } = this.#props;
    const { wanted, demand, deadlineMs } = flight;
    const watch = new LeaseWatch(clock);
    for (let round = 0; ; round++) {
      const look = await store.look(wanted.pk);
      const { known, credential } = look;
      refuseExcessiveMinTtl(known, demand);
      const fresh = isFresh(known, demand, credential.version, this.#nowMs) ? known.token : undefined;
      if (fresh && this.#nowMs < fresh.renewAtMs) return { token: fresh, source: look.source };
      if (fresh) store.remember(wanted.pk, known, { lookAgainAtMs: this.#nowMs + RENEWAL_LOOK_EVERY_MS });

      if (isInForce(known.backOff, credential.version, this.#nowMs)) {
        if (fresh) return { token: fresh, source: look.source };
        throw scopes.recordedFailure(known.backOff, wanted, this.#nowMs);
      }
      const timeForAMint = deadlineMs - this.#nowMs >= MINT_LIMIT_MS + AFTER_MINT_MS;
      if (!look.tableIsUsable) {
        if (fresh) return { token: fresh, source: look.source };
        // Cut short for a valid token's sake, a mint would cost the one try in 10 s: that token is vended to its end first.
        if (!timeForAMint || this.#limitMs(flight, known) - this.#nowMs < MINT_LIMIT_MS) throw outOfTime();
        return await this.#mintWithoutTable(flight, look);
      }
      watch.see(look.item?.lease);
      if (watch.isOver(look.item?.lease) && timeForAMint && this.#nowMs < this.#limitMs(flight, known)) {
        const minted = await this.#mintUnderLease(flight, look, watch);
        if (minted) return minted;
      }
      if (fresh) return { token: fresh, source: look.source };
      await this.#pause(round, this.#limitMs(flight, known));
    }
  }

  /** Undefined where another took the lease. */
  async #mintUnderLease(flight: Flight, look: Look, watch: LeaseWatch): Promise<Vended | undefined> {
    const { scopes, store } = this.#props;
    const { pk } = flight.wanted;
    refuseForcedTooFast(look.known, flight.demand, this.#nowMs);
    const throttling = await store.throttling();
    if (isInForce(throttling, look.credential.version, this.#nowMs)) {
      store.remember(pk, { ...look.known, backOff: throttling });
      throw scopes.recordedFailure(throttling, flight.wanted, this.#nowMs);
    }
    const startedAtMs = this.#nowMs;
    const lease = await store.acquireLease(pk, look, startedAtMs + LEASE_MS, watch.watchedToItsEnd);
    switch (lease.outcome) {
      case 'won':
        return await this.#mint(flight, look, startedAtMs, lease.id);
      case 'lost':
        return undefined;
      case 'unknown':
        return await this.#mintWithoutTable(flight, look, lease.id);
    }
  }

  /**
   * One mint in 10 s per instance and key.
   * @param leaseId of a lease whose acquisition had no answer: it may be one's own
   */
  async #mintWithoutTable(flight: Flight, look: Look, leaseId?: string): Promise<Vended> {
    const { store } = this.#props;
    const { pk } = flight.wanted;
    const nowMs = this.#nowMs;
    const lastAtMs = store.remembered(pk)?.mintedWithoutTableAtMs ?? Number.NEGATIVE_INFINITY;
    const waitMs = lastAtMs + MINT_WITHOUT_TABLE_EVERY_MS - nowMs;
    if (waitMs > 0) {
      const what = 'the token table is out of reach, and the authorization server was asked a moment ago';
      throw new VendingError('unavailable', what, { retryAfterSeconds: waitMs / 1000 });
    }
    refuseForcedTooFast(look.known, flight.demand, nowMs);
    store.remember(pk, look.known, { mintedWithoutTableAtMs: nowMs });
    return await this.#mint(flight, look, nowMs, leaseId);
  }

  async #mint(flight: Flight, look: Look, startedAtMs: number, leaseId: string | undefined): Promise<Vended> {
    const { store, minter } = this.#props;
    const { wanted, demand } = flight;
    const forced = isForced(look.known, demand, startedAtMs);
    const wholeMs = Math.min(startedAtMs + MINT_LIMIT_MS, flight.deadlineMs - AFTER_MINT_MS);
    const limitMs = Math.min(wholeMs, this.#limitMs(flight, look.known));
    let minted: Minted;
    try {
      minted = await minter.mint(wanted, look.credential, look.known, limitMs);
    } catch (error) {
      // A mint that was cut short for a valid token's sake says nothing of the server.
      const cutShort = limitMs < wholeMs && this.#nowMs >= limitMs;
      if (!cutShort) throw await this.#recordFailure(flight, look, leaseId, error);
      if (leaseId !== undefined) await store.releaseLease(wanted.pk, leaseId);
      throw error;
    }
    const { token } = minted;
    const forcedAtSeconds = forced ? Math.floor(this.#nowMs / 1000) : look.known.forcedAtSeconds;
    const winner = await store.keep(wanted.pk, minted, forcedAtSeconds, look, leaseId);
    if (winner && isFresh(winner, demand, minted.credential.version, this.#nowMs)) {
      return { token: winner.token, source: 'table' };
    }
    refuseExcessiveMinTtl(minted, demand);
    // A server may issue the rejected token once more: then it is what there is.
    if (!isValid(token, NO_DEMAND, this.#nowMs)) {
      throw new VendingError('unavailable', 'the token that was minted expired before it could be vended');
    }
    return { token, source: 'mint' };
  }

  /** So that waiters don't each try, here and in the fleet. Returns the failure with the time that all are to wait. */
  async #recordFailure(flight: Flight, look: Look, leaseId: string | undefined, error: unknown): Promise<unknown> {
    const { store, random } = this.#props;
    const { pk } = flight.wanted;
    const failure = error instanceof VendingError ? error : new VendingError('unavailable', '');
    const at = { version: look.credential.version, nowMs: this.#nowMs, random: random() };
    const known = { ...look.known, backOff: nextBackOff(failure, look.known.backOff, at) };
    store.remember(pk, known, { lookAgainAtMs: known.backOff.untilSeconds * 1000 });
    if (failure.code === 'throttled') await store.recordThrottling(known.backOff);
    if (leaseId !== undefined) await store.recordFailure(pk, known, leaseId);
    return failure === error ? failure.withRetryAfter(known.backOff.untilSeconds - at.nowMs / 1000) : error;
  }

  async #pause(round: number, limitMs: number): Promise<void> {
    const { clock, random } = this.#props;
    const pauseMs = leasePauseMs(round, random());
    if (this.#nowMs + pauseMs + LOOK_MS >= limitMs) throw outOfTime();
    await clock.sleep(pauseMs);
  }

  /** The deadline; with a valid token in hand, shortly before that one ends. */
  #limitMs({ demand, deadlineMs }: Flight, { token }: KnownToken): number {
    return isValid(token, demand, this.#nowMs) ? Math.min(deadlineMs, triableUntilMs(token)) : deadlineMs;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

function outOfTime(): VendingError {
  return new VendingError('unavailable', 'another is obtaining this token; no time is left', { retryAfterSeconds: 1 });
}
