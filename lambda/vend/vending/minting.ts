// Minting for all: under the lease, or without the table where that is away. The token is published, or the failure
// recorded, so that a fleet asks the authorization server once.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import { LEASE_MS, MINT_LIMIT_MS } from '../../time-limits.ts';
import { isInForce, nextBackOff } from '../state/back-off.ts';
import {
  assertMinTtlFits,
  assertNotForcedTooFast,
  type Demand,
  type FoundToken,
  foundIn,
  isForced,
  isFresh,
  isValid,
  NO_DEMAND,
  type TokenState,
  vendableUntilMs,
} from '../state/token-state.ts';
import { type Minted, type Minter, MintFailure } from './minter.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';
import { TimeLeft } from './time-left.ts';
import type { TokenMemory } from './token-memory.ts';
import type { Reading, TokenReader } from './token-reader.ts';
import type { TokenWriter } from './token-writer.ts';

/** Without the table: one mint in this time per instance and key. */
const MINT_WITHOUT_TABLE_EVERY_MS = 10_000;
/** Timers may fire a little early. */
const TIMER_ALLOWANCE_MS = 50;

/** One request for a token, and when its caller must have the answer. */
export interface VendCall {
  readonly request: ScopeRequest;
  readonly demand: Demand;
  readonly deadlineMs: number;
}

