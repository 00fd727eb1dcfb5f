// Reads the state of a token from the store, and at the same time the credential that opens it.

import type { Clock } from '../../clock.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { Token } from '../../oauth/token.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import { isValid, NO_DEMAND, type TokenState } from '../state/token-state.ts';
import { open } from '../store/seal.ts';
import type { StoredToken, TokenStore } from '../store/token-store.ts';
import type { Telemetry } from '../telemetry.ts';
import { attempt } from './attempt.ts';
import type { Situation } from './decision.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';
import type { TokenMemory } from './token-memory.ts';

/** The result of one read of the table and the credential. */
export interface Reading {
  readonly table: Situation['table'];
  readonly state: TokenState;
  /** The source of the token. */
  readonly source: 'memory' | 'table';
  readonly credential: Credential;
}

export interface TokenReaderProps {
  readonly memory: TokenMemory;
  readonly store: Pick<TokenStore, 'read' | 'isThrottled'>;
  readonly credentials: Pick<CredentialSource, 'current' | 'recheck' | 'ofVersion' | 'adopt'>;
  readonly scopePolicy: Pick<ScopePolicy, 'assertGranted'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export class TokenReader {
  readonly #props: TokenReaderProps;

  constructor(props: TokenReaderProps) {
    this.#props = props;
  }

  /**
   * Reads both, and remembers the state that the table holds.
   * @throws VendingError if there is no credential
   */
  async readTableAndCredential(request: ScopeRequest): Promise<Reading> {
    const { memory, credentials, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    const hasToken = isValid(memory.get(request.key)?.state.token, NO_DEMAND, startedAtMs);
    const [{ stored, failed }, current] = await Promise.all([
      this.#readTable(request),
      credentials.current(hasToken).catch((failure: unknown) => ({ failure })),
    ]);
    const read = 'failure' in current ? await this.#credentialThatSealed(stored, current.failure) : current;
    const { credential, isBehind } = await this.#recheck(read, stored, startedAtMs, hasToken);
    const remembered = memory.get(request.key)?.state ?? {};
    if (failed || isBehind) return { table: failed ?? 'away', state: remembered, source: 'memory', credential };
    const state = await this.#open(request, stored, credential);
    // If the table has lost the token, or never had it, the one in memory is used.
    if (!isValid(state.token, NO_DEMAND, clock.nowMs()) && isValid(remembered.token, NO_DEMAND, clock.nowMs())) {
      const { token, credentialVersion } = remembered;
      return { table: 'usable', state: { ...state, token, credentialVersion }, source: 'memory', credential };
    }
    memory.remember(request.key, state);
    return { table: 'usable', state, source: 'table', credential };
  }

  async #readTable({ key }: ScopeRequest) {
    const { store, telemetry } = this.#props;
    return await attempt<{ stored?: StoredToken | undefined; failed?: 'throttled' | 'away' }>(
      telemetry,
      'read',
      async () => ({ stored: await store.read(key) }),
      (error) => ({ failed: store.isThrottled(error) ? 'throttled' : 'away' }),
    );
  }

  /** If the secret holds no credential, the credential that sealed the stored token can still open and renew it. */
  async #credentialThatSealed(stored: StoredToken | undefined, failure: unknown): Promise<Credential> {
    const { credentials, telemetry } = this.#props;
    const version = stored?.credentialVersion;
    const credential = version === undefined ? undefined : await credentials.ofVersion(version);
    if (credential === undefined) throw failure;
    telemetry.credentialCheckFailed(failure);
    credentials.adopt(credential);
    return credential;
  }

  /**
   * Reads the credential again if the item is of another version, or records a refusal of this one.
   * @returns `isBehind`: the item is of a version that is unknown here, and Secrets Manager doesn't answer which one is
   * current. This instance's version may be a replaced one, and must not overwrite the item.
   */
  async #recheck(credential: Credential, stored: StoredToken | undefined, startedAtMs: number, hasToken: boolean) {
    const { credentials } = this.#props;
    let latest = credential;
    let isBehind = false;
    const version = stored?.credentialVersion;
    if (version !== undefined && version !== latest.version && stored?.refusal?.version !== latest.version) {
      const rechecked = await credentials.recheck(version, startedAtMs, hasToken);
      latest = rechecked.credential;
      isBehind = !rechecked.isConfirmed && version !== latest.version;
    }
    // The secret may have been corrected since the refusal was recorded.
    if (stored?.backOff?.error === 'credential_refused' && stored.backOff.version === latest.version) {
      latest = (await credentials.recheck(latest.version, startedAtMs, hasToken)).credential;
    }
    return { credential: latest, isBehind };
  }

  /** A token that was opened is checked like a minted one, so that no writer of the table can add scopes to a token. */
  async #open(request: ScopeRequest, stored: StoredToken | undefined, current: Credential): Promise<TokenState> {
    const { credentials, telemetry } = this.#props;
    if (stored === undefined) return {};
    const { sealed, credentialVersion, ...state } = stored;
    if (sealed === undefined || credentialVersion === undefined) return state;
    const sealedUnder =
      credentialVersion === current.version ? current : await credentials.ofVersion(credentialVersion);
    const token = sealedUnder && open(sealed, sealedUnder, request.key);
    if (token && this.#isAllowed(token, request)) return { ...state, token, credentialVersion };
    telemetry.sealNotOpened();
    return state;
  }

  #isAllowed(token: Token, request: ScopeRequest): boolean {
    try {
      this.#props.scopePolicy.assertGranted(token, request);
      return true;
    } catch {
      return false;
    }
  }
}
