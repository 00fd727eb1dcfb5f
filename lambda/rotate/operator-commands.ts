// The commands of the AWS CLI that a failed rotation tells the operator to run.

import { type SecretFields, secretJson } from '../secrets/secret-value.ts';
import { CANDIDATE, PENDING } from './staged-secret.ts';

export class OperatorCommands {
  readonly #secret: string;
  readonly #fields: SecretFields;

  /** @param secretId the secret's name or ARN */
  constructor(secretId: string, fields: SecretFields, region: string) {
    this.#fields = fields;
    this.#secret = `--region ${region} --secret-id ${secretId}`;
  }

  /** Stages a candidate, and says what its file holds. */
  stage(): string {
    const options = `--version-stages ${CANDIDATE} --secret-string file://credential.json`;
    const file = `credential.json holds ${secretJson(this.#fields, '…', '…')}`;
    return `aws secretsmanager put-secret-value ${this.#secret} ${options}; ${file}`;
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
