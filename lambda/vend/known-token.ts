// What an instance knows of one token, from its memory or from the table, and the rules that say what it is good for
// (pure: no I/O, no clock). Times are compared with an allowance for clocks that differ.

import { VendingError } from '../errors.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenSource } from '../telemetry.ts';
import { type BackOff, isInForce } from './back-off.ts';
import type { VendRequest } from './vend-request.ts';

/** `min_ttl` may be at most this part of a lifetime: it then costs four mints per lifetime, never one per request. */
const MIN_TTL_SHARE = 0.75;
const CLOCK_ALLOWANCE_MS = 1_000;
const MARGIN_MS = 30_000;
/** A lease or a back-off stays readable this long after its end, before TTL may take the item. */
const KEEP_SECONDS = 60;
/** A renewal that a rejected token forces is done once in this time. */
const FORCED_EVERY_MS = 30_000;

export interface KnownToken {
  readonly token?: Token | undefined;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion?: string | undefined;
  /** A newer version that the authorization server has refused, and when it was last asked. */
  readonly refusedVersion?: string | undefined;
  readonly refusedAtSeconds?: number | undefined;
  readonly backOff?: BackOff | undefined;
  /** The last renewal that a rejected token forced. */
  readonly forcedAtSeconds?: number | undefined;
}

/** A version of the credential that the authorization server does not accept. */
export interface Refusal {
  readonly version: string;
  readonly atSeconds: number;
}

export type TokenDemand = Pick<VendRequest, 'minTtlMs' | 'rejectedTokenSha256'>;

/** A known token, with where it is known from. */
export interface TokenFound {
  readonly token: Token;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion: string | undefined;
  readonly source: TokenSource;
}

export function foundIn(known: KnownToken & { token: Token }, source: TokenSource): TokenFound {
  return { token: known.token, credentialVersion: known.credentialVersion, source };
}

/** What a caller who asks for nothing in particular is content with. */
export const NO_DEMAND: TokenDemand = { minTtlMs: 0, rejectedTokenSha256: undefined };

/** A token may be vended: not expired, not the rejected one, living long enough. */
export function isValid(token: Token | undefined, demand: TokenDemand, nowMs: number): token is Token {
  return (
    token !== undefined &&
    nowMs + allowanceMs(token, CLOCK_ALLOWANCE_MS) < token.expiresAtMs &&
    // whole seconds, as the caller reads them
    Math.floor((token.expiresAtMs - nowMs) / 1000) * 1000 >= demand.minTtlMs &&
    !isRejected(token, demand)
  );
}

/**
 * Until when a wait or a mint may be tried that might better a valid token: a second before it ends to be valid, which is
 * enough to give the lease back.
 */
export function triableUntilMs(token: Token): number {
  return token.expiresAtMs - 2 * allowanceMs(token, CLOCK_ALLOWANCE_MS);
}

/** A token needs no successor yet: valid, before its margin, and of a credential that is in use. */
export function isFresh(
  known: KnownToken | undefined,
  demand: TokenDemand,
  currentVersion: string | undefined,
  nowMs: number,
): known is KnownToken & { token: Token } {
  if (known === undefined || currentVersion === undefined || !isValid(known.token, demand, nowMs)) return false;
  const ofUsedCredential =
    known.credentialVersion === currentVersion ||
    known.refusedVersion === currentVersion ||
    isInForce(known.backOff, currentVersion, nowMs);
  return ofUsedCredential && nowMs + allowanceMs(known.token, MARGIN_MS) < known.token.expiresAtMs;
}

function isRejected(token: Token, demand: TokenDemand): boolean {
  return demand.rejectedTokenSha256 !== undefined && demand.rejectedTokenSha256 === token.sha256;
}

/** Whether a renewal would be one that only the report of a rejected token asks for. */
export function isForced({ token }: KnownToken, demand: TokenDemand, nowMs: number): boolean {
  return token !== undefined && isRejected(token, demand) && isValid(token, NO_DEMAND, nowMs);
}

/**
 * The fleet's limit on renewals that rejected tokens force.
 * @throws VendingError `slow_down`
 */
export function refuseForcedTooFast(known: KnownToken, demand: TokenDemand, nowMs: number): void {
  const nextAtMs = (known.forcedAtSeconds ?? 0) * 1000 + FORCED_EVERY_MS;
  if (!isForced(known, demand, nowMs) || nowMs >= nextAtMs) return;
  throw new VendingError('slow_down', 'a renewal was forced a moment ago', {
    retryAfterSeconds: (nextAtMs - nowMs) / 1000,
  });
}

/** @throws VendingError `invalid_request` that names the most that `min_ttl` may be */
export function refuseExcessiveMinTtl({ token }: KnownToken, demand: TokenDemand, nowMs: number): void {
  // One that has ended says nothing of the lifetimes of today.
  if (!isValid(token, NO_DEMAND, nowMs) || demand.minTtlMs <= maxMinTtlMs(token)) return;
  throw new VendingError('invalid_request', `min_ttl may be at most ${maxMinTtlMs(token) / 1000} for this token`);
}

/** The most that `min_ttl` may be for a token of this lifetime. */
function maxMinTtlMs(token: Token): number {
  return Math.floor((token.lifetimeMs * MIN_TTL_SHARE) / 1000) * 1000;
}

/** At most a tenth of the lifetime, so that a short-lived token is usable at all. */
function allowanceMs(token: Token, mostMs: number): number {
  return Math.min(mostMs, token.lifetimeMs / 10);
}

/** Whether it is the demand that is refused, not a mint that failed. */
export function isDemandRefused(failure: unknown): boolean {
  return failure instanceof VendingError && (failure.code === 'invalid_request' || failure.code === 'slow_down');
}

export function refusalOf({ refusedVersion, refusedAtSeconds = 0 }: KnownToken): Refusal | undefined {
  return refusedVersion === undefined ? undefined : { version: refusedVersion, atSeconds: refusedAtSeconds };
}

/** The token's own end; while a lease or back-off outlasts it, theirs and a minute. */
export function ttlSeconds({ token }: KnownToken, untilSeconds: number): number {
  const tokenEndSeconds = Math.floor((token?.expiresAtMs ?? 0) / 1000);
  return tokenEndSeconds > untilSeconds ? tokenEndSeconds : Math.ceil(untilSeconds) + KEEP_SECONDS;
}
