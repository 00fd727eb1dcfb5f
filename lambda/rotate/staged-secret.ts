// The versions of one secret, by their labels. A label is on one version at most, and a version's value never changes. Secrets Manager's own messages stay out of errors.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

import { inspect } from 'node:util';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { errorName, systemCodeOf, VendingError } from '../errors.ts';
import { Credential } from '../oauth/credential.ts';

/** What an operator stages a new credential under. */
export const CANDIDATE = 'CANDIDATE';
export const CURRENT = 'AWSCURRENT';
export const PENDING = 'AWSPENDING';

/** By label: the version that has it. */
export type Labels = ReadonlyMap<string, string>;

/** The value of a version. It prints as [redacted]. */
export class VersionValue {
  readonly #text: string | undefined;
  /** The credential it holds, or what it is instead of one. */
  readonly credential: Credential | string;

  constructor(text: string | undefined, version: string) {
    this.#text = text;
    this.credential = Credential.parse(text, version);
  }

  /** For copying, and only there. */
  get text(): string {
    return this.#text ?? '';
  }

  equals(other: VersionValue | undefined): boolean {
    return other !== undefined && this.#text !== undefined && this.#text === other.#text;
  }

  /** However it is written, and whatever else is there. */
  isSameCredentialAs(other: VersionValue | undefined): boolean {
    const [mine, others] = [this.credential, other?.credential];
    if (!(mine instanceof Credential && others instanceof Credential)) return false;
    return mine.clientId === others.clientId && mine.clientSecret === others.clientSecret;
  }

  toJSON(): string {
    return '[redacted]';
  }
  [inspect.custom](): string {
    return 'VersionValue [redacted]';
  }
}

export class StagedSecret {
  readonly #client: Pick<SecretsManagerClient, 'send'>;
  readonly #id: string;

  /** @param id name or ARN */
  constructor(client: Pick<SecretsManagerClient, 'send'>, id: string) {
    this.#client = client;
    this.#id = id;
  }

  async labels(): Promise<Labels> {
    const command = new DescribeSecretCommand({ SecretId: this.#id });
    const { VersionIdsToStages = {} } = await this.#try('DescribeSecret', () => this.#client.send(command));
    return new Map(
      Object.entries(VersionIdsToStages).flatMap(([version, labels]) =>
        labels.map((label) => [label, version] as const),
      ),
    );
  }

  /** Undefined where there is no such version, or one without a value: that is how Secrets Manager begins a rotation. */
  async read(version: string): Promise<VersionValue | undefined> {
    const command = new GetSecretValueCommand({ SecretId: this.#id, VersionId: version });
    try {
      const { SecretString } = await this.#client.send(command);
      return new VersionValue(SecretString, version);
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
      throw this.#failure('GetSecretValue', error);
    }
  }

  /** Gives a new version, or one without a value, its value and label. */
  async put(version: string, value: VersionValue, label: string): Promise<void> {
    const command = new PutSecretValueCommand({
      SecretId: this.#id,
      ClientRequestToken: version,
      SecretString: value.text,
      VersionStages: [label],
    });
    await this.#try('PutSecretValue', () => this.#client.send(command));
  }

  /** Moves a label, from the version that has it if there is one. */
  async move(label: string, from: string | undefined, to: string): Promise<void> {
    await this.#update({ VersionStage: label, MoveToVersionId: to, RemoveFromVersionId: from });
  }

  async remove(label: string, from: string): Promise<void> {
    await this.#update({ VersionStage: label, RemoveFromVersionId: from });
  }

  async #update(change: { VersionStage: string; MoveToVersionId?: string; RemoveFromVersionId?: string | undefined }) {
    const command = new UpdateSecretVersionStageCommand({ SecretId: this.#id, ...change });
    await this.#try('UpdateSecretVersionStage', () => this.#client.send(command));
  }

  async #try<Result>(operation: string, call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      throw this.#failure(operation, error);
    }
  }

  #failure(operation: string, error: unknown): VendingError {
    const name = errorName(error);
    const systemCode = systemCodeOf(error);
    if (name === 'AccessDeniedException' || name === 'DecryptionFailure' || name === 'EncryptionFailure') {
      const advice = "check this function's role, the secret's resource policy and its KMS key's";
      return new VendingError(
        'misconfigured',
        `${operation} of secret ${this.#id} is not allowed (${name}): ${advice}`,
        { systemCode },
      );
    }
    const what = `${operation} of secret ${this.#id} failed (${name}): try again later`;
    return new VendingError('unavailable', what, { systemCode });
  }
}
