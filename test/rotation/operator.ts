// What an operator does with the secret, and what Secrets Manager does then: the real SDK, and the rotation function's
// own policy, called with the four steps.

import {
  DescribeSecretCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../../lambda/clock.ts';
import { TokenEndpoint } from '../../lambda/oauth/token-endpoint.ts';
import { Rotation } from '../../lambda/rotate/rotation.ts';
import { RotationLog } from '../../lambda/rotate/rotation-log.ts';
import { CANDIDATE, StagedSecret } from '../../lambda/rotate/staged-secret.ts';
import { Trial } from '../../lambda/rotate/trial.ts';
import { LOCAL_REGION, STAND_IN_CLIENT } from '../../local/names.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

export interface OperatorProps {
  readonly secretsManagerUrl: string;
  readonly secretId: string;
  readonly clientId: string;
  readonly tokenEndpoint: string;
}

export class Operator {
  readonly #props: OperatorProps;
  readonly #client: SecretsManagerClient;
  readonly #rotation: Rotation;

  constructor(props: OperatorProps) {
    this.#props = props;
    const { secretsManagerUrl, secretId, tokenEndpoint: url } = props;
    this.#client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: secretsManagerUrl });
    const clock = systemClock;
    const clientAuthentication = 'client_secret_post';
    const tokenEndpoint = new TokenEndpoint({ url, clientAuthentication, clock, random: Math.random });
    this.#rotation = new Rotation({
      secret: new StagedSecret(this.#client, secretId),
      trial: new Trial({ profiles: { default: {} }, tokenEndpoint, clock }),
      log: new RotationLog({ credential: 'emporix', clock, write: () => {} }),
      secretId,
      region: LOCAL_REGION,
    });
  }

  /** `put-secret-value`: the version is current at once, and untested. */
  async put(clientSecret: string): Promise<void> {
    await this.#put(clientSecret);
  }

  /** `put-secret-value --version-stages CANDIDATE`. */
  async stage(clientSecret: string): Promise<void> {
    await this.#put(clientSecret, [CANDIDATE]);
  }

  /**
   * `rotate-secret`.
   * @throws VendingError, which says what is wrong with the candidate
   */
  async rotate(): Promise<void> {
    const { secretId: SecretId } = this.#props;
    const { VersionId: ClientRequestToken } = await this.#client.send(new RotateSecretCommand({ SecretId }));
    for (const Step of STEPS) await this.#rotation.run({ Step, SecretId, ClientRequestToken });
  }

  /** Which version each label sits on, in an order of its own. */
  async labels(): Promise<string> {
    const { secretId: SecretId } = this.#props;
    const { VersionIdsToStages = {} } = await this.#client.send(new DescribeSecretCommand({ SecretId }));
    const labels = Object.entries(VersionIdsToStages).flatMap(([id, names]) => names.map((name) => `${name} ${id}`));
    return labels.sort().join('\n');
  }

  close(): void {
    this.#client.destroy();
  }

  async #put(clientSecret: string, VersionStages?: string[]): Promise<void> {
    const { secretId: SecretId, clientId } = this.#props;
    const SecretString = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
    await this.#client.send(
      new PutSecretValueCommand({ SecretId, SecretString, ...(VersionStages && { VersionStages }) }),
    );
  }
}
