// Mints a token for all instances: under the lease, or without the table if that is away. The token is published, or
// the failure is recorded, so that the other instances need no mint of their own.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import type { Token } from '../../oauth/token.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import { LEASE_MS, WAIT_MS } from '../../time-limits.ts';
import { nextBackOff } from '../state/back-off.ts';
import { LeaseWatch } from '../state/lease.ts';
import {
  assertLivesFor,
  assertMinTtlFits,
  type FoundToken,
  foundIn,
  isForced,
  isFresh,
  isUnfit,
  isValid,
  NO_DEMAND,
  ninthTenthMs,
} from '../state/token-state.ts';
import type { CredentialKeeper } from './credential-keeper.ts';
import type { CredentialRecorder } from './credential-recorder.ts';
import { type MintLimits, outOfTime, type VendCall } from './mint-limits.ts';
import { type Minted, type Minter, wasCut } from './minter.ts';
import type { ScopePolicy } from './scope-policy.ts';
import type { TokenMemory } from './token-memory.ts';
import type { Reading, TokenReader } from './token-reader.ts';
import type { TokenWriter } from './token-writer.ts';

/** After a failure, a valid token is vended from memory until the back-off ends, but not for longer than this. */
const MAX_PAUSE_MS = 25_000;

export interface MintingProps {
  readonly scopePolicy: ScopePolicy;
  readonly memory: TokenMemory;
  readonly reader: TokenReader;
  readonly writer: TokenWriter;
  readonly minter: Minter;
  readonly limits: MintLimits;
  readonly keeper: CredentialKeeper;
  readonly recorder: CredentialRecorder;
  readonly source: CredentialSource;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** A mint that is under way. */
interface Mint {
  readonly call: VendCall;
  readonly reading: Reading;
  readonly startedAtMs: number;
  /** The lease under which it is made. Undefined if this instance has none. */
  readonly leaseId: string | undefined;
  /** Whether the end of no token explains the mint: it is forced, for `min_ttl`, or without the table. */
  readonly isEarly: boolean;
  /** When its publication is repeated no more, because its caller has a valid token and waits only a short time. */
  readonly repeatUntilMs?: number | undefined;
}

export class Minting {
  readonly #props: MintingProps;

  constructor(props: MintingProps) {
    this.#props = props;
  }

