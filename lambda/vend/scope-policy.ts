// Which scopes a caller of this profile may have, what is asked of the authorization server for them, under which key
// the token is kept, and whether what was granted will do.

import { createHash } from 'node:crypto';
import { type ErrorCode, VendingError } from '../errors.ts';
import { Scopes } from '../oauth/scopes.ts';
import type { Token } from '../oauth/token.ts';
import type { BackOff } from './back-off.ts';
import type { Settings } from './settings.ts';

export interface Wanted {
  /** The cache key: profile name, `#`, base64url(SHA-256(the policy and the canonical scopes)). */
  readonly pk: string;
  /** What the authorization server is asked for. Undefined: whatever the credential has. */
  readonly scopes: Scopes | undefined;
  /** Whether the caller named them: then all are owed. */
  readonly named: boolean;
}

interface FailureDetails {
  /** Places in the canonical list of the scopes that were not granted. */
  readonly missing?: readonly number[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

/** Whatever decides what a token may be. */
export type Policy = Pick<Settings, 'profile' | 'credential' | 'tokenEndpoint' | 'parameters' | 'tenant' | 'scopes'>;

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
    const sent = Object.entries(parameters).sort(([one], [other]) => (one < other ? -1 : 1));
    this.#keyParts = [KEY_FORMAT, credential, tokenEndpoint, sent, tenant ?? null, this.#allowed?.list ?? null];
  }

  /** @throws VendingError `invalid_scope` that names what the profile doesn't allow */
  wanted(named: Scopes | undefined): Wanted {
    if (named === undefined) {
      return { pk: this.#pk(undefined), scopes: this.#allowed, named: false };
    }
    const forbidden = this.#allowed ? named.missingFrom(this.#allowed) : [];
    if (forbidden.length > 0) {
      throw new VendingError('invalid_scope', `not allowed by profile ${this.#profile}: ${forbidden.join(' ')}`);
    }
    return { pk: this.#pk(named), scopes: named, named: true };
  }

  /**
   * Compares what was granted with what was wanted. Emporix leaves a scope that the credential lacks out of a 200
   * without a word.
   * @returns the scopes missing from a list left out, of which the granted part is vended
   * @throws VendingError `invalid_scope`, `wrong_tenant`, `nothing_granted`, `too_much_granted`
   */
  check(token: Token, wanted: Wanted): string[] {
    const granted = token.scopes ?? Scopes.of([]);
    if (this.#tenant !== undefined && token.tenant !== this.#tenant) throw this.failure('wrong_tenant', wanted);
    if (this.#allowed && granted.missingFrom(this.#allowed).length > 0) throw this.failure('too_much_granted', wanted);
    const missing = wanted.scopes?.missingFrom(granted) ?? [];
    if (missing.length === 0) return missing;
    if (wanted.named) {
      const places = missing.map((scope) => wanted.scopes?.list.indexOf(scope) ?? -1);
      throw this.failure('invalid_scope', wanted, { missing: places });
    }
    if (granted.list.length === 0) throw this.failure('nothing_granted', wanted);
    return missing;
  }

  /** What a mint that failed says to a caller: whoever tried it, or who met the record of it later. */
  failure(code: ErrorCode, wanted: Wanted, details: FailureDetails = {}): VendingError {
    // A server that refuses a list the caller never named leaves the operator something to mend.
    const told = code === 'invalid_scope' && !wanted.named ? 'nothing_granted' : code;
    return new VendingError(told, this.#describe(told, wanted, details), details);
  }

  /** What a back-off in force says to a caller. */
  recordedFailure({ error, missing, untilSeconds }: BackOff, wanted: Wanted, nowMs: number): VendingError {
    return this.failure(error, wanted, { missing, retryAfterSeconds: untilSeconds - nowMs / 1000 });
  }

  #describe(code: ErrorCode, wanted: Wanted, details: FailureDetails): string {
    switch (code) {
      case 'invalid_scope': {
        const missing = details.missing?.map((place) => wanted.scopes?.list[place]) ?? [];
        return missing.length > 0
          ? `not granted to the credential: ${missing.join(' ')}`
          : `the authorization server refused, alone or together: ${wanted.scopes}`;
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

  #pk(named: Scopes | undefined): string {
    const hashed = JSON.stringify([...this.#keyParts, named?.list ?? null]);
    return `${this.#profile}#${createHash('sha256').update(hashed).digest('base64url')}`;
  }
}
