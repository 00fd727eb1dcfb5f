// The versions of the credential that this instance has read from Secrets Manager. It limits how often a secret that
// can't be read is asked for.

import type { GetSecretValueCommandInput } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import { SharedCalls } from '../shared-calls.ts';
import { isDenied, type SecretReader } from './secret-reader.ts';

/** A version that can't be read is not asked for again within this time, however many callers ask. */
const READ_AGAIN_AFTER_MS = 5_000;
/** A read that began within this time is joined. */
const JOIN_WITHIN_MS = 1_000;
/** Nothing is minted this long after Secrets Manager began to deny the secret. */
const MINT_AFTER_DENIAL_MS = 300_000;
/** The accepted version, the previous one, and one that is just being replaced. */
const MAX_OTHERS = 3;
const MAX_UNREAD = 10;
/** The label of the current version, which Secrets Manager reads by default. */
const CURRENT = 'AWSCURRENT';

export interface CredentialSourceProps {
  readonly reader: Pick<SecretReader, 'read'>;
  readonly clock: Clock;
}

export class CredentialSource {
  readonly #props: CredentialSourceProps;
  #current: Credential | undefined;
  /** Start time of the read that brought `#current`. */
  #currentReadAtMs = Number.NEGATIVE_INFINITY;
  #reading: { readonly startedAtMs: number; readonly done: Promise<Credential> } | undefined;
  /** The first denial since the current version was last read, with its time. */
  #denial: { readonly error: unknown; readonly atMs: number } | undefined;
  /** Of each version that could not be read: why, and when. */
  readonly #unread = new Map<string, { readonly error: unknown; readonly atMs: number }>();
  /** The other versions that were read last, by their ID. */
  readonly #others = new Map<string, Credential>();
  readonly #readingOthers = new SharedCalls<Credential>();

  constructor(props: CredentialSourceProps) {
    this.#props = props;
  }

  /** The current version (AWSCURRENT), as it was read last. */
  get current(): Credential | undefined {
    return this.#current;
  }

  /**
   * Reads the current version, or joins a read that began a moment ago.
   * @throws VendingError `misconfigured` if the secret holds no credential or may not be read, else `unavailable`
   */
  async read(): Promise<Credential> {
    const startedAtMs = this.#nowMs;
    if (this.#reading && startedAtMs - this.#reading.startedAtMs < JOIN_WITHIN_MS) return await this.#reading.done;
    const reading = { startedAtMs, done: this.#limited(CURRENT, () => this.#readCurrent(startedAtMs)) };
    this.#reading = reading;
    try {
      return await reading.done;
    } finally {
      if (this.#reading === reading) this.#reading = undefined;
    }
  }

  /**
   * The credential of a version.
   * @throws VendingError `misconfigured` if the version is gone or holds no credential, else `unavailable`
   */
  async ofVersion(version: string): Promise<Credential> {
    const known = this.#current?.version === version ? this.#current : this.#others.get(version);
    if (known) return known;
    const read = () => this.#limited(version, () => this.#readOther({ VersionId: version }));
    return await this.#readingOthers.run(version, read).result;
  }

  /** The version that was current before (AWSPREVIOUS). @throws VendingError if there is none or it can't be read */
  async previous(): Promise<Credential> {
    return await this.#readOther({ VersionStage: 'AWSPREVIOUS' });
  }

  /**
   * Whoever revokes this function's access to the secret wants it to stop.
   * @throws VendingError `misconfigured` if the secret has been denied for too long for a mint
   */
  assertMayMint(): void {
    if (this.#denial && this.#nowMs >= this.#denial.atMs + MINT_AFTER_DENIAL_MS) throw this.#denial.error;
  }

  async #readCurrent(startedAtMs: number): Promise<Credential> {
    try {
      const read = await this.#props.reader.read();
      this.#denial = undefined;
      // An older read may be answered after a newer one, for example if the instance was frozen in between.
      if (startedAtMs >= this.#currentReadAtMs) this.#setCurrent(read, startedAtMs);
      return this.#current ?? read;
    } catch (error) {
      if (isDenied(error)) this.#denial ??= { error, atMs: this.#nowMs };
      throw error;
    }
  }

  #setCurrent(read: Credential, startedAtMs: number): void {
    this.#currentReadAtMs = startedAtMs;
    if (this.#current?.version === read.version) return;
    if (this.#current) this.#remember(this.#current);
    this.#current = read;
  }

  async #readOther(version: Partial<GetSecretValueCommandInput>): Promise<Credential> {
    const read = await this.#props.reader.read(version);
    this.#remember(read);
    return read;
  }

  #remember(credential: Credential): void {
    this.#others.set(credential.version, credential);
    const [oldest] = this.#others.keys();
    if (this.#others.size > MAX_OTHERS && oldest !== undefined) this.#others.delete(oldest);
  }

  /** A secret that can't be reached may be reached the next moment. One that holds no credential needs an operator. */
  async #limited(version: string, read: () => Promise<Credential>): Promise<Credential> {
    const unread = this.#unread.get(version);
    if (unread && this.#nowMs < unread.atMs + READ_AGAIN_AFTER_MS) throw unread.error;
    this.#unread.delete(version);
    try {
      return await read();
    } catch (error) {
      const isOperators = error instanceof VendingError && error.code === 'misconfigured';
      if (isOperators || version !== CURRENT) {
        if (this.#unread.size >= MAX_UNREAD) this.#unread.clear();
        this.#unread.set(version, { error, atMs: this.#nowMs });
      }
      throw error;
    }
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }
}
