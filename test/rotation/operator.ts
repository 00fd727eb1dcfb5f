// The operator, and what Secrets Manager does after `rotate-secret`: it calls the rotation function with the four steps.

import { systemClock } from '../../lambda/clock.ts';
import { TokenEndpoint } from '../../lambda/oauth/token-endpoint.ts';
import { Rotation } from '../../lambda/rotate/rotation.ts';
import { RotationLog } from '../../lambda/rotate/rotation-log.ts';
import { StagedSecret } from '../../lambda/rotate/staged-secret.ts';
import { Trial } from '../../lambda/rotate/trial.ts';
import { LOCAL_REGION } from '../../local/names.ts';
import { SecretOperator } from '../../testbed/secret-operator.ts';

const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

export interface OperatorProps {
  readonly secretsManagerUrl: string;
  readonly secretId: string;
  readonly tokenEndpoint: string;
}

export class Operator extends SecretOperator {
  readonly #secretId: string;
  readonly #rotation: Rotation;

  constructor({ secretsManagerUrl, secretId, tokenEndpoint: url }: OperatorProps) {
    super(secretsManagerUrl, secretId);
    this.#secretId = secretId;
    const clock = systemClock;
    const clientAuthentication = 'client_secret_post';
    const tokenEndpoint = new TokenEndpoint({ url, clientAuthentication, clock, random: Math.random });
    this.#rotation = new Rotation({
      secret: new StagedSecret(this.client, secretId),
      trial: new Trial({ profiles: { default: {} }, tokenEndpoint, clock }),
      log: new RotationLog({ credential: 'emporix', clock, write: () => {} }),
      secretId,
      region: LOCAL_REGION,
    });
  }

  /**
   * `rotate-secret`.
   * @throws VendingError, which says what is wrong with the candidate
   */
  async rotate(): Promise<void> {
    const ClientRequestToken = await this.beginRotation();
    for (const Step of STEPS) await this.#rotation.run({ Step, SecretId: this.#secretId, ClientRequestToken });
  }
}
