// The state of one token, from memory or from the table, and the rules by which it is valid or fresh. There is no I/O
// and no clock here. Times are compared with an allowance, because clocks differ.

import type { SOURCES } from '../../../operating/metrics.ts';
import { VendingError } from '../../errors.ts';
import type { Scopes } from '../../oauth/scopes.ts';
import type { Token } from '../../oauth/token.ts';
import { MINT_LIMIT_MS, SHORT_WAIT_MS } from '../../time-limits.ts';
import type { BackOff } from './back-off.ts';
import type { Lease } from './lease.ts';

/**
 * `min_ttl` may be at most this part of a lifetime. So it causes at most four mints per lifetime, not one per request.
 */
const MAX_MIN_TTL_SHARE = 0.75;
const MINT_FOR_MIN_TTL_SHARE = 0.25;
const CLOCK_ALLOWANCE_MS = 1_000;
const MARGIN_MS = 30_000;
/** DynamoDB's TTL may delete an item this long after the end of its lease or back-off. */
const KEEP_SECONDS = 60;
/** A rejected token can force one renewal in this time. */
const FORCED_EVERY_MS = 30_000;

export interface TokenState {
  readonly token?: Token | undefined;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion?: string | undefined;
  readonly backOff?: BackOff | undefined;
  /** When a rejected token last forced a renewal. */
  readonly forcedAtSeconds?: number | undefined;
  readonly lease?: Lease | undefined;
  /** A random ID, new at each publication and each recorded failure. A writer compares it to find changes. */
  readonly revision?: string | undefined;
}

type StateWithToken = TokenState & { readonly token: Token };

/** A caller's demands on a token, besides its scopes. */
export interface Demand {
  /** The token must live at least this long. */
  readonly minTtlMs: number;
  /** The SHA-256, in lower-case hex, of a token that an API has just rejected. */
  readonly rejectedTokenSha256: string | undefined;
}

/** A caller's request. */
export interface VendRequest extends Demand {
  /** The requested scopes. Undefined if the caller named none. */
  readonly scopes: Scopes | undefined;
  /** The tenant that the token must be of. Undefined if the caller named none. */
  readonly tenant?: string | undefined;
  /** The principal that asks: a role or user, not a session. Undefined if it is not known. */
  readonly caller?: string | undefined;
}

export interface Patience {
  readonly isShort: boolean;
  readonly untilMs: number;
}

export const NO_DEMAND: Demand = { minTtlMs: 0, rejectedTokenSha256: undefined };

export type TokenSource = (typeof SOURCES)[number];

/** A token to be vended. */
export interface FoundToken {
  readonly token: Token;
  /** The Secrets Manager version that minted the token. */
  readonly credentialVersion: string | undefined;
  readonly source: TokenSource;
  /** How long its request waited for the lease of another instance. @default it didn't */
  readonly leaseWaitMs?: number;
}

export interface VendedToken extends FoundToken {
  /** Whether an older version of the credential than the current one minted the token. */
  readonly isOfReplacedCredential: boolean;
  /** `failing`: it is due, and the last attempt failed. */
  readonly renewal: 'not due' | 'due' | 'failing';
  /** The key of the token's item. */
  readonly key: string;
}

export function foundIn({ token, credentialVersion }: StateWithToken, source: TokenSource): FoundToken {
  return { token, credentialVersion, source };
}

export function withLeaseWait(found: FoundToken, leaseWaitMs: number): FoundToken {
  return leaseWaitMs === 0 ? found : { ...found, leaseWaitMs };
}

/** Whether a token may be vended: it is not expired, not the rejected one, and lives long enough. */
export function isValid(token: Token | undefined, demand: Demand, nowMs: number): token is Token {
  return (
    token !== undefined &&
    nowMs + allowanceMs(token, CLOCK_ALLOWANCE_MS) < token.expiresAtMs &&
    livesFor(token, demand, nowMs) &&
    !isRejected(token, demand)
  );
}

/**
 * How long a caller with a valid token waits for a better one. While more than a tenth of the lifetime is left, that is
 * short, unless the token's credential is replaced. A wait ends a second before the token's validity does, which leaves
 * time to give the lease back.
 * @param startedAtMs when the call began
 * @returns undefined if there is no valid token
 */
export function patience(
  { token, credentialVersion }: TokenState,
  demand: Demand,
  versionsInUse: readonly (string | undefined)[],
  { startedAtMs, nowMs }: { startedAtMs: number; nowMs: number },
): Patience | undefined {
  if (!isValid(token, demand, nowMs)) return undefined;
  const isShort = startedAtMs < ninthTenthMs(token) && versionsInUse.includes(credentialVersion);
  const validUntilMs = token.expiresAtMs - 2 * allowanceMs(token, CLOCK_ALLOWANCE_MS);
  const waitUntilMs = startedAtMs + (isShort ? SHORT_WAIT_MS : MINT_LIMIT_MS);
  return { isShort, untilMs: Math.min(validUntilMs, waitUntilMs) };
}

