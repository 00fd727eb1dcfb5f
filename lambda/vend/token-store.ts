// A token's state as an instance can know it: its memory, and the table whose tokens the credential opens. A table that
// fails is a miss, told to the telemetry and never to the caller.

import type { Clock } from '../clock.ts';
import { errorName } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import type { CredentialSource } from '../oauth/credential-source.ts';
import type { Token } from '../oauth/token.ts';
import type { TableOperation, Telemetry } from '../telemetry.ts';
import type { BackOff } from './back-off.ts';
import { isValid, type KnownToken, NO_DEMAND, refusalOf, ttlSeconds } from './known-token.ts';
import { LEASE_ALLOWANCE_MS } from './lease.ts';
import type { MemoryCache } from './memory-cache.ts';
import type { Minted } from './minter.ts';
import type { ScopePolicy, Wanted } from './scope-policy.ts';
import { open, seal } from './seal.ts';
import type { TokenItem } from './token-item.ts';
import { isThrottling, type TokenTable } from './token-table.ts';

/** What is known of a token, and when this instance may trouble the table or the server for it. */
export interface Remembered extends KnownToken {
  /** Past the renewal point: the table isn't looked at before. 0: at once. */
  readonly lookAgainAtMs: number;
  /** When it was last minted while the table was away. */
  readonly mintedWithoutTableAtMs?: number | undefined;
}

/** What one look at table and secret found. */
export interface Look {
  /** `busy`: it throttles. `away`: out of reach, or it holds what only a credential out of reach can open. */
  readonly table: 'usable' | 'busy' | 'away';
  readonly item: TokenItem | undefined;
  readonly known: KnownToken;
  /** Where the known token is from. */
  readonly source: 'memory' | 'table';
  readonly credential: Credential;
}

export interface TokenStoreProps {
  readonly memory: MemoryCache<Remembered>;
  readonly table: Pick<
    TokenTable,
    'read' | 'acquireLease' | 'releaseLease' | 'publish' | 'recordFailure' | 'recordThrottling' | 'readThrottling'
  >;
  readonly credentials: Pick<CredentialSource, 'checked' | 'current' | 'recheck' | 'ofVersion'>;
  /** The credential's name, whose back-off all its profiles share. */
  readonly credentialName: string;
  readonly scopes: Pick<ScopePolicy, 'check'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Uint8Array;
}

export class TokenStore {
  readonly #props: TokenStoreProps;

  constructor(props: TokenStoreProps) {
    this.#props = props;
  }

  remembered(pk: string): Remembered | undefined {
    return this.#props.memory.get(pk);
  }

  /** What was noted on an earlier occasion stays, but for what is given. */
  remember(
    pk: string,
    known: KnownToken,
    notes: Partial<Pick<Remembered, 'lookAgainAtMs' | 'mintedWithoutTableAtMs'>> = {},
  ): void {
    const before = this.#props.memory.get(pk);
    const { mintedWithoutTableAtMs, lookAgainAtMs = 0 } = { ...before, ...notes };
    this.#props.memory.set(pk, { ...known, lookAgainAtMs, mintedWithoutTableAtMs });
  }

  /** The current credential's version, where it needs no check now. */
  get checkedVersion(): string | undefined {
    return this.#props.credentials.checked?.version;
  }

  isReplaced(version: string | undefined): boolean {
    const current = this.checkedVersion;
    return current !== undefined && version !== undefined && version !== current;
  }

  /**
   * Reads item and credential side by side, and remembers what the table says.
   * @throws VendingError where there is no credential
   */
  async look(wanted: Wanted): Promise<Look> {
    const { pk } = wanted;
    const { table, credentials, clock } = this.#props;
    const startedAtMs = clock.nowMs();
    const without = (error: unknown) => (isThrottling(error) ? 'busy' : 'away');
    const [read, current] = await Promise.all([
      this.#attempt('read', async () => ({ item: await table.read(pk) }), without),
      credentials.current().catch((failure: unknown) => ({ failure })),
    ]);
    const item = typeof read === 'string' ? undefined : read.item;
    let credential = 'failure' in current ? await this.#standIn(item, current.failure) : current;
    const remembered = this.remembered(pk);
    // An item of a version not known here: perhaps the secret was replaced since it was last read. As long as Secrets
    // Manager doesn't say, one's own version may be the replaced one, and must not take the item's place.
    let isReplaced = false;
    const minter = item?.credentialVersion;
    if (minter !== undefined && minter !== credential.version && item?.refusedVersion !== credential.version) {
      const rechecked = await credentials.recheck(minter, startedAtMs);
      credential = rechecked.credential;
      isReplaced = !rechecked.isConfirmed && minter !== credential.version;
    }
    // Before a recorded refusal is taken for granted: perhaps the secret was corrected since.
    if (isOfRefusal(item?.backOff, credential)) {
      credential = (await credentials.recheck(credential.version, startedAtMs)).credential;
    }
    if (typeof read === 'string' || isReplaced) {
      const table = typeof read === 'string' ? read : 'away';
      return { table, item, known: remembered ?? {}, source: 'memory', credential };
    }
    const inTable = await this.#open(wanted, item, credential);
    // Memory stands in for a table that lost the token, or never had it.
    const lost = !isValid(inTable.token, NO_DEMAND, clock.nowMs());
    if (lost && isValid(remembered?.token, NO_DEMAND, clock.nowMs())) {
      const { token, credentialVersion } = remembered ?? {};
      const known = { ...inTable, token, credentialVersion };
      return { table: 'usable', item, known, source: 'memory', credential };
    }
    this.remember(pk, inTable);
    return { table: 'usable', item, known: inTable, source: 'table', credential };
  }

