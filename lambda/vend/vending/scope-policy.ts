// The rules for scopes: which ones a caller of this profile may request, which ones are requested from the
// authorization server, the key of their token, and whether the granted scopes are accepted.

import { createHash } from 'node:crypto';
import { type ErrorCode, VendingError } from '../../errors.ts';
import { printable, Scopes } from '../../oauth/scopes.ts';
import type { Token } from '../../oauth/token.ts';
import type { Settings } from '../settings.ts';
import type { BackOff } from '../state/back-off.ts';

export interface ScopeRequest {
  /** The token's key: profile name, `#`, base64url(SHA-256(the policy and the canonical scopes)). */
  readonly key: string;
  /** The scopes that are requested from the authorization server. Undefined: all scopes of the credential. */
  readonly scopes: Scopes | undefined;
  /** Whether the caller named the scopes. If so, all of them must be granted. */
  readonly isNamed: boolean;
}

/** The settings that determine which tokens may be vended. */
export type Policy = Pick<Settings, 'profile' | 'credential' | 'tokenEndpoint' | 'parameters' | 'tenant' | 'scopes'>;

interface FailureDetails {
  /** The indexes of the scopes that were not granted, in the canonical list of requested scopes. */
  readonly missing?: readonly number[] | undefined;
  /** The granted scopes outside the allow-list. Undefined if the failure was found in the table, which has no scopes. */
  readonly excess?: readonly string[];
  readonly retryAfterSeconds?: number | undefined;
}

/** The table holds no scope in clear, so that only the audit line of the failed mint names what is too much. */
const IN_LOG = ' (the log names it where the mint failed a moment ago)';

/** An error names at most this many scopes. */
const MAX_NAMED = 5;

/** It must change when the hashed list changes, so that two versions of the code never read each other's items. */
const KEY_FORMAT = 2;

export class ScopePolicy {
  readonly #profile: string;
  readonly #allowed: Scopes | undefined;
  readonly #tenant: string | undefined;
  /** The policy's part of each key. A deploy that changes one of these finds no token that was minted before it. */
  readonly #keyParts: readonly unknown[];

  constructor({ profile, credential, tokenEndpoint, parameters = {}, tenant, scopes }: Policy) {
    this.#profile = profile;
    this.#allowed = scopes && Scopes.of(scopes);
    this.#tenant = tenant;
    const sortedParameters = Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1));
    const allowed = this.#allowed?.list ?? null;
    this.#keyParts = [KEY_FORMAT, credential, tokenEndpoint, sortedParameters, tenant ?? null, allowed];
  }

  /**
   * @param named the scopes that the caller named. Undefined if it named none
   * @param tenant the tenant that the caller named. It is not part of the key, because each token is of one tenant
   * @throws VendingError `invalid_scope`, which names the tenant or the scopes that the profile doesn't allow
   */
  request(named: Scopes | undefined, tenant?: string): ScopeRequest {
    if (tenant !== undefined && this.#tenant !== undefined && tenant !== this.#tenant) {
      throw ofAnotherTenant(tenant, `profile ${this.#profile} vends tokens of another tenant`);
    }
    if (named === undefined) return { key: this.#key(undefined), scopes: this.#allowed, isNamed: false };
    const forbidden = this.#allowed ? named.missingFrom(this.#allowed) : [];
    if (forbidden.length > 0) {
      throw new VendingError('invalid_scope', `not allowed by profile ${this.#profile}: ${forbidden.join(' ')}`);
    }
    return { key: this.#key(named), scopes: named, isNamed: true };
  }

  /**
   * Compares the granted scopes with the requested ones. If the credential lacks a scope, Emporix answers 200 without
   * that scope and reports no error.
   * @returns the scopes of the allow-list that were not granted. The granted part is vended.
   * @throws VendingError `invalid_scope`, `wrong_tenant`, `nothing_granted`, `too_much_granted`
   */
  assertGranted(token: Token, request: ScopeRequest): string[] {
    const granted = token.scopes ?? Scopes.of([]);
    if (this.#tenant !== undefined && token.tenant !== this.#tenant) throw this.failure('wrong_tenant', request);
    const excess = this.#allowed ? granted.missingFrom(this.#allowed) : [];
    if (excess.length > 0) throw this.failure('too_much_granted', request, { excess });
    const missing = request.scopes?.missingFrom(granted) ?? [];
    if (missing.length === 0) return missing;
    if (request.isNamed) {
      const indexes = missing.map((scope) => request.scopes?.list.indexOf(scope) ?? -1);
      throw this.failure('invalid_scope', request, { missing: indexes });
    }
    if (granted.list.length === 0) throw this.failure('nothing_granted', request);
    return missing;
  }

  /**
   * Compares a token that is about to be vended with the tenant that its caller named.
   * @throws VendingError `invalid_scope`
   */
  assertOfTenant(token: Token, named: string | undefined): void {
    if (named === undefined || token.tenant === named) return;
    const fact =
      token.tenant === undefined
        ? "the authorization server names no tenant among the token's scopes"
        : 'the token is of another tenant';
    throw ofAnotherTenant(named, fact);
  }

  /** The error for a caller after a failed mint. It is the same for a caller that finds the recorded failure later. */
  failure(code: ErrorCode, request: ScopeRequest, details: FailureDetails = {}): VendingError {
    // If the server refuses the profile's own list, the operator must correct it.
    const codeForCaller = code === 'invalid_scope' && !request.isNamed ? 'nothing_granted' : code;
    return new VendingError(codeForCaller, this.#describe(codeForCaller, request, details), details);
  }

  /** The error for a caller while a back-off is in force. */
  recordedFailure({ error, missing, untilSeconds }: BackOff, request: ScopeRequest, nowMs: number): VendingError {
    return this.failure(error, request, { missing, retryAfterSeconds: untilSeconds - nowMs / 1000 });
  }

  #describe(code: ErrorCode, { scopes }: ScopeRequest, details: FailureDetails): string {
    switch (code) {
      case 'invalid_scope': {
        const missing = details.missing?.map((index) => scopes?.list[index]) ?? [];
        return missing.length > 0
          ? `not granted to the credential: ${missing.join(' ')}`
          : `the authorization server refused a request for: ${scopes}`;
      }
      case 'wrong_tenant':
        return `the credential's token is not of tenant ${this.#tenant}: configure the credential's own tenant, or use a credential of that tenant`;
      case 'nothing_granted':
        return `the authorization server granted no scope of profile ${this.#profile}${inBrackets(scopes?.list)}: assign them to the credential, or change the profile's scopes`;
      case 'too_much_granted':
        return `the authorization server granted more than profile ${this.#profile} allows${inBrackets(details.excess) || IN_LOG}: add it to the profile's scopes, or use a credential that lacks it`;
      default:
        return `the authorization server was asked a moment ago and failed (${code})`;
    }
  }

  #key(named: Scopes | undefined): string {
    const hashed = JSON.stringify([...this.#keyParts, named?.list ?? null]);
    return `${this.#profile}#${createHash('sha256').update(hashed).digest('base64url')}`;
  }
}

function ofAnotherTenant(named: string, fact: string): VendingError {
  return new VendingError('invalid_scope', `the scope names tenant ${named}, but ${fact}`);
}

/** The first scopes of a list and the number of the others, to be put after a noun. */
function inBrackets(scopes: readonly string[] = []): string {
  if (scopes.length === 0) return '';
  const others = scopes.length > MAX_NAMED ? ` and ${scopes.length - MAX_NAMED} more` : '';
  return ` (${scopes.slice(0, MAX_NAMED).map(printable).join(' ')}${others})`;
}
