// Records in the credential's item what this instance finds out about the credential, so that all instances know it. If
// a write fails, the mint goes on, and this instance alone knows it.

import type { Clock } from '../../clock.ts';
import type { VendingError } from '../../errors.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { Token } from '../../oauth/token.ts';
import type { BackOff } from '../state/back-off.ts';
import {
  oldRejected,
  rejectedName,
  TEST_AGAIN_MS,
  TEST_CLAIM_MS,
  type VersionTest,
} from '../state/credential-state.ts';
import type { TokenState } from '../state/token-state.ts';
import type { CredentialStore } from '../store/credential-store.ts';
import type { TableOperation, Telemetry } from '../telemetry.ts';
import { attempt } from './attempt.ts';
import type { CredentialKeeper } from './credential-keeper.ts';

/** All tokens of all instances are read again at most once in this time. */
const REREAD_EVERY_MS = 60_000;

export interface CredentialRecorderProps {
  readonly keeper: CredentialKeeper;
  readonly store: Omit<CredentialStore, 'read'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export class CredentialRecorder {
  readonly #props: CredentialRecorderProps;

  constructor(props: CredentialRecorderProps) {
    this.#props = props;
  }

  /** Begins the test of the current version if it is due. One instance tests, unless the table is away. */
  async claimTest(): Promise<boolean> {
    const { keeper, store } = this.#props;
    if (!keeper.isTestDue) return false;
    // This instance may be the one that is behind.
    if (!(await keeper.reread()) || !keeper.isTestDue || keeper.current === undefined) return false;
    const test = this.#test(keeper.current, TEST_CLAIM_MS);
    const claimed = await this.#write('claim_test', () => store.claimTest(test));
    keeper.shared.note({ test });
    return claimed === true || claimed === 'away';
  }

  /**
   * A version has minted a token: it is the accepted one from now on.
   * @param acceptedVersion the accepted one when the mint began
   * @param refused the versions that were refused before, in the same mint
   */
  async granted(
    credential: Credential,
    acceptedVersion: string | undefined,
    refused: readonly Credential[],
  ): Promise<void> {
    const { keeper, store, telemetry } = this.#props;
    const { version } = credential;
    for (const { version: credentialVersion } of refused) telemetry.credentialRefused({ credentialVersion });
    const current = refused.find(({ version }) => version === keeper.current?.version);
    const test = current && this.#test(current, TEST_AGAIN_MS);
    if (version === acceptedVersion) {
      if (test) await this.#postpone(test);
      return;
    }
    const accepted = await this.#write('accept_version', () => store.accept(version, acceptedVersion, test));
    if (accepted !== false) return keeper.noteAccepted(credential, test);
    // Another mint has accepted a version. What was refused here is refused all the same.
    keeper.shared.noteChange();
    if (test) await this.#postpone(test);
  }

  /** The current version was refused in its test, for scopes that another version was granted. */
  async testRefused(current: Credential): Promise<void> {
    this.#props.telemetry.credentialRefused({ credentialVersion: current.version });
    await this.#postpone(this.#test(current, TEST_AGAIN_MS));
  }

  /** A failure for scopes that were never granted says nothing about the version. The next mint tests it. */
  async reopenTest(): Promise<void> {
    const { current } = this.#props.keeper;
    if (current) await this.#postpone(this.#test(current, 0));
  }

  /**
   * Whether a failure concerns all tokens of the credential. Some servers refuse a client where they mean its scopes. So
   * a refusal counts only for scopes that were granted before, or where nothing was ever granted.
   */
  isOfCredential({ code }: VendingError, { token }: TokenState): boolean {
    const { acceptedVersion } = this.#props.keeper.state;
    return code === 'throttled' || (code === 'credential_refused' && (token !== undefined || !acceptedVersion));
  }

  async recordBackOff(backOff: BackOff): Promise<void> {
    const { keeper, store, telemetry } = this.#props;
    if (backOff.error === 'credential_refused') telemetry.credentialRefused({ credentialVersion: backOff.version });
    keeper.shared.note({ backOff });
    await this.#write('record_credential_back_off', () => store.recordBackOff(backOff));
  }

  /**
   * Tells all instances that a token was rejected. Call it before the token is replaced.
   * @returns false if the list takes no more
   */
  async listRejected({ sha256 }: Token): Promise<boolean> {
    const { keeper, store, clock } = this.#props;
    const nowMs = clock.nowMs();
    const [name, atSeconds] = [rejectedName(sha256), Math.floor(nowMs / 1000)];
    const { rejected = new Map<string, number>() } = keeper.state;
    const old = oldRejected(rejected, nowMs);
    keeper.shared.note({ rejected: new Map(rejected).set(name, atSeconds) });
    return (await this.#write('list_rejected', () => store.listRejected(name, atSeconds, old))) !== false;
  }

  /** The server has issued the rejected token again, so there is no other one. */
  async unlistRejected({ sha256 }: Token): Promise<void> {
    const { keeper, store } = this.#props;
    const name = rejectedName(sha256);
    const rejected = new Map(keeper.state.rejected);
    rejected.delete(name);
    keeper.shared.note({ rejected });
    await this.#write('unlist_rejected', () => store.unlistRejected(name));
  }

  /** In place of a list that is full: all instances read all their tokens again. Call it after the token is replaced. */
  async rereadAll(): Promise<void> {
    const { keeper, store, clock } = this.#props;
    const nowMs = clock.nowMs();
    const lastMs = keeper.state.rereadBeforeMs ?? Number.NEGATIVE_INFINITY;
    // They are about to read this one's replacement.
    if (nowMs < lastMs) return;
    const rereadBeforeMs = Math.max(nowMs, lastMs + REREAD_EVERY_MS);
    keeper.shared.note({ rereadBeforeMs });
    await this.#write('reread_all', () => store.setRereadBefore(rereadBeforeMs));
  }

  async #postpone(test: VersionTest): Promise<void> {
    const { keeper, store } = this.#props;
    keeper.shared.note({ test });
    await this.#write('postpone_test', () => store.postponeTest(test));
  }

  #test({ version }: Credential, againAfterMs: number): VersionTest {
    return { version, nextAtSeconds: Math.ceil((this.#props.clock.nowMs() + againAfterMs) / 1000) };
  }

  async #write(operation: TableOperation, write: () => Promise<boolean>): Promise<boolean | 'throttled' | 'away'> {
    const { store, telemetry } = this.#props;
    return await attempt<boolean | 'throttled' | 'away'>(telemetry, operation, write, (error) =>
      store.isThrottled(error) ? 'throttled' : 'away',
    );
  }
}