  /** A secret that holds no credential costs nobody the token that is there, nor its renewal. */
  async #standIn(item: TokenItem | undefined, failure: unknown): Promise<Credential> {
    const { credentials, telemetry } = this.#props;
    const minter = item?.credentialVersion;
    const credential = minter === undefined ? undefined : await credentials.ofVersion(minter);
    if (credential === undefined) throw failure;
    telemetry.credentialCheckFailed({ error: errorName(failure) });
    return credential;
  }

  /** `unknown`: the table gave no answer; the lease may be one's own all the same. */
  async acquireLease(
    pk: string,
    look: Look,
    untilMs: number,
    watchedLeaseId: string | undefined,
  ): Promise<{ outcome: 'won' | 'lost' | 'unknown'; id: string }> {
    const { table, clock } = this.#props;
    const id = this.#newId();
    const request = {
      leaseId: id,
      untilMs,
      endedBeforeMs: clock.nowMs() - LEASE_ALLOWANCE_MS,
      watchedLeaseId,
      seen: look.item,
      expiresAtSeconds: ttlSeconds(look.known, untilMs / 1000),
    };
    const acquire = async () => ((await table.acquireLease(pk, request)) ? 'won' : 'lost');
    const without = (error: unknown) => (isThrottling(error) ? 'lost' : 'unknown');
    return { outcome: await this.#attempt('acquire_lease', acquire, without), id };
  }

  /** Remembers a token, seals and publishes it. Returns what another has published meanwhile, where that stands. */
  async keep(
    wanted: Wanted,
    { token, credential, refused }: Minted,
    forcedAtSeconds: number | undefined,
    look: Look,
    leaseId: string | undefined,
  ): Promise<KnownToken | undefined> {
    const { table, randomBytes } = this.#props;
    const { pk } = wanted;
    const refusal = { refusedVersion: refused?.version, refusedAtSeconds: refused?.atSeconds };
    this.remember(pk, { token, credentialVersion: credential.version, ...refusal, forcedAtSeconds });
    if (look.table !== 'usable') return undefined;
    const published = await this.#tolerate('publish', () =>
      table.publish(pk, {
        leaseId: leaseId ?? this.#newId(),
        seen: look.item,
        revision: this.#newId(),
        sealed: seal(token, credential, pk, randomBytes),
        credentialVersion: credential.version,
        refused,
        forcedAtSeconds,
        expiresAtSeconds: Math.floor(token.expiresAtMs / 1000),
      }),
    );
    if (published !== false) return undefined;
    return (await this.look(wanted).catch(() => undefined))?.known;
  }

  /** Records the back-off of a failed mint, and gives the lease back. */
  async recordFailure(pk: string, known: KnownToken & { backOff: BackOff }, leaseId: string): Promise<void> {
    const { backOff } = known;
    await this.#tolerate('record_failure', () =>
      this.#props.table.recordFailure(pk, {
        leaseId,
        revision: this.#newId(),
        backOff,
        refused: refusalOf(known),
        expiresAtSeconds: ttlSeconds(known, backOff.untilSeconds),
      }),
    );
  }

  async releaseLease(pk: string, leaseId: string): Promise<void> {
    await this.#tolerate('release_lease', () => this.#props.table.releaseLease(pk, leaseId));
  }

  /** The back-off of a server that throttles the credential; `busy` where the table throttles. */
  async throttling(): Promise<BackOff | 'busy' | undefined> {
    const read = () => this.#props.table.readThrottling(this.#props.credentialName);
    return await this.#attempt('throttling', read, (error) => (isThrottling(error) ? 'busy' : undefined));
  }

  async recordThrottling(backOff: BackOff): Promise<void> {
    await this.#tolerate('throttling', () => this.#props.table.recordThrottling(this.#props.credentialName, backOff));
  }

  /** What is opened is checked as what is minted is: nobody who writes the table widens a token. */
  async #open(wanted: Wanted, item: TokenItem | undefined, current: Credential): Promise<KnownToken> {
    const { credentials, telemetry } = this.#props;
    if (item === undefined) return {};
    const { sealed, credentialVersion, refusedVersion, refusedAtSeconds, backOff, forcedAtSeconds } = item;
    const state: KnownToken = { refusedVersion, refusedAtSeconds, backOff, forcedAtSeconds };
    if (sealed === undefined || credentialVersion === undefined) return state;
    const opener = credentialVersion === current.version ? current : await credentials.ofVersion(credentialVersion);
    const opened = opener && open(sealed, opener, wanted.pk);
    const token = opened && this.#isAllowed(opened, wanted) ? opened : undefined;
    if (token === undefined) telemetry.sealNotOpened();
    return token === undefined ? state : { ...state, token, credentialVersion };
  }

  #isAllowed(token: Token, wanted: Wanted): boolean {
    try {
      this.#props.scopes.check(token, wanted);
      return true;
    } catch {
      return false;
    }
  }

  async #tolerate<T>(operation: TableOperation, call: () => Promise<T>): Promise<T | undefined> {
    return await this.#attempt(operation, call, () => undefined);
  }

  async #attempt<T, E>(operation: TableOperation, call: () => Promise<T>, without: (error: unknown) => E) {
    try {
      return await call();
    } catch (error) {
      this.#props.telemetry.tableFailed({ operation, error: errorName(error) });
      return without(error);
    }
  }

  #newId(): string {
    return Buffer.from(this.#props.randomBytes(12)).toString('base64url');
  }
}

function isOfRefusal(backOff: BackOff | undefined, { version }: Credential): boolean {
  return backOff?.error === 'credential_refused' && backOff.version === version;
}
