// Scopes as a set (RFC 6749 §3.3): order and repeats don't matter. Emporix writes a literal `scope=` before the list
// and puts a `tenant=NAME` entry first or last; neither is a scope. Callers may send both as well.

import { VendingError } from '../errors.ts';

/** scope-token = 1*( %x21 / %x23-5B / %x5D-7E ): printable ASCII without space, quote and backslash. */
const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;
const TENANT = 'tenant=';
/** A longer scope is not printed. */
const MAX_PRINTED_CHARACTERS = 100;

export class Scopes {
  /** The scopes, without repeats, sorted by code unit. */
  readonly list: readonly string[];

  private constructor(tokens: Iterable<string>) {
    this.list = [...new Set(tokens)].sort();
  }

  static of(tokens: Iterable<string>): Scopes {
    return new Scopes(tokens);
  }

  /**
   * Reads the scopes that a caller requests. Undefined if the value names none: it is empty, which counts as left out
   * (RFC 6749 §3.2), or it is only a tenant.
   * @throws VendingError `invalid_scope`
   */
  static parse(text: string): Scopes | undefined {
    if (text === '') return undefined;
    const { scopes } = scopesAndTenants(entriesOf(text));
    const isInvalid = scopes.some((token) => !SCOPE_TOKEN.test(token));
    if (isInvalid || text.trim() === '') {
      throw new VendingError(
        'invalid_scope',
        'scope must be a space-delimited list of printable ASCII without quotes and backslashes (RFC 6749 section 3.3)',
      );
    }
    return scopes.length === 0 ? undefined : new Scopes(scopes);
  }

  /**
   * Reads the tenant that a caller names among the scopes. Undefined if it names none.
   * @throws VendingError `invalid_scope`
   */
  static parseTenant(text: string): string | undefined {
    const [tenant, ...others] = scopesAndTenants(entriesOf(text)).tenants;
    if (tenant === undefined) return undefined;
    if (others.length > 0) throw new VendingError('invalid_scope', 'the scope names more than one tenant');
    if (!SCOPE_TOKEN.test(tenant)) {
      throw new VendingError(
        'invalid_scope',
        'an entry tenant= of the scope must name a tenant in printable ASCII without quotes and backslashes',
      );
    }
    return tenant;
  }

  /**
   * Reads the scopes that an authorization server granted, and the tenant if it names one. Some servers send a list, or
   * one text with commas or line feeds between the scopes.
   * @param requested a comma may belong to a scope, so it only separates scopes that were requested, or stand with a tenant
   * @throws VendingError `unusable_answer` if the server names several tenants, because no one knows whose token it is
   */
  static parseGranted(
    granted: string | readonly string[],
    requested: Scopes | undefined,
  ): { scopes: Scopes; tenant: string | undefined } {
    const requestedSet = new Set(requested?.list);
    const isKnown = (entry: string) => requestedSet.has(entry) || isTenant(entry);
    const entries = entriesOf([granted].flat().join(' ').replace(/\s+/g, ' ')).flatMap((entry) => {
      const parts = entry.split(',').filter((part) => part !== '');
      return !requestedSet.has(entry) && parts.some(isKnown) ? parts : [entry];
    });
    const { scopes, tenants } = scopesAndTenants(entries);
    const [tenant, ...others] = tenants;
    if (others.length > 0) {
      throw new VendingError('unusable_answer', "the authorization server's answer names more than one tenant");
    }
    return { scopes: new Scopes(scopes), tenant };
  }

  /** The scopes of this set that the other set lacks. */
  missingFrom(other: Scopes): string[] {
    const others = new Set(other.list);
    return this.list.filter((token) => !others.has(token));
  }

  /** The canonical form. It is sent to servers, and keys are derived from it. */
  toString(): string {
    return this.list.join(' ');
  }
}

/** A scope as an error or a log line may print it. A server may send anything; only scope syntax (RFC 6749 §3.3) is printed. */
export function printable(scope: string): string {
  if (scope.length > MAX_PRINTED_CHARACTERS) return '(too long)';
  return SCOPE_TOKEN.test(scope) ? scope : '(not scope syntax)';
}

function entriesOf(text: string): string[] {
  return text
    .replace(/^\s*scope=/, '')
    .split(' ')
    .filter((entry) => entry !== '');
}

function isTenant(entry: string): boolean {
  return entry.startsWith(TENANT);
}

/** Tells scopes and tenants apart. The tenants are without repeats. */
function scopesAndTenants(entries: readonly string[]): { scopes: string[]; tenants: ReadonlySet<string> } {
  const tenants = new Set(entries.filter(isTenant).map((entry) => entry.slice(TENANT.length)));
  return { scopes: entries.filter((entry) => !isTenant(entry)), tenants };
}
