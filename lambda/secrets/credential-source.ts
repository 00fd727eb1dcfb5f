// The credential of this instance. It is read once a minute, so that every warm instance sees a replaced secret. It
// stays in use while Secrets Manager can't be reached.

import type { GetSecretValueCommandInput } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import type { SecretReader } from './secret-reader.ts';

const CHECK_EVERY_MS = 60_000;
/** The time from a failed check to the next one. */
const RETRY_CHECK_AFTER_MS = 5_000;
/** How long a caller waits for a check if there is a credential. The wait is longer if that credential may be old. */
const WAIT_FOR_CHECK_MS = 500;
const WAIT_FOR_CHECK_WHEN_OLD_MS = 3_000;
const OLD_AFTER_MS = 120_000;
/** A read that began longer ago may have missed a change that another instance has seen. */
const RECENT_READ_MS = 1_000;

export interface CredentialSourceProps {
  readonly reader: Pick<SecretReader, 'read'>;
  readonly clock: Clock;
  /** Called when a check fails and the credential that was read before stays in use. */
  readonly onCheckFailed: (error: unknown) => void;
  /** Called when another version than the current one can't be read. The version is an ID or a label. */
  readonly onReadFailed: (version: string, error: unknown) => void;
}

/** A credential, and whether it is confirmed as the current one although another version was seen. */
export interface Rechecked {
  readonly credential: Credential;
  readonly isConfirmed: boolean;
}

export class CredentialSource {
  readonly #props: CredentialSourceProps;
  #current: Credential | undefined;
  /** Start time of the read that last confirmed `#current`. */
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #checkDueAtMs = 0;
  #reading: { readonly startedAtMs: number; readonly done: Promise<Credential> } | undefined;
  /** Why there is no credential, and from when on the secret may be read again, however many callers ask. */
  #failure: { readonly error: unknown; readonly readAgainAtMs: number } | undefined;
  /** Versions that could not be read, and until when they aren't read again. */
  readonly #unreadable = new Map<string, number>();
  /** Versions that were current in this instance before. An item of one of them is older, not newer. */
  readonly #replaced = new Set<string>();
  /** For each version that was seen: when the credential was last read because of it. */
  readonly #recheckedAtMs = new Map<string, number>();
  /** The credential of another version that was current or read last. */
  #other: Credential | undefined;

  constructor(props: CredentialSourceProps) {
    this.#props = props;
  }

  /** The current credential, if it needs no check yet. */
  get checked(): Credential | undefined {
    return this.#nowMs < this.#checkDueAtMs ? this.#current : undefined;
  }

