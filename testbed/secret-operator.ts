// The actions of an operator on a credential's secret. Calls of the AWS SDK replace the commands of the AWS CLI.

import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import type { RotateFunction } from '../lambda/rotate/rotate-function.ts';
import { STAND_IN_CLIENT } from '../local/names.ts';

export const ROTATION_STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

export interface Credential {
  readonly clientId: string;
  readonly clientSecret: string;
}

export class SecretOperator {
  readonly client: SecretsManagerClient;
  readonly #secretId: string;

  constructor(endpoint: string, secretId: string) {
    this.client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint });
    this.#secretId = secretId;
  }

  /**
   * Puts a credential (`put-secret-value`). Returns the version.
   * @param labels the labels of the version (`--version-stages`). @default AWSCURRENT
   */
  async put({ clientId, clientSecret }: Credential, ...labels: string[]): Promise<string> {
    return await this.putValue(JSON.stringify({ client_id: clientId, client_secret: clientSecret }), ...labels);
  }

  /** Puts any text or bytes, which need not be a credential. */
  async putValue(value: string | Uint8Array, ...labels: string[]): Promise<string> {
    const stages = labels.length > 0 && { VersionStages: labels };
    const held = typeof value === 'string' ? { SecretString: value } : { SecretBinary: value };
    const command = new PutSecretValueCommand({ SecretId: this.#secretId, ...held, ...stages });
    return (await this.client.send(command)).VersionId ?? '';
  }

  /** Moves or removes a label (`update-secret-version-stage`). */
  async move(label: string, from?: string, to?: string): Promise<void> {
    const change = { VersionStage: label, RemoveFromVersionId: from, MoveToVersionId: to };
    await this.client.send(new UpdateSecretVersionStageCommand({ SecretId: this.#secretId, ...change }));
  }

  /**
   * Begins a rotation (`rotate-secret`). The function is not called yet. Returns the version that will become current.
   */
  async beginRotation(): Promise<string> {
    const { VersionId = '' } = await this.client.send(new RotateSecretCommand({ SecretId: this.#secretId }));
    return VersionId;
  }

  /** Calls the rotation function with each step, as Secrets Manager does. */
  async runSteps(rotate: RotateFunction, version: string, steps: readonly string[] = ROTATION_STEPS): Promise<void> {
    const event = { SecretId: this.#secretId, ClientRequestToken: version, RotationToken: 'role-session' };
    for (const Step of steps) await rotate({ Step, ...event });
  }

  /** The value of the version that is AWSCURRENT: its text, or its bytes. */
  async current(): Promise<string | Uint8Array | undefined> {
    // The label is the default in AWS. moto goes on giving the first version without it.
    const command = new GetSecretValueCommand({ SecretId: this.#secretId, VersionStage: 'AWSCURRENT' });
    const { SecretString, SecretBinary } = await this.client.send(command);
    return SecretString ?? SecretBinary;
  }

  /** The version of each label. */
  async labels(): Promise<Readonly<Record<string, string>>> {
    const { VersionIdsToStages = {} } = await this.client.send(new DescribeSecretCommand({ SecretId: this.#secretId }));
    const pairs = Object.entries(VersionIdsToStages).flatMap(([version, labels]) =>
      labels.map((label) => [label, version]),
    );
    return Object.fromEntries(pairs);
  }

  async close(): Promise<void> {
    this.client.destroy();
  }
}
