// What an operator does with a credential's secret: the AWS SDK's calls in place of the AWS CLI's.

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
   * `put-secret-value`. Returns the version.
   * @param labels `--version-stages`. @default AWSCURRENT
   */
  async put({ clientId, clientSecret }: Credential, ...labels: string[]): Promise<string> {
    return await this.putValue(JSON.stringify({ client_id: clientId, client_secret: clientSecret }), ...labels);
  }

  /** The same with any text, which may be no credential. */
  async putValue(SecretString: string, ...labels: string[]): Promise<string> {
    const stages = labels.length > 0 && { VersionStages: labels };
    const command = new PutSecretValueCommand({ SecretId: this.#secretId, SecretString, ...stages });
    return (await this.client.send(command)).VersionId ?? '';
  }

  /** `update-secret-version-stage`. */
  async move(label: string, from?: string, to?: string): Promise<void> {
    const change = { VersionStage: label, RemoveFromVersionId: from, MoveToVersionId: to };
    await this.client.send(new UpdateSecretVersionStageCommand({ SecretId: this.#secretId, ...change }));
  }

  /** `rotate-secret`, before Secrets Manager calls the rotation function. Returns the version that is rotated to. */
  async beginRotation(): Promise<string> {
    const { VersionId = '' } = await this.client.send(new RotateSecretCommand({ SecretId: this.#secretId }));
    return VersionId;
  }

  /** What Secrets Manager does then: it calls the rotation function with each step. */
  async runSteps(rotate: RotateFunction, version: string, steps: readonly string[] = ROTATION_STEPS): Promise<void> {
    const event = { SecretId: this.#secretId, ClientRequestToken: version, RotationToken: 'role-session' };
    for (const Step of steps) await rotate({ Step, ...event });
  }

  /** The value of the version that is AWSCURRENT. */
  async current(): Promise<string | undefined> {
    return (await this.client.send(new GetSecretValueCommand({ SecretId: this.#secretId }))).SecretString;
  }

  /** The version that each label is on. */
  async labels(): Promise<Readonly<Record<string, string>>> {
    const { VersionIdsToStages = {} } = await this.client.send(new DescribeSecretCommand({ SecretId: this.#secretId }));
    const pairs = Object.entries(VersionIdsToStages).flatMap(([version, on]) => on.map((label) => [label, version]));
    return Object.fromEntries(pairs);
  }

  async close(): Promise<void> {
    this.client.destroy();
  }
}
