// The versions of one secret, by their labels. A label is on one version at most, and a version's value never changes.
// Secrets Manager's own messages stay out of errors.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version

import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { errorName, systemCodeOf, VendingError } from '../errors.ts';
import { INSPECT } from '../inspect.ts';
import { Credential } from '../oauth/credential.ts';
import { readCredential, type SecretFields, type SecretValue } from '../secrets/secret-value.ts';

/** The label under which an operator stages a new credential. */
export const CANDIDATE = 'CANDIDATE';
/** The version that was current when the rotation began. The candidate is compared with it. */
export const COMPARED = 'COMPARED';
export const CURRENT = 'AWSCURRENT';
export const PENDING = 'AWSPENDING';

/** The version that has each label. */
export type Labels = ReadonlyMap<string, string>;

/** The value of a version. It prints as [redacted]. */
export class VersionValue {
  readonly #value: SecretValue;
  /** The credential that it holds, or a predicate that says what is wrong with the value. */
  readonly credential: Credential | string;

  constructor(value: SecretValue, fields: SecretFields, version: string) {
    this.#value = value;
    this.credential = readCredential(value, fields, version);
  }

  /** The value itself, text as text and bytes as bytes. Only copying may use it. */
  get value(): SecretValue {
    return this.#value;
  }

  /** Whether both are the same bytes. Text counts as its bytes in UTF-8. */
  equals(other: VersionValue | undefined): boolean {
    return other !== undefined && this.#bytes.equals(other.#bytes);
  }

  get #bytes(): Buffer {
    return Buffer.from(this.#value.SecretBinary ?? this.#value.SecretString ?? '');
  }

  /** Whether both hold the same credential. Spaces, other fields and the form of the value make no difference. */
  hasSameCredential(other: VersionValue | undefined): boolean {
    const [first, second] = [this.credential, other?.credential];
    if (!(first instanceof Credential && second instanceof Credential)) return false;
    return first.clientId === second.clientId && first.clientSecret === second.clientSecret;
  }

  toJSON(): string {
    return '[redacted]';
  }
  [INSPECT](): string {
    return 'VersionValue [redacted]';
  }
}

export class StagedSecret {
  readonly #client: Pick<SecretsManagerClient, 'send'>;
  readonly #id: string;
  readonly #fields: SecretFields;

  /** @param id the secret's name or ARN */
  constructor(client: Pick<SecretsManagerClient, 'send'>, id: string, fields: SecretFields) {
    this.#client = client;
    this.#id = id;
    this.#fields = fields;
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

  /** Undefined if the version does not exist or has no value. A rotation begins with a version without a value. */
  async read(version: string): Promise<VersionValue | undefined> {
    const command = new GetSecretValueCommand({ SecretId: this.#id, VersionId: version });
    try {
      const { SecretString, SecretBinary } = await this.#client.send(command);
      return new VersionValue({ SecretString, SecretBinary }, this.#fields, version);
    } catch (error) {
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
      throw this.#failure('GetSecretValue', error);
    }
  }

  /** Writes the value and the label of a version that is new or has no value yet. */
  async put(version: string, value: VersionValue, label: string): Promise<void> {
    const command = new PutSecretValueCommand({
      SecretId: this.#id,
      ClientRequestToken: version,
      VersionStages: [label],
      ...value.value,
    });
    await this.#try('PutSecretValue', () => this.#client.send(command));
  }

  /** Moves a label to a version. `from` is the version that has the label, if there is one. */
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
      const advice = "check this function's role and the policies of the secret and its KMS key";
      return new VendingError(
        'misconfigured',
        `${operation} of secret ${this.#id} is not allowed (${name}): ${advice}`,
        { systemCode },
      );
    }
    const problem = `${operation} of secret ${this.#id} failed (${name}): try again later`;
    return new VendingError('unavailable', problem, { systemCode });
  }
}
