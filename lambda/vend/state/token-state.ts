// What is known of one token, from memory or from the table, and the rules that say what it is good for. Pure: no I/O, no
// clock. Times are compared with an allowance for clocks that differ.

import { VendingError } from '../../errors.ts';
import type { Scopes } from '../../oauth/scopes.ts';
import type { Token } from '../../oauth/token.ts';
import { type BackOff, isInForce } from './back-off.ts';
import type { Lease } from './lease.ts';

/** `min_ttl` may be at most this part of a lifetime: it then costs four mints per lifetime, never one per request. */
const MAX_MIN_TTL_SHARE = 0.75;
const CLOCK_ALLOWANCE_MS = 1_000;
const MARGIN_MS = 30_000;
/** A lease or a back-off stays readable this long after its end, before TTL may take the item. */
const KEEP_SECONDS = 60;
/** A renewal that a rejected token forces is done once in this time. */
const FORCED_EVERY_MS = 30_000;

/** A version of the credential that the authorization server refused. */
export interface Refusal {
  readonly version: string;
  /** When the server was last asked with it. */
  readonly atSeconds: number;
}

export interface TokenState {
  readonly token?: Token | undefined;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion?: string | undefined;
  /** Of a newer version than that one. */
  readonly refusal?: Refusal | undefined;
  readonly backOff?: BackOff | undefined;
  /** The last renewal that a rejected token forced. */
  readonly forcedAtSeconds?: number | undefined;
  readonly lease?: Lease | undefined;
  /** Random, new at each publication and each recorded failure: what a writer compares. */
  readonly revision?: string | undefined;
}

type StateWithToken = TokenState & { readonly token: Token };

/** What a caller asks of a token besides its scopes. */
export interface Demand {
  /** The token must live at least this long. */
  readonly minTtlMs: number;
  /** SHA-256, lower-case hex, of a token that an API has just refused. */
  readonly rejectedTokenSha256: string | undefined;
}

/** A caller's request, as it was read. */
export interface VendRequest extends Demand {
  /** Undefined where the caller named none. */
  readonly scopes: Scopes | undefined;
}

export const NO_DEMAND: Demand = { minTtlMs: 0, rejectedTokenSha256: undefined };

export type TokenSource = 'memory' | 'table' | 'mint';

/** A token to be vended. */
export interface FoundToken {
  readonly token: Token;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion: string | undefined;
  readonly source: TokenSource;
}

export function foundIn({ token, credentialVersion }: StateWithToken, source: TokenSource): FoundToken {
  return { token, credentialVersion, source };
}

/** A token may be vended: it is not expired, not the rejected one, and lives long enough. */
export function isValid(token: Token | undefined, demand: Demand, nowMs: number): token is Token {
  return (
    token !== undefined &&
    nowMs + allowanceMs(token, CLOCK_ALLOWANCE_MS) < token.expiresAtMs &&
    // whole seconds, as the caller reads them
    Math.floor((token.expiresAtMs - nowMs) / 1000) * 1000 >= demand.minTtlMs &&
    !isRejected(token, demand)
  );
}

/**
 * Until when a valid token can be vended instead of a better one, if a wait or a mint brings none: a second before it
 * ceases to be valid, which is enough to give the lease back. Infinity where there is no valid token.
 */
export function vendableUntilMs({ token }: TokenState, demand: Demand, nowMs: number): number {
  if (!isValid(token, demand, nowMs)) return Number.POSITIVE_INFINITY;
  return token.expiresAtMs - 2 * allowanceMs(token, CLOCK_ALLOWANCE_MS);
}

/** A token needs no successor yet: it is valid, before its margin, and of a credential that is in use. */
export function isFresh(
  state: TokenState | undefined,
  demand: Demand,
  currentVersion: string | undefined,
  nowMs: number,
): state is StateWithToken {
  if (state === undefined || currentVersion === undefined || !isValid(state.token, demand, nowMs)) return false;
  const isOfUsedCredential =
    state.credentialVersion === currentVersion ||
    state.refusal?.version === currentVersion ||
    isInForce(state.backOff, currentVersion, nowMs);
  return isOfUsedCredential && nowMs + allowanceMs(state.token, MARGIN_MS) < state.token.expiresAtMs;
}

function isRejected(token: Token, demand: Demand): boolean {
  return demand.rejectedTokenSha256 !== undefined && demand.rejectedTokenSha256 === token.sha256;
}

/** Whether only the report of a rejected token asks for a renewal. */
export function isForced({ token }: TokenState, demand: Demand, nowMs: number): boolean {
  return token !== undefined && isRejected(token, demand) && isValid(token, NO_DEMAND, nowMs);
}

/**
 * The fleet's limit on renewals that rejected tokens force.
 * @throws VendingError `slow_down`
 */
export function assertNotForcedTooFast(state: TokenState, demand: Demand, nowMs: number): void {
  const nextAtMs = (state.forcedAtSeconds ?? 0) * 1000 + FORCED_EVERY_MS;
  if (!isForced(state, demand, nowMs) || nowMs >= nextAtMs) return;
  throw new VendingError('slow_down', 'a renewal was forced a moment ago', {
    retryAfterSeconds: (nextAtMs - nowMs) / 1000,
  });
}

/** @throws VendingError `invalid_request` that names the most that `min_ttl` may be */
export function assertMinTtlFits({ token }: TokenState, demand: Demand, nowMs: number): void {
  // An expired token says nothing of the lifetimes of today.
  if (!isValid(token, NO_DEMAND, nowMs)) return;
  const maxMs = Math.floor((token.lifetimeMs * MAX_MIN_TTL_SHARE) / 1000) * 1000;
  if (demand.minTtlMs <= maxMs) return;
  throw new VendingError('invalid_request', `min_ttl may be at most ${maxMs / 1000} for this token`);
}

/** At most a tenth of the lifetime, so that a short-lived token is usable at all. */
function allowanceMs(token: Token, maxMs: number): number {
  return Math.min(maxMs, token.lifetimeMs / 10);
}

/** Whether the demand is refused, not a mint that failed. */
export function isDemandRefused(failure: unknown): boolean {
  return failure instanceof VendingError && (failure.code === 'invalid_request' || failure.code === 'slow_down');
}

/** The token's own end; while a lease or back-off outlasts it, theirs and a minute. */
export function ttlSeconds({ token }: TokenState, untilSeconds: number): number {
  const tokenEndSeconds = Math.floor((token?.expiresAtMs ?? 0) / 1000);
  return tokenEndSeconds > untilSeconds ? tokenEndSeconds : Math.ceil(untilSeconds) + KEEP_SECONDS;
}