/** When nine tenths of a lifetime have passed. */
export function ninthTenthMs({ expiresAtMs, lifetimeMs }: Token): number {
  return expiresAtMs - lifetimeMs / 10;
}

/**
 * Whether a token can be vended without a new mint: it is valid, its end is further away than the margin, and its
 * credential is in use. A token that the server hands out until it ends has no margin.
 */
export function isFresh(
  state: TokenState | undefined,
  demand: Demand,
  versionsInUse: readonly (string | undefined)[],
  nowMs: number,
): state is StateWithToken {
  if (state === undefined || !isValid(state.token, demand, nowMs)) return false;
  if (state.credentialVersion === undefined || !versionsInUse.includes(state.credentialVersion)) return false;
  const marginMs = state.token.isRepeated ? 0 : allowanceMs(state.token, MARGIN_MS);
  return nowMs + marginMs < state.token.expiresAtMs;
}

function isRejected(token: Token, demand: Demand): boolean {
  return demand.rejectedTokenSha256 !== undefined && demand.rejectedTokenSha256 === token.sha256;
}

/** Whether a renewal would be made only because the token was reported as rejected. */
export function isForced({ token }: TokenState, demand: Demand, nowMs: number): boolean {
  return token !== undefined && isRejected(token, demand) && isValid(token, NO_DEMAND, nowMs);
}

/** Whether a token is there that would do for callers who demand nothing of it, but not for this demand. */
export function isUnfit({ token }: TokenState, demand: Demand, nowMs: number): boolean {
  return isValid(token, NO_DEMAND, nowMs) && !isValid(token, demand, nowMs);
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

/**
 * A server may hand out a token that lives shorter than its predecessor. The caller of `min_ttl` did nothing wrong then.
 * @throws VendingError `invalid_request`, which names the maximum of `min_ttl`
 */
export function assertMinTtlFits({ token }: TokenState, demand: Demand, nowMs: number): void {
  // The next token may have another lifetime than an expired one.
  if (!isValid(token, NO_DEMAND, nowMs)) return;
  const longestMs = Math.max(token.lifetimeMs, token.predecessorLifetimeMs);
  const maxMs = Math.floor((longestMs * MAX_MIN_TTL_SHARE) / 1000) * 1000;
  if (demand.minTtlMs <= maxMs) return;
  throw new VendingError('invalid_request', `min_ttl may be at most ${maxMs / 1000} for this token`);
}

/**
 * The limit on mints for the sake of `min_ttl`: one in a quarter of it, whatever the last mint brought.
 * @throws VendingError `unavailable`
 */
export function assertNotMintedForMinTtlLately({ token }: TokenState, demand: Demand, nowMs: number): void {
  if (!isValid(token, NO_DEMAND, nowMs) || livesFor(token, demand, nowMs)) return;
  const nextAtMs = token.mintedAtMs + demand.minTtlMs * MINT_FOR_MIN_TTL_SHARE;
  if (nowMs < nextAtMs) throw livesTooShort(nextAtMs - nowMs);
}

/** @throws VendingError `unavailable` if a token that was just minted lives shorter than `min_ttl` */
export function assertLivesFor(token: Token, demand: Demand, nowMs: number): void {
  if (!livesFor(token, demand, nowMs)) throw livesTooShort(demand.minTtlMs * MINT_FOR_MIN_TTL_SHARE);
}

function livesTooShort(retryAfterMs: number): VendingError {
  const problem = 'the authorization server hands out a token that lives shorter than min_ttl; the next one will do';
  return new VendingError('unavailable', problem, { retryAfterSeconds: retryAfterMs / 1000 });
}

/** The caller reads whole seconds. */
function livesFor(token: Token, demand: Demand, nowMs: number): boolean {
  return Math.floor((token.expiresAtMs - nowMs) / 1000) * 1000 >= demand.minTtlMs;
}

/** The allowance is at most a tenth of the lifetime, so that a short-lived token can be used. */
function allowanceMs(token: Token, maxMs: number): number {
  return Math.min(maxMs, token.lifetimeMs / 10);
}

/** Whether the caller's demand was refused. Otherwise a mint failed. */
export function isDemandRefused(failure: unknown): boolean {
  return failure instanceof VendingError && (failure.code === 'invalid_request' || failure.code === 'slow_down');
}

/**
 * When the item may be deleted: at the token's end, or a minute after the end of a lease or back-off that ends later.
 */
export function ttlSeconds({ token }: TokenState, untilSeconds: number): number {
  const tokenEndSeconds = Math.floor((token?.expiresAtMs ?? 0) / 1000);
  return tokenEndSeconds > untilSeconds ? tokenEndSeconds : Math.ceil(untilSeconds) + KEEP_SECONDS;
}
