// Mints a token for all instances: under the lease, or without the table if that is away. The token is published, or
// the failure is recorded, so that the other instances need no mint of their own.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import { LEASE_MS, MINT_LIMIT_MS } from '../../time-limits.ts';
import { isInForce, nextBackOff } from '../state/back-off.ts';
import { LeaseWatch } from '../state/lease.ts';
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
import { FailingScopeSets } from './failing-scope-sets.ts';
import { type Minted, type Minter, MintFailure } from './minter.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';
import { TimeLeft } from './time-left.ts';
import type { TokenMemory } from './token-memory.ts';
import type { Reading, TokenReader } from './token-reader.ts';
import type { TokenWriter } from './token-writer.ts';

/** Without the table, an instance mints once in this time for each key. */
const MINT_WITHOUT_TABLE_EVERY_MS = 10_000;
/** A timer may fire this much too early. */
const TIMER_ALLOWANCE_MS = 50;

/** A request for a token, with the deadline of its answer. */
export interface VendCall {
  readonly request: ScopeRequest;
  readonly demand: Demand;
  readonly deadlineMs: number;
  /** The principal that asks. Failing scope sets are limited for each. */
  readonly caller: string;
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
  readonly #failingScopeSets = new FailingScopeSets();

  constructor(props: MintingProps) {
    this.#props = props;
  }

  /**
   * @returns undefined if another instance took the lease, or the table throttles
   * @throws VendingError
   */
  async underLease(call: VendCall, reading: Reading, watch: LeaseWatch): Promise<FoundToken | undefined> {
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
    switch (await writer.acquireLease(request.key, reading.state, startedAtMs + LEASE_MS, watch)) {
      case 'won':
        return await this.#mint(call, reading, startedAtMs, watch.ownLeaseId);
      case 'lost':
        return undefined;
      case 'unknown':
        return await this.withoutTable(call, reading, watch.ownLeaseId);
    }
  }

  /**
   * Mints at most once in 10 s per instance and key.
   * @param leaseId the ID of a lease whose acquisition got no answer, so that this instance may have it
   * @throws VendingError
   */
  async withoutTable(call: VendCall, reading: Reading, leaseId?: string): Promise<FoundToken> {
    const { memory, writer } = this.#props;
    const { key } = call.request;
    try {
      this.#assertMayMintWithoutTable(call, reading.state);
    } catch (failure) {
      if (leaseId !== undefined) await writer.releaseLease(key, leaseId);
      throw failure;
    }
    const nowMs = this.#nowMs;
    memory.remember(key, reading.state, { mintedWithoutTableAtMs: nowMs });
    return await this.#mint(call, reading, nowMs, leaseId);
  }

  /** Watches the leases on a token for one call. */
  watchLeases(): LeaseWatch {
    return new LeaseWatch(this.#props.clock, this.#props.writer.newLeaseId());
  }

  /** Whether this caller may request no new scope set now. Other callers must not share its failure. */
  isLimited({ caller, request }: VendCall): boolean {
    return this.#failingScopeSets.isOverLimit(caller, request.key, this.#nowMs);
  }

  #assertMayMint({ caller, request, demand }: VendCall, state: TokenState): void {
    assertNotForcedTooFast(state, demand, this.#nowMs);
    if (isNew(request, state)) this.#failingScopeSets.assertFew(caller, request.key, this.#nowMs);
  }

  #assertMayMintWithoutTable(call: VendCall, state: TokenState): void {
    const { mintedWithoutTableAtMs = Number.NEGATIVE_INFINITY } = this.#props.memory.get(call.request.key) ?? {};
    const waitMs = mintedWithoutTableAtMs + MINT_WITHOUT_TABLE_EVERY_MS - this.#nowMs;
    if (waitMs > 0) {
      const problem = 'the token table is out of reach, and the authorization server was asked a moment ago';
      throw new VendingError('unavailable', problem, { retryAfterSeconds: waitMs / 1000 });
    }
    // A mint that the deadline or the end of a valid token cuts short would use up the only attempt in 10 s.
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
      // A mint that was cut short in order to vend a valid token does not show that the server failed.
      const wasCut = left.isCutByToken && this.#nowMs >= limitMs - TIMER_ALLOWANCE_MS;
      if (isNew(request, state)) this.#failingScopeSets.add(call.caller, request.key, failure.cause, this.#nowMs);
      if (!wasCut) throw await this.#recordFailure(request, state, leaseId, failure);
      if (leaseId !== undefined) await writer.releaseLease(request.key, leaseId);
      throw failure.cause;
    }
    return await this.#rememberAndPublish(call, reading, minted, startedAtMs, leaseId);
  }

  /** Remembers and publishes the minted token. Returns it, or the token that another instance published meanwhile. */
  async #rememberAndPublish(
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
      const readAfter =
        published === false ? await reader.readTableAndCredential(request).catch(() => undefined) : undefined;
      if (isFresh(readAfter?.state, demand, credential.version, this.#nowMs)) return foundIn(readAfter.state, 'table');
    }
    assertMinTtlFits({ token }, demand, this.#nowMs);
    // The rejected token is not excluded here. If the server issues it once more, there is no other one.
    if (!isValid(token, NO_DEMAND, this.#nowMs)) {
      throw new VendingError('unavailable', 'the token that was minted expired before it could be vended');
    }
    return { token, credentialVersion: credential.version, source: 'mint' };
  }

  /** Remembers and records the failure, so that no other call repeats the mint. Returns it with the time to wait. */
  async #recordFailure(
    { key }: ScopeRequest,
    state: TokenState,
    leaseId: string | undefined,
    { cause, version, refusal }: MintFailure,
  ): Promise<unknown> {
    const { memory, random, writer } = this.#props;
    const failure = cause instanceof VendingError ? cause : new VendingError('unavailable', '');
    const circumstances = { version, nowMs: this.#nowMs, random: random() };
    const backOff = nextBackOff(failure, state.backOff, circumstances);
    const failed = { ...state, ...(refusal && { refusal }), backOff };
    memory.remember(key, failed, { readAgainAtMs: backOff.untilSeconds * 1000 });
    if (failure.code === 'throttled') await writer.recordThrottling(backOff);
    if (leaseId !== undefined) await writer.recordFailure(key, failed, leaseId);
    return failure === cause ? failure.withRetryAfter(backOff.untilSeconds - circumstances.nowMs / 1000) : cause;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

/** Whether the caller named the scopes, and no token for them is known. */
function isNew({ isNamed }: ScopeRequest, { token }: TokenState): boolean {
  return isNamed && token === undefined;
}

export function timeLeft({ demand, deadlineMs }: VendCall, state: TokenState, nowMs: number): TimeLeft {
  return new TimeLeft(nowMs, deadlineMs, vendableUntilMs(state, demand, nowMs));
}

export function outOfTime(): VendingError {
  const problem = 'another instance is obtaining this token; no time is left';
  return new VendingError('unavailable', problem, { retryAfterSeconds: 1 });
}
