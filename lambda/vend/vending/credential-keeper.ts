// What this instance knows of the credential: the versions that it has read from Secrets Manager, and the item that all
// profiles of the credential share. Both are read again from time to time.

import type { Clock } from '../../clock.ts';
import { VendingError } from '../../errors.ts';
import type { Credential } from '../../oauth/credential.ts';
import type { CredentialSource } from '../../secrets/credential-source.ts';
import { type BackOff, isInForce } from '../state/back-off.ts';
import { type CredentialState, isTestDue, isTestNear, type VersionTest } from '../state/credential-state.ts';
import type { CredentialStore } from '../store/credential-store.ts';
import type { Telemetry } from '../telemetry.ts';
import { RECENT_MS, RETRY_AFTER_MS, SharedState } from './shared-state.ts';

/** A range of times, drawn each time, so that instances that started together do not read together. */
type Range = readonly [fromMs: number, toMs: number];

const CHECK_EVERY_MS: Range = [40_000, 50_000];
/** While a version is being tested, so that all instances follow within seconds. */
const CHECK_TEST_EVERY_MS: Range = [4_000, 8_000];
/** By then all instances have followed a current version that can mint. */
const FOLLOWED_AFTER_MS = 15_000;
/** How long a caller waits for Secrets Manager if a version is known. */
const WAIT_FOR_SECRET_MS = 500;

