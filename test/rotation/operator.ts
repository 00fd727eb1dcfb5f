// The operator, and what Secrets Manager does after `rotate-secret`: it calls the rotation function with the four steps.

import { systemClock } from '../../lambda/clock.ts';
import { createRotateFunction, type RotateFunction } from '../../lambda/rotate/rotate-function.ts';
import { LOCAL_REGION } from '../../local/names.ts';
import { SecretOperator } from '../../testbed/secret-operator.ts';

export interface OperatorProps {
  readonly secretsManagerUrl: string;
  readonly secretId: string;
  readonly tokenEndpoint: string;
}

export class Operator extends SecretOperator {
  readonly #rotateFunction: RotateFunction;

  constructor({ secretsManagerUrl, secretId, tokenEndpoint }: OperatorProps) {
    super(secretsManagerUrl, secretId);
    const profiles = { default: {} };
    const clientAuthentication = 'client_secret_post';
    this.#rotateFunction = createRotateFunction(
      { stackName: 'TokenVending', credential: 'emporix', secretId, tokenEndpoint, clientAuthentication, profiles },
      {
        secretsManager: this.client,
        region: LOCAL_REGION,
        clock: systemClock,
        random: Math.random,
        write: () => {},
      },
    );
  }

  /**
   * `rotate-secret`.
   * @throws VendingError, which says what is wrong with the candidate
   */
  async rotate(): Promise<void> {
    await this.runSteps(this.#rotateFunction, await this.beginRotation());
  }
}
