// The test of a candidate: for every profile that uses the credential, the candidate and the current credential each
// obtain a real token. What the current one is granted, the candidate must be granted too, in the same tenant.

import type { Clock } from '../clock.ts';
import { type ErrorCode, TRANSIENT, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import { Scopes } from '../oauth/scopes.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { COMPARISON_LIMIT_MS } from '../time-limits.ts';
import type { RotationFile } from './settings.ts';

export interface ComparisonProps {
  /** By name, each with its allow-list. */
  readonly profiles: RotationFile['profiles'];
  /** The only tenant whose tokens are vended. @default the tenant of the current credential's token */
  readonly tenant?: string | undefined;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint'>;
  readonly clock: Clock;
}

/** A list of scopes that is requested, and the profiles that vend it. */
interface AllowList {
  readonly who: string;
  /** Undefined: whatever the credential has. */
  readonly allowed: Scopes | undefined;
}

interface Problem {
  readonly code: ErrorCode;
  readonly text: string;
}

/** With these, the current credential gives its callers nothing that could be lost. */
const GRANTS_NOTHING: ReadonlySet<ErrorCode> = new Set(['credential_refused', 'invalid_scope']);

export class Comparison {
  readonly #props: ComparisonProps;

  constructor(props: ComparisonProps) {
    this.#props = props;
  }

  /**
   * @param current undefined: there is none to compare with, and the whole allow-lists must be granted
   * @throws VendingError that names the profiles and scopes that failed, or says that the test could not be made
   */
  async run(candidate: Credential, current: Credential | undefined): Promise<void> {
    const problems: Problem[] = [];
    for (const allowList of allowListsOf(this.#props.profiles)) {
      const [offered, inUse] = await Promise.all([
        this.#mint(candidate, allowList),
        current && this.#mint(current, allowList),
      ]);
      problems.push(...this.#problems(allowList, offered, inUse));
    }
    const [first] = problems;
    if (first === undefined) return;
    throw new VendingError(first.code, `the candidate fails: ${problems.map(({ text }) => text).join('; ')}`);
  }

  async #mint(credential: Credential, { allowed }: AllowList): Promise<Token | VendingError> {
    const { clock, tokenEndpoint } = this.#props;
    try {
      const deadlineMs = clock.nowMs() + COMPARISON_LIMIT_MS;
      return (await tokenEndpoint.mint(credential, allowed, deadlineMs)).token;
    } catch (error) {
      if (error instanceof VendingError) return error;
      throw error;
    }
  }

  /** @throws VendingError where no further profile needs to be tried */
  #problems(allowList: AllowList, offered: Token | VendingError, inUse: Token | VendingError | undefined): Problem[] {
    if (offered instanceof VendingError) {
      if (offered.code === 'credential_refused') throw fails('the authorization server refused it', offered);
      if (TRANSIENT.has(offered.code)) throw notTested(allowList, 'the candidate', offered);
      const scopes = offered.code === 'invalid_scope' && allowList.allowed ? `: ${allowList.allowed}` : '';
      return [{ code: offered.code, text: `${allowList.who}: ${offered.message}${scopes}` }];
    }
    if (inUse instanceof VendingError) {
      if (!GRANTS_NOTHING.has(inUse.code)) throw notTested(allowList, 'the current credential', inUse);
      return this.#compare(allowList, offered, undefined);
    }
    return this.#compare(allowList, offered, inUse);
  }

  #compare({ who, allowed }: AllowList, offered: Token, inUse: Token | undefined): Problem[] {
    const granted = offered.scopes ?? Scopes.of([]);
    const owed = inUse ? within(inUse.scopes ?? Scopes.of([]), allowed) : (allowed ?? Scopes.of([]));
    const problems: Problem[] = [];
    const add = (code: ErrorCode, text: string) => problems.push({ code, text: `${who}: ${text}` });

    if (this.#props.tenant !== undefined && offered.tenant !== this.#props.tenant) {
      add('wrong_tenant', `its token is not of tenant ${this.#props.tenant}`);
    } else if (this.#props.tenant === undefined && inUse && offered.tenant !== inUse.tenant) {
      add('wrong_tenant', "its token is of another tenant than the current credential's");
    }
    const missing = owed.missingFrom(granted);
    if (missing.length > 0) add('invalid_scope', `not granted: ${printed(missing)}`);
    const beyond = allowed ? granted.missingFrom(allowed) : [];
    if (beyond.length > 0) add('too_much_granted', `granted, but not allowed by the profile: ${printed(beyond)}`);
    return problems;
  }
}

/** Profiles with the same list are tested with one token: some servers limit those hard. */
function allowListsOf(profiles: ComparisonProps['profiles']): AllowList[] {
  const names = new Map<string, string[]>();
  const lists = new Map<string, Scopes | undefined>();
  for (const [name, { scopes }] of Object.entries(profiles)) {
    const allowed = scopes && Scopes.of(scopes);
    const key = allowed?.toString() ?? '';
    lists.set(key, allowed);
    names.set(key, [...(names.get(key) ?? []), name]);
  }
  // A credential that no profile uses yet must at least be accepted.
  if (lists.size === 0) return [{ who: 'without a profile', allowed: undefined }];
  return [...lists].map(([key, allowed]) => {
    const sharing = names.get(key) ?? [];
    return { who: `profile${sharing.length > 1 ? 's' : ''} ${sharing.join(', ')}`, allowed };
  });
}

/** What an allow-list lets through: more is never vended, so that nobody can miss it. */
function within(granted: Scopes, allowed: Scopes | undefined): Scopes {
  return allowed ? Scopes.of(granted.list.filter((scope) => allowed.list.includes(scope))) : granted;
}

/** A server may send anything as a scope; only what is scope syntax (RFC 6749 §3.3) is repeated. */
function printed(scopes: readonly string[]): string {
  return scopes.map((scope) => (/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(scope) ? scope : '(not scope syntax)')).join(' ');
}

function fails(what: string, { code, systemCode }: VendingError): VendingError {
  return new VendingError(code, `the candidate fails: ${what}`, { systemCode });
}

function notTested(
  { who }: AllowList,
  which: string,
  { code, message, retryAfterSeconds, systemCode }: VendingError,
): VendingError {
  const advice = TRANSIENT.has(code) ? 'start the rotation again later' : 'see docs/rotation.md';
  return new VendingError(code, `${who} could not be tested with ${which}: ${message}; ${advice}`, {
    retryAfterSeconds,
    systemCode,
  });
}