  /**
   * @returns undefined if another instance took the lease, the table throttles, or the lease took all the time for a mint
   * @throws VendingError
   */
  async underLease(call: VendCall, reading: Reading, watch: LeaseWatch): Promise<FoundToken | undefined> {
    const { keeper, limits, minter, scopePolicy, writer } = this.#props;
    const { request } = call;
    limits.assertMayMint(call, reading.state);
    void minter.prepare();
    if ((await keeper.refresh()) === 'throttled') return undefined;
    // Other instances may have recorded one since the last read, or another version may be known now.
    const backOff = limits.backOffInForce(reading.state);
    if (backOff) throw scopePolicy.recordedFailure(backOff, request, this.#nowMs);
    const startedAtMs = this.#nowMs;
    const isEarly = isUnfit(reading.state, call.demand, startedAtMs);
    const mint = { call, reading, startedAtMs, leaseId: watch.ownLeaseId, isEarly };
    switch (await writer.acquireLease(request.key, reading.state, startedAtMs + LEASE_MS, watch)) {
      case 'won':
        return await this.#mint(mint);
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
    const { limits, memory, writer } = this.#props;
    const { key } = call.request;
    try {
      limits.assertMayMintWithoutTable(call, reading.state);
    } catch (failure) {
      if (leaseId !== undefined) await writer.releaseLease(key, leaseId);
      throw failure;
    }
    const startedAtMs = this.#nowMs;
    memory.remember(key, reading.state, { mintedWithoutTableAtMs: startedAtMs });
    const found = await this.#mint({ call, reading, startedAtMs, leaseId, isEarly: true });
    if (found === undefined) throw outOfTime();
    return found;
  }

  /** Watches the leases on a token for one call. */
  watchLeases(): LeaseWatch {
    return new LeaseWatch(this.#props.clock, this.#props.writer.newLeaseId());
  }

  /** @returns undefined if no time was left to ask the server */
  async #mint(mint: Mint): Promise<FoundToken | undefined> {
    const { keeper, limits, minter, recorder } = this.#props;
    const { call, reading, startedAtMs, isEarly } = mint;
    const { request, demand } = call;
    const { state } = reading;
    const wasTested = keeper.state.test?.version === keeper.current?.version;
    const isTest = await recorder.claimTest();
    const isNeeded = !isFresh(state, demand, keeper.versionsInUse, this.#nowMs) || this.#nowMs >= state.token.renewAtMs;
    if (!isTest && !isNeeded) {
      // Another instance tests the version for which this mint was due.
      await this.#release(mint);
      return foundIn(state, reading.source);
    }
    // Taking the lease took its time: the token may have ended meanwhile, and is no reason to hurry then.
    // A test that was cut short may have cost an issued token. It is repeated with time for a whole mint.
    const left = limits.timeLeft(call, state, startedAtMs, isTest && wasTested);
    const { isCutByToken, toMintMs } = left;
    const deadlineMs = startedAtMs + toMintMs;
    // The server was not asked, so it did not fail either: no back-off is recorded.
    if (this.#nowMs >= deadlineMs) return await this.#release(mint);
    const options = { isTest, isNeeded, isEarly, isCutByToken, deadlineMs };
    const repeatUntilMs = left.isCutEarly ? call.startedAtMs + WAIT_MS : undefined;
    const listing = this.#listRejected(mint);
    let minted: Minted;
    try {
      minted = await minter.mint(request, options);
    } catch (error) {
      if (isTest && state.token === undefined) await recorder.reopenTest();
      const isCut = wasCut(options, this.#nowMs);
      const wasTestRefused = isTest && !isNeeded && isRefusal(error);
      if (!isCut && !wasTestRefused) throw await this.#recordFailure(mint, error);
      if (isCut && left.isCutEarly && !isTest) await this.#postponeRenewal({ ...mint, repeatUntilMs });
      else await this.#release(mint);
      throw error;
    }
    // All instances are told of the rejected token before its replacement is published.
    const isListed = await listing;
    const found = await this.#rememberAndPublish({ ...mint, repeatUntilMs }, minted);
    if (isListed === false) await recorder.rereadAll();
    return found;
  }

  /** @returns undefined if the mint is not forced; false if the list of rejected tokens takes no more */
  async #listRejected({ call, reading, startedAtMs }: Mint): Promise<boolean | undefined> {
    const { token } = reading.state;
    if (!token || !isForced(reading.state, call.demand, startedAtMs)) return undefined;
    return await this.#props.recorder.listRejected(token);
  }

  /** Remembers and publishes the minted token. Returns it, or the token that another instance published meanwhile. */
  async #rememberAndPublish(mint: Mint, { token: issued, credential }: Minted): Promise<FoundToken> {
    const { memory, reader, keeper, recorder } = this.#props;
    const { call, reading, startedAtMs } = mint;
    const { request, demand } = call;
    const { state } = reading;
    const token = issued.after(state.token);
    const wasForced = isForced(state, demand, startedAtMs);
    const forcedAtSeconds = wasForced ? Math.floor(this.#nowMs / 1000) : state.forcedAtSeconds;
    const minted = { token, credentialVersion: credential.version, forcedAtSeconds };
    memory.remember(request.key, minted, { learnedAtMs: startedAtMs, readAgainAtMs: 0 });
    if (wasForced && token.sha256 === state.token?.sha256) await recorder.unlistRejected(token);
    if (reading.table === 'usable') {
      const published = await this.#publish(mint, { token, credential }, forcedAtSeconds);
      const readAfter =
        published === false ? await reader.readTableAndCredential(request).catch(() => undefined) : undefined;
      if (readAfter && isFresh(readAfter.state, demand, keeper.versionsInUse, this.#nowMs)) {
        return foundIn(readAfter.state, 'table');
      }
    }
    assertMinTtlFits({ token }, demand, this.#nowMs);
    // The rejected token is not excluded here. If the server issues it once more, there is no other one.
    if (!isValid(token, NO_DEMAND, this.#nowMs)) {
      throw new VendingError('unavailable', 'the token that was minted expired before it could be vended');
    }
    assertLivesFor(token, demand, this.#nowMs);
    return { token, credentialVersion: credential.version, source: 'mint' };
  }

  /** Remembers and records the failure, so that no other call repeats the mint. Returns it with the time to wait. */
  async #recordFailure({ call, reading: { state }, leaseId }: Mint, cause: unknown): Promise<unknown> {
    const { keeper, limits, memory, random, recorder, writer } = this.#props;
    const { request } = call;
    const failure = cause instanceof VendingError ? cause : new VendingError('unavailable', '');
    const circumstances = { version: keeper.version ?? '', nowMs: this.#nowMs, random: random() };
    const backOff = nextBackOff(failure, state.backOff, circumstances);
    const failed = { ...state, backOff };
    const readAgainAtMs = Math.min(backOff.untilSeconds * 1000, this.#nowMs + MAX_PAUSE_MS);
    memory.remember(request.key, failed, { readAgainAtMs });
    if (recorder.isOfCredential(failure, state)) await recorder.recordBackOff(backOff);
    else limits.noteFailure(call, state, cause);
    if (leaseId !== undefined) await writer.recordFailure(request.key, failed, leaseId);
    return failure === cause ? failure.withRetryAfter(backOff.untilSeconds - circumstances.nowMs / 1000) : cause;
  }

  /**
   * A renewal that took too long for its caller may have cost an issued token. It is made again only when the callers
   * of this token have time for a whole mint: in the last tenth of its lifetime.
   */
  async #postponeRenewal(mint: Mint): Promise<void> {
    const { memory, source } = this.#props;
    const { call, reading, startedAtMs } = mint;
    const { token, credentialVersion, forcedAtSeconds } = reading.state;
    if (token === undefined || credentialVersion === undefined) return;
    const postponed: Token = token.renewedAt(ninthTenthMs(token));
    memory.remember(call.request.key, { ...reading.state, token: postponed }, { learnedAtMs: startedAtMs });
    const credential = await source.ofVersion(credentialVersion).catch(() => undefined);
    if (credential) await this.#publish(mint, { token: postponed, credential }, forcedAtSeconds);
  }

  async #publish({ call, reading, leaseId, repeatUntilMs }: Mint, minted: Minted, forcedAtSeconds: number | undefined) {
    const { key } = call.request;
    return await this.#props.writer.publish(key, minted, forcedAtSeconds, reading.state, leaseId, repeatUntilMs);
  }

  async #release({ call, leaseId }: Mint): Promise<undefined> {
    if (leaseId !== undefined) await this.#props.writer.releaseLease(call.request.key, leaseId);
    return undefined;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof VendingError && error.code === 'credential_refused';
}
