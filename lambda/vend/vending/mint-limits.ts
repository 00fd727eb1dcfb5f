// What limits mints: the time of the request, back-offs, and how often something may be minted.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import { MINT_LIMIT_MS } from '../../time-limits.ts';
import { type BackOff, isInForce } from '../state/back-off.ts';
import {
  assertNotForcedTooFast,
  assertNotMintedForMinTtlLately,
  type Demand,
  type Patience,
  patience,
  type TokenState,
} from '../state/token-state.ts';
import type { CredentialKeeper } from './credential-keeper.ts';
import { FailingScopeSets } from './failing-scope-sets.ts';
import type { ScopeRequest } from './scope-policy.ts';
import { TimeLeft } from './time-left.ts';
import type { TokenMemory } from './token-memory.ts';

/** Without the table, an instance mints once in this time for each key. */
const MINT_WITHOUT_TABLE_EVERY_MS = 10_000;
/** A request for a token, with the deadline of its answer. */
export interface VendCall {
  readonly request: ScopeRequest;
  readonly demand: Demand;
  readonly startedAtMs: number;
  readonly deadlineMs: number;
  /** The principal that asks. Failing scope sets are limited for each. */
  readonly caller: string;
}

export interface MintLimitsProps {
  readonly memory: TokenMemory;
  readonly keeper: CredentialKeeper;
  readonly source: Pick<CredentialSource, 'assertMayMint'>;
  readonly clock: Clock;
}

export class MintLimits {
  readonly #props: MintLimitsProps;
  readonly #failingScopeSets = new FailingScopeSets();

  constructor(props: MintLimitsProps) {
    this.#props = props;
  }

  /** Whether this caller may request no new scope set now. Other callers must not share its failure. */
  isLimited({ caller, request }: VendCall): boolean {
    return this.#failingScopeSets.isOverLimit(caller, request.key, this.#nowMs);
  }

  /** The back-off in force, of the token or of its credential. */
  backOffInForce({ backOff }: TokenState): BackOff | undefined {
    const { keeper } = this.#props;
    return isInForce(backOff, keeper.version, this.#nowMs) ? backOff : keeper.backOffInForce;
  }

  /** @param isPatient whether a caller waits for a whole mint, although its token has much of its lifetime left */
  timeLeft(call: VendCall, state: TokenState, nowMs = this.#nowMs, isPatient = false): TimeLeft {
    return new TimeLeft(nowMs, call.deadlineMs, this.patience(call, state, isPatient));
  }

  /** How long the caller waits for a better token than its valid one. Undefined: it has none. */
  patience({ demand, startedAtMs }: VendCall, state: TokenState, isPatient = false): Patience | undefined {
    const versionsInUse = isPatient ? [] : this.#props.keeper.versionsInUse;
    return patience(state, demand, versionsInUse, { startedAtMs, nowMs: this.#nowMs });
  }

  assertMayMint({ caller, request, demand }: VendCall, state: TokenState): void {
    this.#props.source.assertMayMint();
    assertNotForcedTooFast(state, demand, this.#nowMs);
    assertNotMintedForMinTtlLately(state, demand, this.#nowMs);
    if (isNew(request, state)) this.#failingScopeSets.assertFew(caller, request.key, this.#nowMs);
  }

  assertMayMintWithoutTable(call: VendCall, state: TokenState): void {
    const { mintedWithoutTableAtMs = Number.NEGATIVE_INFINITY } = this.#props.memory.get(call.request.key) ?? {};
    const waitMs = mintedWithoutTableAtMs + MINT_WITHOUT_TABLE_EVERY_MS - this.#nowMs;
    if (waitMs > 0) {
      const problem = 'the token table is out of reach, and the authorization server was asked a moment ago';
      throw new VendingError('unavailable', problem, { retryAfterSeconds: waitMs / 1000 });
    }
    // A mint that the deadline or the end of a valid token cuts short would use up the only attempt in 10 s.
    if (this.timeLeft(call, state).toMintMs < MINT_LIMIT_MS) throw outOfTime();
    this.assertMayMint(call, state);
  }

  /** A mint failed. New scope sets that fail are limited. */
  noteFailure({ caller, request }: VendCall, state: TokenState, cause: unknown): void {
    if (isNew(request, state)) this.#failingScopeSets.add(caller, request.key, cause, this.#nowMs);
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}

/** Whether the caller named the scopes, and no token for them is known. */
function isNew({ isNamed }: ScopeRequest, { token }: TokenState): boolean {
  return isNamed && token === undefined;
}

export function outOfTime(): VendingError {
  const problem = 'another instance is obtaining this token; no time is left';
  return new VendingError('unavailable', problem, { retryAfterSeconds: 1 });
}
