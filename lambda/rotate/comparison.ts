// The test of a candidate. For every profile that uses the credential, the candidate and the current credential each
// obtain a real token. The candidate must be granted every scope that the current one is granted, in the same tenant.

import type { Clock } from '../clock.ts';
import { type ErrorCode, TRANSIENT, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import { printable, Scopes } from '../oauth/scopes.ts';
import type { Token } from '../oauth/token.ts';
import type { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { COMPARISON_LIMIT_MS } from '../time-limits.ts';
import type { RotationFile } from './settings.ts';

export interface ComparisonProps {
  /** The profiles by name, each with its allow-list. */
  readonly profiles: RotationFile['profiles'];
  /** The only tenant whose tokens are vended. @default the tenant of the current credential's token */
  readonly tenant?: string | undefined;
  readonly tokenEndpoint: Pick<TokenEndpoint, 'mint'>;
  readonly clock: Clock;
}

/** An allow-list, and the profiles that have it. */
interface AllowList {
  /** The names of the profiles, as errors print them. */
  readonly label: string;
  /** The allowed scopes. Undefined: all scopes of the credential. */
  readonly scopes: Scopes | undefined;
}

interface Problem {
  readonly code: ErrorCode;
  readonly text: string;
}

/** If the current credential fails like this, callers get no token of it, and can't lose any. */
const GRANTS_NOTHING: ReadonlySet<ErrorCode> = new Set(['credential_refused', 'invalid_scope']);

export class Comparison {
  readonly #props: ComparisonProps;

  constructor(props: ComparisonProps) {
    this.#props = props;
  }

  /**
   * @param current if it is undefined, there is nothing to compare with, and the whole allow-lists must be granted
   * @throws VendingError that names the profiles and scopes that failed, or says that the test could not be made
   */
  async run(candidate: Credential, current: Credential | undefined): Promise<void> {
    const problems: Problem[] = [];
    for (const allowList of allowListsOf(this.#props.profiles)) {
      const [ofCandidate, ofCurrent] = await Promise.all([
        this.#mint(candidate, allowList),
        current && this.#mint(current, allowList),
      ]);
      problems.push(...this.#problems(allowList, ofCandidate, ofCurrent));
    }
    const [first] = problems;
    if (first === undefined) return;
    throw new VendingError(first.code, `the candidate fails: ${problems.map(({ text }) => text).join('; ')}`);
  }

  async #mint(credential: Credential, { scopes }: AllowList): Promise<Token | VendingError> {
    const { clock, tokenEndpoint } = this.#props;
    try {
      const deadlineMs = clock.nowMs() + COMPARISON_LIMIT_MS;
      return (await tokenEndpoint.mint(credential, scopes, deadlineMs)).token;
    } catch (error) {
      if (error instanceof VendingError) return error;
      throw error;
    }
  }

  /** @throws VendingError if no further profile needs to be tried */
  #problems(
    allowList: AllowList,
    ofCandidate: Token | VendingError,
    ofCurrent: Token | VendingError | undefined,
  ): Problem[] {
    if (ofCandidate instanceof VendingError) {
      if (ofCandidate.code === 'credential_refused') throw failure('the authorization server refused it', ofCandidate);
      if (TRANSIENT.has(ofCandidate.code)) throw notTested(allowList, 'the candidate', ofCandidate);
      const scopes = ofCandidate.code === 'invalid_scope' && allowList.scopes ? `: ${allowList.scopes}` : '';
      return [{ code: ofCandidate.code, text: `${allowList.label}: ${ofCandidate.message}${scopes}` }];
    }
    if (ofCurrent instanceof VendingError) {
      if (!GRANTS_NOTHING.has(ofCurrent.code)) throw notTested(allowList, 'the current credential', ofCurrent);
      return this.#compare(allowList, ofCandidate, undefined);
    }
    return this.#compare(allowList, ofCandidate, ofCurrent);
  }

  #compare({ label, scopes: allowed }: AllowList, ofCandidate: Token, ofCurrent: Token | undefined): Problem[] {
    const granted = ofCandidate.scopes ?? Scopes.of([]);
    const required = ofCurrent ? allowedPart(ofCurrent.scopes ?? Scopes.of([]), allowed) : (allowed ?? Scopes.of([]));
    const problems: Problem[] = [];
    const add = (code: ErrorCode, text: string) => problems.push({ code, text: `${label}: ${text}` });

    if (this.#props.tenant !== undefined && ofCandidate.tenant !== this.#props.tenant) {
      add('wrong_tenant', `its token is not of tenant ${this.#props.tenant}`);
    } else if (this.#props.tenant === undefined && ofCurrent && ofCandidate.tenant !== ofCurrent.tenant) {
      add('wrong_tenant', "its token is of another tenant than the current credential's");
    }
    const missing = required.missingFrom(granted);
    if (missing.length > 0) add('invalid_scope', `not granted: ${missing.map(printable).join(' ')}`);
    const excess = allowed ? granted.missingFrom(allowed) : [];
    if (excess.length > 0)
      add('too_much_granted', `granted, but not allowed by the profile: ${excess.map(printable).join(' ')}`);
    return problems;
  }
}

/** Profiles with the same allow-list are tested with one token, because some servers limit the number of tokens. */
function allowListsOf(profiles: ComparisonProps['profiles']): AllowList[] {
  const names = new Map<string, string[]>();
  const lists = new Map<string, Scopes | undefined>();
  for (const [name, { scopes }] of Object.entries(profiles)) {
    const allowed = scopes && Scopes.of(scopes);
    const key = allowed?.toString() ?? '';
    lists.set(key, allowed);
    names.set(key, [...(names.get(key) ?? []), name]);
  }
  // If no profile uses the credential yet, the server must at least accept the credential.
  if (lists.size === 0) return [{ label: 'without a profile', scopes: undefined }];
  return [...lists].map(([key, scopes]) => {
    const sharing = names.get(key) ?? [];
    return { label: `profile${sharing.length > 1 ? 's' : ''} ${sharing.join(', ')}`, scopes };
  });
}

/** The granted scopes that the allow-list has. Others are never vended, so no caller can lose them. */
function allowedPart(granted: Scopes, allowed: Scopes | undefined): Scopes {
  return allowed ? Scopes.of(granted.list.filter((scope) => allowed.list.includes(scope))) : granted;
}

function failure(problem: string, { code, systemCode }: VendingError): VendingError {
  return new VendingError(code, `the candidate fails: ${problem}`, { systemCode });
}

function notTested(
  { label }: AllowList,
  credential: string,
  { code, message, retryAfterSeconds, systemCode }: VendingError,
): VendingError {
  const advice = TRANSIENT.has(code) ? 'start the rotation again later' : 'see docs/rotation.md';
  return new VendingError(code, `${label} could not be tested with ${credential}: ${message}; ${advice}`, {
    retryAfterSeconds,
    systemCode,
  });
}
