// The commands of the AWS CLI that a failed rotation tells the operator to run.

import { CANDIDATE, PENDING } from './staged-secret.ts';

export class OperatorCommands {
  readonly #secret: string;

  /** @param secretId the secret's name or ARN */
  constructor(secretId: string, region: string) {
    this.#secret = `--region ${region} --secret-id ${secretId}`;
  }

  /** Stages a candidate. */
  stage(): string {
    const options = `--version-stages ${CANDIDATE} --secret-string file://credential.json`;
    return `aws secretsmanager put-secret-value ${this.#secret} ${options}`;
  }

  /** Starts a rotation. */
  rotate(): string {
    return `aws secretsmanager rotate-secret ${this.#secret}`;
  }

  /** Ends the rotation to a version, so that the next one can begin. */
  endRotation(version: string): string {
    const options = `--version-stage ${PENDING} --remove-from-version-id ${version}`;
    return `aws secretsmanager update-secret-version-stage ${this.#secret} ${options}`;
  }
}
