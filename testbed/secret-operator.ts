// What an operator does with a credential's secret: the AWS SDK's calls in place of the AWS CLI's.

import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { STAND_IN_CLIENT } from '../local/names.ts';

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
   * `put-secret-value`.
   * @param labels `--version-stages`. @default AWSCURRENT
   */
  async put({ clientId, clientSecret }: Credential, ...labels: string[]): Promise<void> {
    const SecretString = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
    const stages = labels.length > 0 && { VersionStages: labels };
    await this.client.send(new PutSecretValueCommand({ SecretId: this.#secretId, SecretString, ...stages }));
  }

  /** `rotate-secret`, before Secrets Manager calls the rotation function. Returns the version that is rotated to. */
  async beginRotation(): Promise<string> {
    const { VersionId = '' } = await this.client.send(new RotateSecretCommand({ SecretId: this.#secretId }));
    return VersionId;
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
