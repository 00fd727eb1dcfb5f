// A token as the authorization server issued it, made by one parser from a successful response (RFC 6749 §5.1), so that
// a token without a value, a lifetime or a known type can't exist. It prints as [redacted].

import { createHash } from 'node:crypto';
import { VendingError } from '../errors.ts';
import { INSPECT } from '../inspect.ts';
import { Scopes } from './scopes.ts';

/** A lifetime where the server names none. RFC 6749 §5.1 leaves it to other means; five minutes do little harm. */
const DEFAULT_LIFETIME_SECONDS = 300;
/** Ten years. A longer lifetime is taken for a mistake in units. */
const MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600;

/** Renewal begins at a point that is drawn for each token, so that tokens minted together aren't renewed together. */
const RENEW_FROM = 0.75;
const RENEW_TO = 0.85;

/** What a token is made of, also as it is sealed. Times are seconds since the epoch, to the millisecond. */
export interface TokenParts {
  readonly access_token: string;
  readonly issued_at: number;
  readonly renew_at: number;
  readonly expires_at: number;
  /** Granted scopes, canonical. Left out: the server named none and none were asked for. */
  readonly scope?: string;
  readonly tenant?: string;
  /** The rest of the server's fields as it sent them. */
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
  /** SHA-256 of the access token, lower-case hex: names a token where it must not be shown. */
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

  /** For sealing, and only there. */
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
      ...fields,
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
  /** When the token was requested: its lifetime is counted from here, never from a later moment. */
  readonly requestedAtMs: number;
  /** The scopes requested; an answer without `scope` grants just those (RFC 6749 §5.1). */
  readonly scopes: Scopes | undefined;
  /** Uniform in [0, 1): places the renewal. */
  readonly random: number;
}

/**
 * Reads the body of a 200 of the token endpoint.
 * @returns the token, and whether the server named its lifetime
 * @throws VendingError `unusable_answer`, which names the field but never its value
 */
export function parseTokenResponse(body: unknown, facts: TokenRequestFacts): { token: Token; lifetimeNamed: boolean } {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw unusable('is not a JSON object');
  const { access_token, token_type, expires_in, scope, refresh_token, ...rest } = body as Record<string, unknown>;
  // access-token = 1*VSCHAR (RFC 6749 appendix A.12)
  if (typeof access_token !== 'string' || !/^[\x20-\x7E]+$/.test(access_token)) throw unusable('has no access_token');
  if (token_type !== undefined && token_type !== null && String(token_type).toLowerCase() !== 'bearer') {
    throw unusable('has a token_type other than Bearer');
  }
  if (scope !== undefined && scope !== null && typeof scope !== 'string') throw unusable('has a scope that is no text');
  const lifetimeSeconds = parseLifetime(expires_in);
  const granted = typeof scope === 'string' ? Scopes.parseGranted(scope) : { scopes: facts.scopes, tenant: undefined };
  const issuedAt = facts.requestedAtMs / 1000;
  const life = lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS;
  const token = new Token({
    access_token,
    issued_at: issuedAt,
    // Rounded up: a token of a few seconds has no time for a renewal ahead.
    renew_at: issuedAt + Math.ceil(life * (RENEW_FROM + (RENEW_TO - RENEW_FROM) * facts.random)),
    expires_at: issuedAt + life,
    ...(granted.scopes !== undefined && { scope: granted.scopes.toString() }),
    ...(granted.tenant !== undefined && { tenant: granted.tenant }),
    fields: { ...withoutTenant(rest, granted.tenant), ...withoutRefreshToken(refresh_token) },
  });
  return { token, lifetimeNamed: lifetimeSeconds !== undefined };
}

/** A number or a numeric string, in seconds; undefined where the server names none. */
function parseLifetime(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const numeric = typeof value === 'number' || (typeof value === 'string' && /^\d+(\.\d+)?$/.test(value));
  const seconds = numeric ? Math.floor(Number(value)) : Number.NaN;
  if (!(seconds >= 1 && seconds <= MAX_LIFETIME_SECONDS)) throw unusable('has an expires_in that is no lifetime');
  return seconds;
}

/** A field of that name must not contradict the entry among the scopes, which is the one that is checked. */
function withoutTenant(fields: Record<string, unknown>, tenant: string | undefined): Record<string, unknown> {
  const { tenant: _, ...others } = fields;
  return tenant === undefined ? fields : others;
}

/** A refresh token that isn't empty could be used without this service. */
function withoutRefreshToken(value: unknown): Record<string, unknown> {
  if (value === undefined) return {};
  return { refresh_token: value === null ? null : '' };
}

function unusable(what: string): VendingError {
  return new VendingError('unusable_answer', `the authorization server's answer ${what}`);
}
