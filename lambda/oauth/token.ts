// A token as the authorization server issued it. One parser makes it from a successful response (RFC 6749 §5.1), so a
// token without a value, a lifetime or the type Bearer can't exist. It prints as [redacted].

import { createHash } from 'node:crypto';
import { VendingError } from '../errors.ts';
import { INSPECT } from '../inspect.ts';
import { Scopes } from './scopes.ts';

/** The assumed lifetime if the server names none (RFC 6749 §5.1). Five minutes do little harm if it is wrong. */
const DEFAULT_LIFETIME_SECONDS = 300;
/** Ten years. Some servers name a lifetime that is longer than any date; it counts as this long. */
const MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600;

/**
 * A server that hands out one token until it ends may do so in its last second, and counts below zero if its own clocks
 * differ by this much at most.
 */
const MAX_OVERTIME_SECONDS = 60;

/** A token that is handed out again may end a little later than before, because servers count in whole seconds. */
const EXTENDED_BY_MS = 5_000;

/** A server's own fields may be nested this deep. JSON.stringify, which writes them for callers, has a limit as well. */
const MAX_DEPTH = 32;
/** Strict clients refuse an answer that has one of these without a value. */
const LEFT_OUT_IF_EMPTY: ReadonlySet<string> = new Set(['error', 'id_token']);

/** Each token's renewal point is drawn at random, so that tokens minted together are not renewed together. */
const RENEW_FROM = 0.75;
const RENEW_TO = 0.85;

