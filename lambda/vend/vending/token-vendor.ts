// Vends a token: from memory, else from the table, else from a mint by the instance that takes the lease. decision.ts
// decides the next step of a request. The loop here reads, asks for the decision and acts.

import type { Clock } from '../../clock.ts';
import type { Token } from '../../oauth/token.ts';
import { SharedCalls } from '../../shared-calls.ts';
import { READ_MS, WAIT_MS } from '../../time-limits.ts';
import { type LeaseWatch, leasePauseMs, MAX_PAUSE_MS } from '../state/lease.ts';
import {
  assertMinTtlFits,
  type FoundToken,
  isDemandRefused,
  isFresh,
  isValid,
  NO_DEMAND,
  type VendedToken,
  type VendRequest,
  withLeaseWait,
} from '../state/token-state.ts';
import type { Telemetry } from '../telemetry.ts';
import type { CredentialKeeper } from './credential-keeper.ts';
import { decide, type NextStep, type Situation } from './decision.ts';
import { type MintLimits, outOfTime, type VendCall } from './mint-limits.ts';
import type { Minting } from './minting.ts';
import type { ScopePolicy } from './scope-policy.ts';
import type { Remembered, TokenMemory } from './token-memory.ts';
import type { Reading, TokenReader } from './token-reader.ts';

/** After a read for a renewal, the table isn't read again for this time. Meanwhile one call or instance renews. */
const READ_FOR_RENEWAL_EVERY_MS = 2_000;
/**
 * All instances know the same renewal point. From there on, they read the table one after the other, within this part
 * of the lifetime.
 */
const RENEWAL_SPREAD_SHARE = 0.005;
/** A valid token that should be replaced, and can't be now, is read from the table again after 20 to 30 s. */
const PAUSE_MS = 20_000;
const PAUSE_SPREAD_MS = 10_000;

