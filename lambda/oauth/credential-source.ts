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
/** How long a caller waits for a check while a credential is in use. */
const PATIENCE_MS = 500;
/** How soon after a failed check the next is tried. */
const RETRY_CHECK_AFTER_MS = 5_000;

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

export class CredentialSource {
  readonly #props: CredentialSourceProps;
  #current: Credential | undefined;
  /** The one that was current before, or that an item asked for last. */
  #other: Credential | undefined;
  #checkDueAtMs = 0;
  #isConfirmed = false;
  readonly #recheckedAtMs = new Map<string, number>();
  #reading: Promise<Credential> | undefined;

  constructor(props: CredentialSourceProps) {
    this.#props = props;
  }

  /** The credential last read, where it needs no check now. */
  get checked(): Credential | undefined {
    return this.#props.clock.nowMs() < this.#checkDueAtMs ? this.#current : undefined;
  }

  /** Whether Secrets Manager answered the last check: else another version may be current by now. */
  get isConfirmed(): boolean {
    return this.#isConfirmed;
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
   */
  async recheck(seenVersion: string): Promise<Credential> {
    const nowMs = this.#props.clock.nowMs();
    const lastAtMs = this.#recheckedAtMs.get(seenVersion) ?? Number.NEGATIVE_INFINITY;
    if (this.#current && nowMs < lastAtMs + RETRY_CHECK_AFTER_MS) return this.#current;
    this.#recheckedAtMs.set(seenVersion, nowMs);
    return await this.#check();
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
    this.#reading ??= this.#readCurrent().finally(() => {
      this.#reading = undefined;
    });
    const inUse = this.#current;
    if (inUse === undefined) return await this.#reading;
    const late = Symbol('late');
    const read = await Promise.race([this.#reading, clock.sleep(PATIENCE_MS).then(() => late)]);
    if (read instanceof Credential) return read;
    this.#isConfirmed = false;
    this.#checkDueAtMs = Math.max(this.#checkDueAtMs, clock.nowMs() + RETRY_CHECK_AFTER_MS);
    return this.#current ?? inUse;
  }

  async #readCurrent(): Promise<Credential> {
    const { clock, onCheckFailed } = this.#props;
    try {
      const read = await this.#read({});
      if (this.#current && this.#current.version !== read.version) {
        this.#other = this.#current;
        this.#recheckedAtMs.clear();
      }
      this.#current = read;
      this.#isConfirmed = true;
      this.#checkDueAtMs = clock.nowMs() + CHECK_EVERY_MS;
      return read;
    } catch (error) {
      this.#isConfirmed = false;
      if (!this.#current) throw error;
      onCheckFailed({ error: errorName(error) });
      this.#checkDueAtMs = clock.nowMs() + RETRY_CHECK_AFTER_MS;
      return this.#current;
    }
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
