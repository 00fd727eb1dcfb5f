// Which scopes a caller of this profile may have, what the authorization server is asked for, under which key the token
// is kept, and whether what was granted will do.

import { createHash } from 'node:crypto';
import { type ErrorCode, VendingError } from '../../errors.ts';
import { Scopes } from '../../oauth/scopes.ts';
import type { Token } from '../../oauth/token.ts';
import type { Settings } from '../settings.ts';
import type { BackOff } from '../state/back-off.ts';

export interface ScopeRequest {
  /** The token's key: profile name, `#`, base64url(SHA-256(the policy and the canonical scopes)). */
  readonly key: string;
  /** What the authorization server is asked for. Undefined: whatever the credential has. */
  readonly scopes: Scopes | undefined;
  /** Whether the caller named them: then all must be granted. */
  readonly isNamed: boolean;
}

/** Whatever decides what a token may be. */
export type Policy = Pick<Settings, 'profile' | 'credential' | 'tokenEndpoint' | 'parameters' | 'tenant' | 'scopes'>;

interface FailureDetails {
  /** Indexes, in the canonical list, of the scopes that were not granted. */
  readonly missing?: readonly number[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** Changes when the hashed list changes, so that two versions of the code never read each other's keys. */
const KEY_FORMAT = 2;

export class ScopePolicy {
  readonly #profile: string;
  readonly #allowed: Scopes | undefined;
  readonly #tenant: string | undefined;
  /** All but the scopes, so that a deploy that changes one of these finds no token minted before it. */
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
   * @param named what the caller named; undefined: nothing
   * @throws VendingError `invalid_scope` that names what the profile doesn't allow
   */
  request(named: Scopes | undefined): ScopeRequest {
    if (named === undefined) return { key: this.#key(undefined), scopes: this.#allowed, isNamed: false };
    const forbidden = this.#allowed ? named.missingFrom(this.#allowed) : [];
    if (forbidden.length > 0) {
      throw new VendingError('invalid_scope', `not allowed by profile ${this.#profile}: ${forbidden.join(' ')}`);
    }
    return { key: this.#key(named), scopes: named, isNamed: true };
  }

  /**
   * Compares what was granted with what was requested. Emporix leaves a scope that the credential lacks out of a 200
   * without a word.
   * @returns the scopes of an allow-list that were not granted; the granted part is vended
   * @throws VendingError `invalid_scope`, `wrong_tenant`, `nothing_granted`, `too_much_granted`
   */
  assertGranted(token: Token, request: ScopeRequest): string[] {
    const granted = token.scopes ?? Scopes.of([]);
    if (this.#tenant !== undefined && token.tenant !== this.#tenant) throw this.failure('wrong_tenant', request);
    if (this.#allowed && granted.missingFrom(this.#allowed).length > 0) throw this.failure('too_much_granted', request);
    const missing = request.scopes?.missingFrom(granted) ?? [];
    if (missing.length === 0) return missing;
    if (request.isNamed) {
      const indexes = missing.map((scope) => request.scopes?.list.indexOf(scope) ?? -1);
      throw this.failure('invalid_scope', request, { missing: indexes });
    }
    if (granted.list.length === 0) throw this.failure('nothing_granted', request);
    return missing;
  }

  /** What a failed mint tells a caller: the one whose request made it, or one that finds the record of it later. */
  failure(code: ErrorCode, request: ScopeRequest, details: FailureDetails = {}): VendingError {
    // If the caller named no list, and the server refuses the profile's, the operator has something to mend.
    const told = code === 'invalid_scope' && !request.isNamed ? 'nothing_granted' : code;
    return new VendingError(told, this.#describe(told, request, details), details);
  }

  /** What a back-off in force tells a caller. */
  recordedFailure({ error, missing, untilSeconds }: BackOff, request: ScopeRequest, nowMs: number): VendingError {
    return this.failure(error, request, { missing, retryAfterSeconds: untilSeconds - nowMs / 1000 });
  }

  #describe(code: ErrorCode, { scopes }: ScopeRequest, details: FailureDetails): string {
    switch (code) {
      case 'invalid_scope': {
        const missing = details.missing?.map((index) => scopes?.list[index]) ?? [];
        return missing.length > 0
          ? `not granted to the credential: ${missing.join(' ')}`
          : `the authorization server refused, alone or together: ${scopes}`;
      }
      case 'wrong_tenant':
        return `the credential's token is not of tenant ${this.#tenant}: configure the credential's own tenant, or put that tenant's credential`;
      case 'nothing_granted':
        return `the authorization server granted no scope of profile ${this.#profile}: assign them to the credential, or change the profile's scopes`;
      case 'too_much_granted':
        return `the authorization server granted more than profile ${this.#profile} allows: allow all of the credential's scopes, or use a credential with fewer`;
      default:
        return `the authorization server was asked a moment ago and failed (${code})`;
    }
  }

  #key(named: Scopes | undefined): string {
    const hashed = JSON.stringify([...this.#keyParts, named?.list ?? null]);
    return `${this.#profile}#${createHash('sha256').update(hashed).digest('base64url')}`;
  }
}