export interface TokenVendorProps {
  readonly scopePolicy: ScopePolicy;
  readonly memory: TokenMemory;
  readonly reader: TokenReader;
  readonly minting: Minting;
  readonly limits: MintLimits;
  readonly keeper: CredentialKeeper;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class TokenVendor {
  readonly #props: TokenVendorProps;
  /** In [0, 1), drawn once per instance. Without it, ten thousand instances would read one item in the same second. */
  readonly #renewalOffset: number;
  readonly #sharedCalls = new SharedCalls<FoundToken>();

  constructor(props: TokenVendorProps) {
    this.#props = props;
    this.#renewalOffset = props.random();
  }

  /**
   * @param deadlineMs when the caller must have its answer
   * @throws VendingError, but never while there is a valid token
   */
  async vend(vendRequest: VendRequest, deadlineMs: number): Promise<VendedToken> {
    const { scopePolicy, keeper, limits, memory } = this.#props;
    const { scopes, tenant, caller = '' } = vendRequest;
    const request = scopePolicy.request(scopes, tenant);
    const { key } = request;
    const call: VendCall = { request, demand: vendRequest, startedAtMs: this.#nowMs, deadlineMs, caller };
    const found = await this.#find(call);
    scopePolicy.assertOfTenant(found.token, tenant);
    // Where one of the two is unknown, nothing is said.
    const current = keeper.followedVersion ?? found.credentialVersion;
    const isOfReplacedCredential = (found.credentialVersion ?? current) !== current;
    const isDue = this.#nowMs >= found.token.renewAtMs;
    const isFailing = isDue && (found.wasCovered || limits.backOffInForce(memory.get(key)?.state ?? {}) !== undefined);
    return { ...found, isOfReplacedCredential, renewal: isFailing ? 'failing' : isDue ? 'due' : 'not due', key };
  }

  async #find(call: VendCall): Promise<FoundToken & { readonly wasCovered?: boolean }> {
    try {
      return await this.#fromMemoryOrSharedCall(call);
    } catch (failure) {
      // After any failure, a valid token is vended until its true end, also past its margin.
      const found = this.#validInMemory(call);
      if (isDemandRefused(failure) || found === undefined) throw failure;
      this.#props.telemetry.failureCovered(failure);
      this.#pause(call);
      return { ...found, wasCovered: true };
    }
  }

  #validInMemory({ request, demand }: VendCall): FoundToken | undefined {
    const { token, credentialVersion } = this.#props.memory.get(request.key)?.state ?? {};
    return isValid(token, demand, this.#nowMs) ? { token, credentialVersion, source: 'memory' } : undefined;
  }

  async #fromMemoryOrSharedCall(call: VendCall): Promise<FoundToken> {
    for (let round = 0; ; round++) {
      const remembered = this.#fromMemory(call);
      if (remembered) return remembered;
      const { result, joined } = this.#sharedCalls.run(this.#sharedKey(call), () => this.#fromTableOrMint(call));
      try {
        const found = await result;
        // The token is checked once more, because the call may have taken long.
        if (isValid(found.token, joined ? call.demand : NO_DEMAND, this.#nowMs)) return found;
      } catch (failure) {
        // A shared call that began earlier may have missed a token that is there now.
        if (!joined || round > 0) throw failure;
        const found = this.#validInMemory(call);
        if (found) return found;
      }
      if (this.#nowMs + READ_MS >= call.deadlineMs) throw outOfTime();
    }
  }

  /** Finds a token in memory, without any I/O. */
  #fromMemory({ request, demand }: VendCall): FoundToken | undefined {
    const { memory, keeper } = this.#props;
    const remembered = memory.get(request.key);
    const nowMs = this.#nowMs;
    if (remembered === undefined || !keeper.isChecked || keeper.shared.isOutdated(remembered.learnedAtMs))
      return undefined;
    const { state } = remembered;
    assertMinTtlFits(state, demand, nowMs);
    if (!isValid(state.token, demand, nowMs)) return undefined;
    const { credentialVersion } = state;
    const found: FoundToken = { token: state.token, credentialVersion, source: 'memory' };
    const isFreshNow = isFresh(state, demand, keeper.versionsInUse, nowMs) && !keeper.isTestDue;
    return nowMs < this.#readAtMs(remembered, state.token, isFreshNow) ? found : undefined;
  }

  /** When a valid token is read from the table again. */
  #readAtMs({ learnedAtMs, readAgainAtMs }: Remembered, token: Token, isFresh: boolean): number {
    // A token that an API rejected may have been replaced by now.
    if (this.#props.keeper.shared.isRejected(token)) return learnedAtMs + this.#pauseMs;
    if (!isFresh) return readAgainAtMs;
    const readForRenewalAtMs = token.renewAtMs + this.#renewalOffset * RENEWAL_SPREAD_SHARE * token.lifetimeMs;
    return Math.max(readForRenewalAtMs, readAgainAtMs);
  }

  /** A valid token that can't be replaced now is vended from memory for a while, so that not every call tries it. */
  #pause({ request }: VendCall): void {
    const { memory } = this.#props;
    const remembered = memory.get(request.key);
    if (!remembered) return;
    const readAgainAtMs = Math.max(remembered.readAgainAtMs, this.#nowMs + this.#pauseMs);
    memory.remember(request.key, remembered.state, { readAgainAtMs });
  }

  get #pauseMs(): number {
    return PAUSE_MS + this.#renewalOffset * PAUSE_SPREAD_MS;
  }

  async #fromTableOrMint(call: VendCall): Promise<FoundToken> {
    const { minting, clock, random } = this.#props;
    const watch = minting.watchLeases();
    let leaseWaitMs = 0;
    for (let round = 0; ; round++) {
      const reading = await this.#read(call);
      assertMinTtlFits(reading.state, call.demand, this.#nowMs);
      const pauseMs = leasePauseMs(round, random());
      // What memory says of a lease may be out of date.
      if (reading.table === 'usable') watch.see(reading.state.lease);
      let situation = this.#situation(call, reading, watch, pauseMs);
      if (situation.token === 'renewal due') this.#noteRenewal(call, reading);
      let next = decide(situation);
      if (next === 'mint under lease') {
        const minted = await minting.underLease(call, reading, watch);
        if (minted) return withLeaseWait(minted, leaseWaitMs);
        // Another instance took the lease, or taking it took all the time for a mint.
        const { token } = situation;
        situation = { ...this.#situation(call, reading, watch, pauseMs), token, lease: 'held' };
        next = decide(situation);
      }
      if (next !== 'wait') return withLeaseWait(await this.#takeLastStep(next, call, reading), leaseWaitMs);
      await clock.sleep(pauseMs);
      if (situation.table === 'usable') leaseWaitMs += pauseMs;
    }
  }

  /** Reads that are repeated may take long. A caller with a valid token waits for them as long as for a mint. */
  async #read(call: VendCall): Promise<Reading> {
    const { reader, clock, limits, memory } = this.#props;
    const patience = limits.patience(call, memory.get(call.request.key)?.state ?? {});
    const untilMs = patience ? Math.max(call.startedAtMs + WAIT_MS, patience.untilMs) : call.deadlineMs;
    const limitMs = Math.min(call.deadlineMs, untilMs) - this.#nowMs;
    const reading = await clock.waitAtMost(limitMs, reader.readTableAndCredential(call.request));
    if (reading === undefined) throw outOfTime();
    return reading;
  }

  /** Does the last step of a request: every step except waiting and minting under the lease. */
  async #takeLastStep(next: NextStep, call: VendCall, reading: Reading): Promise<FoundToken> {
    const { limits, minting, scopePolicy } = this.#props;
    const { token, credentialVersion } = reading.state;
    const backOff = limits.backOffInForce(reading.state);
    if (next === 'vend' && token) return { token, credentialVersion, source: reading.source };
    if (next === 'mint without table') return await minting.withoutTable(call, reading);
    if (backOff) throw scopePolicy.recordedFailure(backOff, call.request, this.#nowMs);
    throw outOfTime();
  }

  #situation(call: VendCall, { state, table }: Reading, watch: LeaseWatch, pauseMs: number): Situation {
    const nowMs = this.#nowMs;
    const { keeper, limits } = this.#props;
    const left = limits.timeLeft(call, state);
    const isFreshNow = isFresh(state, call.demand, keeper.versionsInUse, nowMs);
    const isRenewalDue = isFreshNow && (nowMs >= state.token.renewAtMs || keeper.isTestDue);
    return {
      token: isFreshNow ? (isRenewalDue ? 'renewal due' : 'fresh') : 'none',
      table,
      isBackedOff: limits.backOffInForce(state) !== undefined,
      lease: watch.isFree(state.lease) ? 'free' : 'held',
      hasTimeToReadAndMint: left.toReadAndMintMs >= MAX_PAUSE_MS,
      hasTimeToMint: left.isEnoughToMint,
      hasTimeToWait: pauseMs < left.toWaitMs,
    };
  }

  /** While one call renews, the other calls of this instance are answered from memory. */
  #noteRenewal({ request }: VendCall, { state }: Reading): void {
    this.#props.memory.remember(request.key, state, { readAgainAtMs: this.#nowMs + READ_FOR_RENEWAL_EVERY_MS });
  }

  /**
   * Callers share a call only if `min_ttl` and rejected token are equal, because these decide which tokens are valid. A
   * caller that may request no new scope set shares its failure with no other caller.
   */
  #sharedKey(call: VendCall): string {
    const { request, demand, caller } = call;
    const limited = this.#props.limits.isLimited(call) ? caller : '';
    return [request.key, demand.minTtlMs, demand.rejectedTokenSha256, limited].join(' ');
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}
