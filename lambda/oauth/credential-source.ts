// Reads the credential from Secrets Manager: checked once a minute, so that a rotated secret is seen by every warm
// instance, and kept while Secrets Manager can't be reached.

import {
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../clock.ts';
import { errorName, VendingError } from '../errors.ts';
import { Credential } from './credential.ts';

const CHECK_EVERY_MS = 60_000;
/** How soon after a failed check the next is tried. */
const RETRY_CHECK_AFTER_MS = 5_000;
/** How long a caller waits for a check while a credential is in use; longer where that one may be long out of date. */
const PATIENCE_MS = 500;
const PATIENCE_WHEN_OLD_MS = 3_000;
const OLD_AFTER_MS = 120_000;
/** A read that began longer ago may not know of what raised a doubt since. */
const PENDING_READ_MS = 1_000;

export interface CredentialSourceProps {
  readonly client: SecretsManagerClient;
  /** Name or ARN. */
  readonly secretId: string;
  /** For the command that an operator is told to run. */
  readonly region: string;
  readonly clock: Clock;
  /** Told of a check that failed while an older credential stays in use. */
  readonly onCheckFailed: (failure: { error: string }) => void;
}

/** A credential, and whether Secrets Manager has confirmed that it is the current one since a doubt was raised. */
export interface Rechecked {
  readonly credential: Credential;
  readonly isConfirmed: boolean;
}

export class CredentialSource {
  readonly #props: CredentialSourceProps;
  #current: Credential | undefined;
  /** When the read was asked that told so. Before: no promise of what is current. */
  #confirmedAtMs = Number.NEGATIVE_INFINITY;
  #checkDueAtMs = 0;
  #reading: { readonly askedAtMs: number; readonly done: Promise<Credential> } | undefined;
  /** Versions that were current here once: an item of one of them is older, not newer. */
  readonly #replaced = new Set<string>();
  /** For each version that raised a doubt, when it was last looked into. */
  readonly #recheckedAtMs = new Map<string, number>();
  /** The one that was current before, or that an item asked for last. */
  #other: Credential | undefined;

  constructor(props: CredentialSourceProps) {
    this.#props = props;
  }

  /** The credential last read, where it needs no check now. */
  get checked(): Credential | undefined {
    return this.#nowMs < this.#checkDueAtMs ? this.#current : undefined;
  }

  /**
   * The credential to mint with (AWSCURRENT).
   * @throws VendingError `misconfigured` where the secret holds none, `unavailable` where none was ever read
   */
  async current(): Promise<Credential> {
    return this.checked ?? (await this.#check());
  }

  /**
   * Reads again because a version was seen that raises a doubt: in an item, which another instance may have minted with a
   * newer secret, or in a refusal. At most once in 5 s for each.
   * @param sinceMs a read that was asked since then is new enough
   */
  async recheck(seenVersion: string, sinceMs = Number.POSITIVE_INFINITY): Promise<Rechecked> {
    const current = this.#current;
    if (current && this.#confirmedAtMs >= sinceMs) return { credential: current, isConfirmed: true };
    const lastAtMs = this.#recheckedAtMs.get(seenVersion) ?? Number.NEGATIVE_INFINITY;
    const isLimited = current !== undefined && this.#nowMs < lastAtMs + RETRY_CHECK_AFTER_MS;
    const askedAtMs = isLimited ? lastAtMs : this.#nowMs;
    this.#recheckedAtMs.set(seenVersion, askedAtMs);
    const credential = isLimited ? ((await this.#reading?.done) ?? current) : await this.#check();
    // An item of a version that was current here once is older, not newer.
    const isConfirmed = this.#confirmedAtMs >= askedAtMs - PENDING_READ_MS || this.#replaced.has(seenVersion);
    return { credential: this.#current ?? credential, isConfirmed };
  }

  /** The credential that sealed an item. Undefined where its version is gone, holds none or can't be read. */
  async ofVersion(version: string): Promise<Credential | undefined> {
    for (const known of [this.#current, this.#other]) if (known?.version === version) return known;
    return await this.#readOther({ VersionId: version });
  }

  /** The credential that was current before (AWSPREVIOUS). Undefined where there is none or it can't be read. */
  async previous(): Promise<Credential | undefined> {
    return await this.#readOther({ VersionStage: 'AWSPREVIOUS' });
  }

  async #readOther(which: Partial<GetSecretValueCommandInput>): Promise<Credential | undefined> {
    try {
      this.#other = await this.#read(which);
      return this.#other;
    } catch {
      return undefined;
    }
  }

  /** One at a time. With a credential in use, nobody waits long for another: the check goes on, and is tried again. */
  async #check(): Promise<Credential> {
    const { clock } = this.#props;
    const reading = this.#readOnce();
    if (this.#current === undefined) return await reading;
    const isOld = this.#nowMs - this.#confirmedAtMs > OLD_AFTER_MS;
    const late = clock.sleep(isOld ? PATIENCE_WHEN_OLD_MS : PATIENCE_MS).then(() => undefined);
    const read = await Promise.race([reading, late]);
    if (read === undefined) this.#checkDueAtMs = Math.max(this.#checkDueAtMs, this.#nowMs + RETRY_CHECK_AFTER_MS);
    return read ?? this.#current;
  }

  #readOnce(): Promise<Credential> {
    const askedAtMs = this.#nowMs;
    if (this.#reading && askedAtMs - this.#reading.askedAtMs < PENDING_READ_MS) return this.#reading.done;
    const reading = { askedAtMs, done: this.#readCurrent(askedAtMs) };
    const end = () => {
      if (this.#reading === reading) this.#reading = undefined;
    };
    reading.done.then(end, end);
    this.#reading = reading;
    return reading.done;
  }

  async #readCurrent(askedAtMs: number): Promise<Credential> {
    try {
      const read = await this.#read({});
      // An answer may come late, after a newer one, or when the instance was frozen in between.
      if (this.#current === undefined || askedAtMs >= this.#confirmedAtMs) this.#confirm(read, askedAtMs);
      return this.#current ?? read;
    } catch (error) {
      if (!this.#current) throw error;
      this.#props.onCheckFailed({ error: errorName(error) });
      this.#checkDueAtMs = Math.max(this.#checkDueAtMs, this.#nowMs + RETRY_CHECK_AFTER_MS);
      return this.#current;
    }
  }

  #confirm(read: Credential, askedAtMs: number): void {
    if (this.#current && this.#current.version !== read.version) {
      this.#replaced.add(this.#current.version);
      this.#replaced.delete(read.version);
      this.#other = this.#current;
      this.#recheckedAtMs.clear();
    }
    this.#current = read;
    this.#confirmedAtMs = askedAtMs;
    this.#checkDueAtMs = askedAtMs + CHECK_EVERY_MS;
  }

  get #nowMs(): number {
    return this.#props.clock.nowMs();
  }

  async #read(which: Partial<GetSecretValueCommandInput>): Promise<Credential> {
    const { client, secretId } = this.#props;
    let answer: { SecretString?: string | undefined; VersionId?: string | undefined };
    try {
      answer = await client.send(new GetSecretValueCommand({ SecretId: secretId, ...which }));
    } catch (error) {
      throw this.#readFailure(error);
    }
    const credential = Credential.parse(answer.SecretString, answer.VersionId ?? '');
    if (typeof credential === 'string') throw this.#noCredential(`secret ${secretId} ${credential}`);
    return credential;
  }

  #readFailure(error: unknown): VendingError {
    const { secretId } = this.#props;
    const name = error instanceof Error ? error.name : '';
    if (name === 'ResourceNotFoundException')
      return this.#noCredential(`secret ${secretId} does not exist or has no value`);
    if (name === 'InvalidRequestException') {
      return new VendingError(
        'misconfigured',
        `secret ${secretId} is scheduled for deletion; to keep it, run: aws secretsmanager restore-secret --region ${this.#props.region} --secret-id ${secretId}`,
      );
    }
    if (name === 'AccessDeniedException' || name === 'DecryptionFailure') {
      return new VendingError(
        'misconfigured',
        `this function may not read secret ${secretId} (${name}); check the secret's resource policy and its KMS key's`,
      );
    }
    return new VendingError('unavailable', 'Secrets Manager could not be reached', { retryAfterSeconds: 5 });
  }

  #noCredential(what: string): VendingError {
    const { secretId, region } = this.#props;
    const value = `'{"client_id":"YOUR_CLIENT_ID","client_secret":"YOUR_CLIENT_SECRET"}'`;
    return new VendingError(
      'misconfigured',
      `${what}; put the credential there: aws secretsmanager put-secret-value --region ${region} --secret-id ${secretId} --secret-string ${value}`,
    );
  }
}