export interface CredentialKeeperProps {
  readonly source: CredentialSource;
  readonly store: Pick<CredentialStore, 'read' | 'isThrottled'>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export class CredentialKeeper {
  readonly #props: CredentialKeeperProps;
  /** The item as it was read last. */
  readonly shared: SharedState;
  #secretDueAtMs = 0;
  /** A read that its caller waits for. Others who come meanwhile wait as well. */
  #readingSecret: Promise<void> | undefined;
  #secretReadAtMs = Number.NEGATIVE_INFINITY;
  /** The current version, and when it was first read here. */
  #first: { readonly version: string; readonly atMs: number } | undefined;
  #accepted: Credential | undefined;
  /** Secrets Manager did not answer in time. */
  #hangsUntilMs = Number.NEGATIVE_INFINITY;
  /** Why no version of the credential could be read. */
  #failure: unknown;
  /** The versions for which the secret was read once more, because they differ. */
  #comparedVersions = '';
  /** The checks since then, by their reason. */
  readonly #rechecks = new Map<string, Promise<void>>();
  #recheckingSinceMs = Number.NEGATIVE_INFINITY;

  constructor(props: CredentialKeeperProps) {
    this.#props = props;
    this.shared = new SharedState({ ...props, nextAfterMs: (state) => this.#nextAfterMs(state) });
  }

  get state(): CredentialState {
    return this.shared.state;
  }

  /** The current version (AWSCURRENT). Undefined if the secret holds no credential. */
  get current(): Credential | undefined {
    return this.#props.source.current;
  }

  /** The current version once it is known long enough that its tokens should have replaced all others. */
  get followedVersion(): string | undefined {
    const { version, atMs = 0 } = this.#first ?? {};
    return this.#nowMs < atMs + FOLLOWED_AFTER_MS ? undefined : version;
  }

  /** The version that mints. Undefined if none was accepted yet, or it can't be read. */
  get accepted(): Credential | undefined {
    return this.#accepted;
  }

  /** The version that a back-off is of. */
  get version(): string | undefined {
    return (this.current ?? this.#accepted)?.version;
  }

  /** Tokens of these versions need no replacement. */
  get versionsInUse(): readonly (string | undefined)[] {
    return [this.current?.version, this.state.acceptedVersion ?? this.#accepted?.version];
  }

  /** Whether the credential was checked lately, so that memory can answer. */
  get isChecked(): boolean {
    return this.version !== undefined && this.#nowMs < Math.min(this.#secretDueAtMs, this.shared.dueAtMs);
  }

  get isTestDue(): boolean {
    return isTestDue(this.state, this.current?.version, this.#nowMs);
  }

  get backOffInForce(): BackOff | undefined {
    const { backOff } = this.state;
    return isInForce(backOff, this.version, this.#nowMs) ? backOff : undefined;
  }

  /**
   * Reads what is due, the secret and the item side by side.
   * @throws VendingError if no version of the credential can be read
   */
  async check(): Promise<void> {
    const nowMs = this.#nowMs;
    const secretUnderWay = this.#readingSecret;
    await Promise.all([
      (this.version === undefined || nowMs >= this.#secretDueAtMs) && this.#readSecret(),
      secretUnderWay && this.#awaitSecret(secretUnderWay),
      nowMs >= this.shared.dueAtMs && this.shared.read(),
    ]);
    await this.#readAccepted();
    if (this.version === undefined) throw this.#failure;
    // Only now is it known whether a test is near.
    this.shared.note({});
  }

  /** Reads both again, for example because an item is of another version. At most once in 5 s for each reason. */
  async recheck(reason: string): Promise<void> {
    if (this.#nowMs >= this.#recheckingSinceMs + RETRY_AFTER_MS) {
      this.#recheckingSinceMs = this.#nowMs;
      this.#rechecks.clear();
    }
    const last = this.#rechecks.get(reason);
    if (last !== undefined && !this.shared.isThrottled) return await last;
    this.#secretDueAtMs = 0;
    this.shared.noteChange();
    const recheck = this.check();
    this.#rechecks.set(reason, recheck);
    await recheck;
  }

  /** Before a mint: what other instances have found out counts. @returns `throttled`: the table throttles */
  async refresh(): Promise<'throttled' | undefined> {
    const failed = this.shared.isRecent ? undefined : await this.shared.read();
    await this.#readAccepted();
    return failed === 'throttled' ? failed : undefined;
  }

  /** Reads the secret once more, unless it was read a moment ago. @returns whether the current version is up to date */
  async reread(): Promise<boolean> {
    const sinceMs = this.#nowMs - RECENT_MS;
    if (this.#secretReadAtMs <= sinceMs) await this.#readSecret();
    return this.#secretReadAtMs > sinceMs;
  }

  noteAccepted(credential: Credential, test: VersionTest | undefined): void {
    this.#accepted = credential;
    this.shared.note({ acceptedVersion: credential.version, ...(test && { test }) });
  }

  /**
   * The credential of a version.
   * @param hasToken whether the caller has a valid token, and so waits only a short time
   * @throws VendingError
   */
  async ofVersion(version: string, hasToken: boolean): Promise<Credential> {
    const reading = this.#props.source.ofVersion(version);
    if (!hasToken) return await reading;
    const credential = await this.#waitShortly(reading);
    if (credential === undefined) throw new VendingError('unavailable', 'Secrets Manager did not answer in time');
    return credential;
  }

  /** Uses a version that opened a token, while no other one is known. */
  adopt(credential: Credential): void {
    this.#accepted ??= credential;
  }

  async #readSecret(): Promise<void> {
    const { source, telemetry } = this.#props;
    const startedAtMs = this.#nowMs;
    this.#secretDueAtMs = startedAtMs + RETRY_AFTER_MS;
    const reading = source.read().then(
      () => {
        this.#secretReadAtMs = startedAtMs;
        const version = source.current?.version;
        if (version !== undefined && version !== this.#first?.version) this.#first = { version, atMs: this.#nowMs };
        this.#secretDueAtMs = startedAtMs + this.#draw(CHECK_EVERY_MS);
      },
      (error: unknown) => {
        this.#failure = error;
        this.#secretDueAtMs = this.#nowMs + RETRY_AFTER_MS;
        telemetry.credentialCheckFailed(error);
      },
    );
    this.#readingSecret = reading;
    await this.#awaitSecret(reading);
    this.#readingSecret = undefined;
  }

  /** If a version is known, callers wait only a short time. The read goes on. */
  async #awaitSecret(reading: Promise<void>): Promise<void> {
    if (this.version === undefined) await reading;
    else await this.#waitShortly(reading);
  }

  /** Waits for Secrets Manager. While it hangs, nobody waits again. */
  async #waitShortly<T>(reading: Promise<T>): Promise<T | undefined> {
    const waitMs = this.#nowMs < this.#hangsUntilMs ? 0 : WAIT_FOR_SECRET_MS;
    const answered = await this.#props.clock.waitAtMost(
      waitMs,
      reading.then((value) => ({ value })),
    );
    if (answered === undefined) this.#hangsUntilMs = this.#nowMs + RETRY_AFTER_MS;
    return answered?.value;
  }

  async #readAccepted(): Promise<void> {
    const { acceptedVersion } = this.state;
    if (acceptedVersion === undefined && this.current) this.#accepted = undefined;
    if (acceptedVersion === undefined || acceptedVersion === this.#accepted?.version) return;
    const versions = `${this.current?.version} ${acceptedVersion}`;
    if (this.current?.version !== acceptedVersion && versions !== this.#comparedVersions) {
      // The two were read side by side, so this instance may be the one that is behind.
      this.#comparedVersions = versions;
      await this.#readSecret();
    }
    const reading = this.#props.source.ofVersion(acceptedVersion).catch((error: unknown) => {
      this.#failure ??= error;
      return undefined;
    });
    this.#accepted = await (this.current ? this.#waitShortly(reading) : reading);
  }

  #nextAfterMs(state: CredentialState): number {
    return this.#draw(isTestNear(state, this.current?.version, this.#nowMs) ? CHECK_TEST_EVERY_MS : CHECK_EVERY_MS);
  }

  #draw([fromMs, toMs]: Range) {
    return fromMs + this.#props.random() * (toMs - fromMs);
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}
