// Reads the state of a token from the store, and at the same time what is known of the credential that opens it.

import type { Clock } from '../../clock.ts';
import type { Token } from '../../oauth/token.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import { isGone } from '../../secrets/secret-reader.ts';
import { isValid, NO_DEMAND, type TokenState } from '../state/token-state.ts';
import { open } from '../store/seal.ts';
import type { StoredToken, TokenStore } from '../store/token-store.ts';
import type { Telemetry } from '../telemetry.ts';
import { attempt } from './attempt.ts';
import type { CredentialKeeper } from './credential-keeper.ts';
import type { Situation } from './decision.ts';
import type { ScopePolicy, ScopeRequest } from './scope-policy.ts';
import type { TokenMemory } from './token-memory.ts';

/** The result of one read of the table and the credential. */
export interface Reading {
  readonly table: Situation['table'];
  readonly state: TokenState;
  /** The source of the token. */
  readonly source: 'memory' | 'table';
}

export interface TokenReaderProps {
  readonly memory: TokenMemory;
  readonly store: Pick<TokenStore, 'read' | 'isThrottled'>;
  readonly keeper: CredentialKeeper;
  readonly source: Pick<CredentialSource, 'ofVersion'>;
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
    const { memory, keeper, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    const [{ stored, failed }, credential] = await Promise.all([
      this.#readTable(request),
      keeper.check().catch((failure: unknown) => ({ failure })),
    ]);
    if (credential) await this.#adoptCredential(stored, credential.failure);
    const reason = this.#reasonToRecheck(stored);
    if (reason) await keeper.recheck(reason);
    const remembered = memory.get(request.key);
    // Other instances may know an accepted version that this one could not read.
    const isUnknown =
      keeper.shared.isThrottled && (!keeper.shared.isKnown || this.#reasonToRecheck(stored) !== undefined);
    const state = failed ?? (isUnknown ? 'throttled' : await this.#open(request, stored));
    if (typeof state === 'string') return { table: state, state: remembered?.state ?? {}, source: 'memory' };
    // If the table has lost the token, or never had it, the one in memory is used.
    if (!isValid(state.token, NO_DEMAND, clock.nowMs()) && remembered && this.#outlivesTable(remembered)) {
      const { token, credentialVersion } = remembered.state;
      return { table: 'usable', state: { ...state, token, credentialVersion }, source: 'memory' };
    }
    memory.remember(request.key, state, { learnedAtMs: startedAtMs });
    return { table: 'usable', state, source: 'table' };
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

  /** If no version is known, the one that sealed the stored token can still open and renew it. */
  async #adoptCredential(stored: StoredToken | undefined, failure: unknown): Promise<void> {
    const { keeper, source } = this.#props;
    const version = stored?.credentialVersion;
    if (version === undefined) throw failure;
    const credential = await source.ofVersion(version).catch(() => {
      throw failure;
    });
    keeper.adopt(credential);
  }

  /** Why the secret may have been replaced since it was read here: there is another version, or a refusal. */
  #reasonToRecheck({ credentialVersion, backOff }: StoredToken = {}): string | undefined {
    const { keeper } = this.#props;
    if (credentialVersion !== undefined && !keeper.versionsInUse.includes(credentialVersion)) return credentialVersion;
    return [backOff, keeper.state.backOff].find((recorded) => recorded?.error === 'credential_refused')?.error;
  }

  /** A token that the table has no more may have been removed, because it must not be vended. */
  #outlivesTable({ state, learnedAtMs }: { state: TokenState; learnedAtMs: number }): boolean {
    const { keeper, clock } = this.#props;
    const { token } = state;
    return (
      isValid(token, NO_DEMAND, clock.nowMs()) &&
      !keeper.shared.isRejected(token) &&
      !keeper.shared.isOutdated(learnedAtMs)
    );
  }

  /**
   * A token that was opened is checked like a minted one, so that no writer of the table can add scopes to a token.
   * @returns `away`: the item is of a version that can't be read now. It must not be overwritten, because this
   * instance's own version may be a replaced one.
   */
  async #open(request: ScopeRequest, stored: StoredToken | undefined): Promise<TokenState | 'away'> {
    const { keeper, memory, clock, telemetry } = this.#props;
    if (stored === undefined) return {};
    const { sealed, credentialVersion, ...state } = stored;
    if (sealed === undefined || credentialVersion === undefined) return state;
    try {
      const hasToken = isValid(memory.get(request.key)?.state.token, NO_DEMAND, clock.nowMs());
      const token = open(sealed, await keeper.ofVersion(credentialVersion, hasToken), request.key);
      if (token && this.#isAllowed(token, request)) return { ...state, token, credentialVersion };
    } catch (error) {
      if (!isGone(error)) return 'away';
    }
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