export interface MintingProps {
  readonly scopePolicy: ScopePolicy;
  readonly memory: TokenMemory;
  readonly reader: TokenReader;
  readonly writer: TokenWriter;
  readonly minter: Minter;
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
   * @returns undefined where another instance took the lease, or the table throttles
   * @throws VendingError
   */
  async underLease(
    call: VendCall,
    reading: Reading,
    watchedLeaseId: string | undefined,
  ): Promise<FoundToken | undefined> {
    const { memory, minter, scopePolicy, writer } = this.#props;
    const { request } = call;
    this.#assertMayMint(call, reading.state);
    minter.prepare();
    const throttling = await writer.readThrottling();
    if (throttling === 'throttled') return undefined;
    if (isInForce(throttling, reading.credential.version, this.#nowMs)) {
      memory.remember(request.key, { ...reading.state, backOff: throttling });
      throw scopePolicy.recordedFailure(throttling, request, this.#nowMs);
    }
    const startedAtMs = this.#nowMs;
    const lease = await writer.acquireLease(request.key, reading.state, startedAtMs + LEASE_MS, watchedLeaseId);
    switch (lease.outcome) {
      case 'won':
        return await this.#mint(call, reading, startedAtMs, lease.id);
      case 'lost':
        return undefined;
      case 'unknown':
        return await this.withoutTable(call, reading, lease.id);
    }
  }

  /**
   * One mint in 10 s per instance and key.
   * @param leaseId of a lease whose acquisition had no answer: it may be one's own
   * @throws VendingError
   */
  async withoutTable(call: VendCall, reading: Reading, leaseId?: string): Promise<FoundToken> {
    const { memory, writer } = this.#props;
    const { key } = call.request;
    try {
      this.#assertMayMintWithoutTable(call, reading.state);
    } catch (refusal) {
      if (leaseId !== undefined) await writer.releaseLease(key, leaseId);
      throw refusal;
    }
    const nowMs = this.#nowMs;
    memory.remember(key, reading.state, { mintedWithoutTableAtMs: nowMs });
    return await this.#mint(call, reading, nowMs, leaseId);
  }

  #assertMayMint({ request, demand }: VendCall, state: TokenState): void {
    assertNotForcedTooFast(state, demand, this.#nowMs);
    this.#props.minter.assertFewNew(request, state);
  }

  #assertMayMintWithoutTable(call: VendCall, state: TokenState): void {
    const { mintedWithoutTableAtMs = Number.NEGATIVE_INFINITY } = this.#props.memory.get(call.request.key) ?? {};
    const waitMs = mintedWithoutTableAtMs + MINT_WITHOUT_TABLE_EVERY_MS - this.#nowMs;
    if (waitMs > 0) {
      const what = 'the token table is out of reach, and the authorization server was asked a moment ago';
      throw new VendingError('unavailable', what, { retryAfterSeconds: waitMs / 1000 });
    }
    // A mint that the deadline or a valid token cuts short would use up the one try in 10 s.
    if (timeLeft(call, state, this.#nowMs).toMintMs < MINT_LIMIT_MS) throw outOfTime();
    this.#assertMayMint(call, state);
  }

  async #mint(call: VendCall, reading: Reading, startedAtMs: number, leaseId: string | undefined): Promise<FoundToken> {
    const { minter, writer } = this.#props;
    const { request } = call;
    const { state, credential } = reading;
    // Taking the lease took its time: the token may have ended meanwhile, and is no reason to hurry then.
    const left = new TimeLeft(startedAtMs, call.deadlineMs, vendableUntilMs(state, call.demand, this.#nowMs));
    const limitMs = startedAtMs + left.toMintMs;
    let minted: Minted;
    try {
      minted = await minter.mint(request, credential, state, limitMs);
    } catch (error) {
      const failure = error instanceof MintFailure ? error : new MintFailure(error, credential.version, undefined);
      // A mint that was cut short for a valid token's sake says nothing of the server.
      const wasCut = left.isCutByToken && this.#nowMs >= limitMs - TIMER_ALLOWANCE_MS;
      if (!wasCut) throw await this.#recordFailure(request, state, leaseId, failure);
      if (leaseId !== undefined) await writer.releaseLease(request.key, leaseId);
      throw failure.cause;
    }
    return await this.#keep(call, reading, minted, startedAtMs, leaseId);
  }

  /** Remembers and publishes what was minted. Returns it, or what another instance has published meanwhile. */
  async #keep(
    { request, demand }: VendCall,
    reading: Reading,
    minted: Minted,
    startedAtMs: number,
    leaseId: string | undefined,
  ): Promise<FoundToken> {
    const { memory, reader, writer } = this.#props;
    const { token, credential, refusal } = minted;
    const isForcedRenewal = isForced(reading.state, demand, startedAtMs);
    const forcedAtSeconds = isForcedRenewal ? Math.floor(this.#nowMs / 1000) : reading.state.forcedAtSeconds;
    memory.remember(request.key, { token, credentialVersion: credential.version, refusal, forcedAtSeconds });
    if (reading.table === 'usable') {
      const published = await writer.publish(request.key, minted, forcedAtSeconds, reading.state, leaseId);
      const others =
        published === false ? await reader.readTableAndCredential(request).catch(() => undefined) : undefined;
      if (isFresh(others?.state, demand, credential.version, this.#nowMs)) return foundIn(others.state, 'table');
    }
    assertMinTtlFits({ token }, demand, this.#nowMs);
    // A server may issue the rejected token once more: then no other can be had.
    if (!isValid(token, NO_DEMAND, this.#nowMs)) {
      throw new VendingError('unavailable', 'the token that was minted expired before it could be vended');
    }
    return { token, credentialVersion: credential.version, source: 'mint' };
  }

  /** So that waiters don't each try, here and in the fleet. Returns the failure with the time that all are to wait. */
  async #recordFailure(
    { key }: ScopeRequest,
    state: TokenState,
    leaseId: string | undefined,
    { cause, version, refusal }: MintFailure,
  ): Promise<unknown> {
    const { memory, random, writer } = this.#props;
    const failure = cause instanceof VendingError ? cause : new VendingError('unavailable', '');
    const at = { version, nowMs: this.#nowMs, random: random() };
    const backOff = nextBackOff(failure, state.backOff, at);
    const failed = { ...state, ...(refusal && { refusal }), backOff };
    memory.remember(key, failed, { readAgainAtMs: backOff.untilSeconds * 1000 });
    if (failure.code === 'throttled') await writer.recordThrottling(backOff);
    if (leaseId !== undefined) await writer.recordFailure(key, failed, leaseId);
    return failure === cause ? failure.withRetryAfter(backOff.untilSeconds - at.nowMs / 1000) : cause;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

export function timeLeft({ demand, deadlineMs }: VendCall, state: TokenState, nowMs: number): TimeLeft {
  return new TimeLeft(nowMs, deadlineMs, vendableUntilMs(state, demand, nowMs));
}

export function outOfTime(): VendingError {
  const what = 'another instance is obtaining this token; no time is left';
  return new VendingError('unavailable', what, { retryAfterSeconds: 1 });
}