/** The data of a token, which is also the form that is sealed. Times are seconds since the epoch, with milliseconds. */
export interface TokenParts {
  readonly access_token: string;
  readonly issued_at: number;
  readonly renew_at: number;
  readonly expires_at: number;
  /** The granted scopes in canonical form. Left out if the server named none and none were requested. */
  readonly scope?: string;
  readonly tenant?: string;
  /** The predecessor's lifetime in seconds, if that was longer. */
  readonly predecessor_lifetime?: number;
  /** When a mint last brought this same token again. It is there if the server hands out a token until it ends. */
  readonly repeated_at?: number;
  /** The other fields of the server's answer, as it sent them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export class Token {
  readonly #parts: TokenParts;
  readonly scopes: Scopes | undefined;
  #sha256: string | undefined;

  constructor(parts: TokenParts) {
    this.#parts = parts;
    this.scopes = parts.scope === undefined ? undefined : Scopes.of(parts.scope.split(' ').filter(Boolean));
  }

  get accessToken(): string {
    return this.#parts.access_token;
  }
  /** SHA-256 of the access token in lower-case hex. It identifies the token where that must not be shown. */
  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.accessToken).digest('hex');
    return this.#sha256;
  }
  get tenant(): string | undefined {
    return this.#parts.tenant;
  }
  get issuedAtMs(): number {
    return Math.round(this.#parts.issued_at * 1000);
  }
  get renewAtMs(): number {
    return Math.round(this.#parts.renew_at * 1000);
  }
  get expiresAtMs(): number {
    return Math.round(this.#parts.expires_at * 1000);
  }
  get lifetimeMs(): number {
    return this.expiresAtMs - this.issuedAtMs;
  }

  /** Whether the server hands out this token until it ends. */
  get isRepeated(): boolean {
    return this.#parts.repeated_at !== undefined;
  }
  /** When the last mint was made that brought this token. */
  get mintedAtMs(): number {
    return Math.round((this.#parts.repeated_at ?? this.#parts.issued_at) * 1000);
  }
  /** 0: the predecessor did not live longer, or is not known. */
  get predecessorLifetimeMs(): number {
    return (this.#parts.predecessor_lifetime ?? 0) * 1000;
  }

  /** This token, with another renewal point. */
  renewedAt(renewAtMs: number): Token {
    return new Token({ ...this.#parts, renew_at: renewAtMs / 1000 });
  }

  /**
   * This token as the successor of the one that was known before. If it is the same token, the server hands it out until
   * it ends: it is renewed then, and keeps its time of issue.
   */
  after(known: Token | undefined): Token {
    if (known === undefined) return this;
    const parts = this.#parts;
    if (known.accessToken !== this.accessToken) {
      if (known.lifetimeMs <= this.lifetimeMs) return this;
      return new Token({ ...parts, predecessor_lifetime: known.lifetimeMs / 1000 });
    }
    const isExtended = this.expiresAtMs > known.expiresAtMs + EXTENDED_BY_MS;
    return new Token({
      ...parts,
      issued_at: isExtended ? parts.issued_at : known.#parts.issued_at,
      renew_at: parts.expires_at,
      repeated_at: parts.issued_at,
      ...(known.predecessorLifetimeMs > 0 && { predecessor_lifetime: known.predecessorLifetimeMs / 1000 }),
    });
  }

  /** The data of the token. Only sealing may use it. */
  parts(): TokenParts {
    return this.#parts;
  }

  /** The response body (RFC 6749 §5.1): the server's own, with `expires_in` counted down and `scope` cleaned. */
  response(nowMs: number): Record<string, unknown> {
    const { access_token, scope, tenant, fields } = this.#parts;
    return {
      access_token,
      token_type: 'Bearer',
      expires_in: Math.max(0, Math.floor((this.expiresAtMs - nowMs) / 1000)),
      ...(scope !== undefined && { scope }),
      ...(tenant !== undefined && { tenant }),
      // A token that an earlier version of this code sealed may have a refresh token.
      ...withoutRefreshToken(fields),
    };
  }

  toJSON(): string {
    return '[redacted]';
  }
  [INSPECT](): string {
    return 'Token [redacted]';
  }
}

export interface TokenRequestFacts {
  /** When the token was requested. Its lifetime counts from here, because the server's own start can't be earlier. */
  readonly requestedAtMs: number;
  /** The requested scopes. An answer without `scope` grants exactly these (RFC 6749 §5.1). */
  readonly scopes: Scopes | undefined;
  /** Uniform in [0, 1). It determines the renewal point. */
  readonly random: number;
}

/**
 * Reads the body of a 200 of the token endpoint.
 * @returns the token, and whether the server named its lifetime
 * @throws VendingError `unusable_answer`, which names the field but never its value
 */
export function parseTokenResponse(body: unknown, facts: TokenRequestFacts): { token: Token; lifetimeNamed: boolean } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unusable('is not a JSON object');
  const { access_token, token_type, expires_in, scope, ...others } = body as Record<string, unknown>;
  const rest = withoutRefreshToken(others);
  // access-token = 1*VSCHAR (RFC 6749 appendix A.12). One of spaces can't be sent in a header.
  if (typeof access_token !== 'string' || !/^(?=.*[^ ])[\x20-\x7E]+$/.test(access_token))
    throw unusable('has no access_token');
  if (isDeeperThan(MAX_DEPTH, rest)) throw unusable('is nested too deeply');
  if (!isBearer(token_type)) throw unusable('has a token_type other than Bearer');
  const namedSeconds = parseLifetime(expires_in);
  const granted = parseScope(scope, facts.scopes);
  const issuedAt = facts.requestedAtMs / 1000;
  const lifetimeSeconds = namedSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const token = new Token({
    access_token,
    issued_at: issuedAt,
    // This is rounded up, because a token that lives for a few seconds has no time for an early renewal.
    renew_at: issuedAt + Math.ceil(lifetimeSeconds * (RENEW_FROM + (RENEW_TO - RENEW_FROM) * facts.random)),
    expires_at: issuedAt + lifetimeSeconds,
    ...(granted.scopes !== undefined && { scope: granted.scopes.toString() }),
    ...(granted.tenant !== undefined && { tenant: granted.tenant }),
    fields: fieldsToVend(rest, granted.tenant),
  });
  return { token, lifetimeNamed: namedSeconds !== undefined };
}

/** Reads a number or a numeric string, in seconds. Undefined if the server names none. */
function parseLifetime(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const isNumeric = typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value));
  const seconds = isNumeric ? Math.floor(Number(value)) : Number.NaN;
  if (seconds <= 0 && seconds >= -MAX_OVERTIME_SECONDS) {
    throw new VendingError('unavailable', 'the token has just ended', { retryAfterSeconds: 1 });
  }
  if (!(seconds >= 1)) throw unusable('has an expires_in that is no lifetime');
  return Math.min(seconds, MAX_LIFETIME_SECONDS);
}

/** Apigee's default is `BearerToken`. A type that is left out or empty is Bearer. */
function isBearer(type: unknown): boolean {
  if (type === undefined || type === null) return true;
  return typeof type === 'string' && /^\s*(bearer[ _-]?(token)?)?\s*$/i.test(type);
}

/** An answer without `scope` grants what was requested (RFC 6749 §5.1). */
function parseScope(
  scope: unknown,
  requested: Scopes | undefined,
): { scopes: Scopes | undefined; tenant: string | undefined } {
  if (scope === undefined || scope === null) return { scopes: requested, tenant: undefined };
  const isText = (value: unknown) => typeof value === 'string';
  if (isText(scope) || (Array.isArray(scope) && scope.every(isText))) return Scopes.parseGranted(scope, requested);
  throw unusable('has a scope that is no text');
}

/** A refresh token could be used without this service, and this grant has none (RFC 6749 §4.4.3). */
function withoutRefreshToken(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isRefreshToken = (name: string) => /^refreshtoken$/i.test(name.replace(/[\W_]/g, ''));
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !isRefreshToken(name)));
}

/** A field `tenant` must not contradict the tenant entry among the scopes, because that entry is the one checked. */
function fieldsToVend(fields: Record<string, unknown>, tenant: string | undefined): Record<string, unknown> {
  const isLeftOut = (name: string, value: unknown) =>
    name === 'tenant' ? tenant !== undefined : LEFT_OUT_IF_EMPTY.has(name) && !value;
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !isLeftOut(name, value)));
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

function unusable(problem: string): VendingError {
  return new VendingError('unusable_answer', `the authorization server's answer ${problem}`);
}