  /**
   * The credential to mint with (AWSCURRENT).
   * @param hasToken whether the caller has a valid token, and so waits only a short time for a check
   * @throws VendingError `misconfigured` if the secret holds none, `unavailable` if none could be read yet
   */
  async current(hasToken = false): Promise<Credential> {
    return this.checked ?? (await this.#check(hasToken));
  }

  /**
   * Reads the credential again because a version was seen: in an item, which another instance may have minted with a
   * newer secret, or in a refusal. It reads at most once in 5 s for each version.
   * @param sinceMs if a read started after this time, no other one is needed
   * @param hasToken as for `current`
   */
  async recheck(seenVersion: string, sinceMs = Number.POSITIVE_INFINITY, hasToken = false): Promise<Rechecked> {
    const current = this.#current;
    if (current && this.#confirmedAtMs >= sinceMs) return { credential: current, isConfirmed: true };
    const lastAtMs = this.#recheckedAtMs.get(seenVersion) ?? Number.NEGATIVE_INFINITY;
    const isLimited = current !== undefined && this.#nowMs < lastAtMs + RETRY_CHECK_AFTER_MS;
    const startedAtMs = isLimited ? lastAtMs : this.#nowMs;
    this.#recheckedAtMs.set(seenVersion, startedAtMs);
    const credential = isLimited ? ((await this.#reading?.done) ?? current) : await this.#check(hasToken);
    const isConfirmed = this.#confirmedAtMs >= startedAtMs - RECENT_READ_MS || this.#replaced.has(seenVersion);
    return { credential: this.#current ?? credential, isConfirmed };
  }

  /**
   * Uses a credential that opened a token, while the secret holds none: it counts as checked, and the secret is read
   * again as after a failed check.
   */
  adopt(credential: Credential): void {
    if (this.#current !== undefined) return;
    this.#current = credential;
    this.#retryLater();
  }

  /** The credential of a version. Undefined if the version is gone, holds no credential or can't be read. */
  async ofVersion(version: string): Promise<Credential | undefined> {
    for (const credential of [this.#current, this.#other]) if (credential?.version === version) return credential;
    if (this.#nowMs < (this.#unreadable.get(version) ?? 0)) return undefined;
    this.#unreadable.clear();
    const read = await this.#readOther({ VersionId: version });
    if (read === undefined) this.#unreadable.set(version, this.#nowMs + RETRY_CHECK_AFTER_MS);
    return read;
  }

  /** The credential that was current before (AWSPREVIOUS). Undefined if there is none or it can't be read. */
  async previous(): Promise<Credential | undefined> {
    return await this.#readOther({ VersionStage: 'AWSPREVIOUS' });
  }

  async #readOther(version: Partial<GetSecretValueCommandInput>): Promise<Credential | undefined> {
    try {
      this.#other = await this.#props.reader.read(version);
      return this.#other;
    } catch (error) {
      this.#props.onReadFailed(version.VersionId ?? version.VersionStage ?? '', error);
      return undefined;
    }
  }

  /** If there is a credential, callers wait only a short time for the check. It goes on, and is made again later. */
  async #check(hasToken: boolean): Promise<Credential> {
    const reading = this.#readOnce();
    if (this.#current === undefined) return await reading;
    const isOld = this.#nowMs - this.#confirmedAtMs > OLD_AFTER_MS;
    const waitMs = isOld && !hasToken ? WAIT_FOR_CHECK_WHEN_OLD_MS : WAIT_FOR_CHECK_MS;
    const read = await this.#props.clock.waitAtMost(waitMs, reading);
    if (read === undefined) this.#retryLater();
    return read ?? this.#current;
  }

  /** Joins a read that began within the last second, or begins one. */
  #readOnce(): Promise<Credential> {
    const startedAtMs = this.#nowMs;
    if (this.#current === undefined && startedAtMs < (this.#failure?.readAgainAtMs ?? 0)) {
      return Promise.reject(this.#failure?.error);
    }
    if (this.#reading && startedAtMs - this.#reading.startedAtMs < RECENT_READ_MS) return this.#reading.done;
    const reading = { startedAtMs, done: this.#readCurrent(startedAtMs) };
    const clear = () => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.done.then(clear, clear);
    this.#reading = reading;
    return reading.done;
  }

  async #readCurrent(startedAtMs: number): Promise<Credential> {
    try {
      const read = await this.#props.reader.read();
      // An older read may be answered after a newer one, for example if the instance was frozen in between.
      if (this.#current === undefined || startedAtMs >= this.#confirmedAtMs) this.#confirm(read, startedAtMs);
      return this.#current ?? read;
    } catch (error) {
      if (!this.#current) {
        this.#noteFailure(error);
        throw error;
      }
      this.#props.onCheckFailed(error);
      this.#retryLater();
      return this.#current;
    }
  }

  /** A secret that can't be reached may be reached the next moment. One that holds no credential needs an operator. */
  #noteFailure(error: unknown): void {
    const isOperators = error instanceof VendingError && error.code === 'misconfigured';
    this.#failure = isOperators ? { error, readAgainAtMs: this.#nowMs + RETRY_CHECK_AFTER_MS } : undefined;
  }

  #confirm(read: Credential, startedAtMs: number): void {
    this.#failure = undefined;
    if (this.#current && this.#current.version !== read.version) {
      this.#replaced.add(this.#current.version);
      this.#replaced.delete(read.version);
      this.#other = this.#current;
      this.#recheckedAtMs.clear();
    }
    this.#current = read;
    this.#confirmedAtMs = startedAtMs;
    this.#checkDueAtMs = startedAtMs + CHECK_EVERY_MS;
  }

  #retryLater(): void {
    this.#checkDueAtMs = Math.max(this.#checkDueAtMs, this.#nowMs + RETRY_CHECK_AFTER_MS);
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}
