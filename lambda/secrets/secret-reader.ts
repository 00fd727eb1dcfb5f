// Reads one version of the credential's secret. If it can't be read, the error tells the operator what to do. Secrets
// Manager's own messages stay out of errors.

import {
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { systemCodeOf, VendingError } from '../errors.ts';
import type { Credential } from '../oauth/credential.ts';
import {
  DEFAULT_SECRET_FIELDS,
  readCredential,
  type SecretFields,
  type SecretValue,
  secretJson,
} from './secret-value.ts';

export interface SecretReaderProps {
  readonly client: Pick<SecretsManagerClient, 'send'>;
  /** The name or ARN of the secret. */
  readonly secretId: string;
  /** @default client_id and client_secret */
  readonly secretFields?: SecretFields | undefined;
  /** The region, for the command that an operator is told to run. */
  readonly region: string;
}

export class SecretReader {
  readonly #props: SecretReaderProps;
  readonly #fields: SecretFields;

  constructor(props: SecretReaderProps) {
    this.#props = props;
    this.#fields = props.secretFields ?? DEFAULT_SECRET_FIELDS;
  }

  /**
   * @param version a version's ID or label. @default AWSCURRENT
   * @throws VendingError `misconfigured` if there is no credential or it may not be read, else `unavailable`
   */
  async read(version: Pick<GetSecretValueCommandInput, 'VersionId' | 'VersionStage'> = {}): Promise<Credential> {
    const { client, secretId } = this.#props;
    let answer: SecretValue & { VersionId?: string | undefined };
    try {
      answer = await client.send(new GetSecretValueCommand({ SecretId: secretId, ...version }));
    } catch (error) {
      throw this.#failure(error);
    }
    const credential = readCredential(answer, this.#fields, answer.VersionId ?? '');
    if (typeof credential === 'string') throw this.#noCredential(`secret ${secretId} ${credential}`);
    return credential;
  }

  #failure(error: unknown): VendingError {
    const { secretId, region } = this.#props;
    const systemCode = systemCodeOf(error);
    const name = error instanceof Error ? error.name : '';
    if (name === 'ResourceNotFoundException') {
      return this.#noCredential(`secret ${secretId} does not exist or has no value`, systemCode);
    }
    if (name === 'InvalidRequestException') {
      const command = `aws secretsmanager restore-secret --region ${region} --secret-id ${secretId}`;
      const problem = `secret ${secretId} is scheduled for deletion; to keep it, run: ${command}`;
      return new VendingError('misconfigured', problem, { systemCode });
    }
    if (name === 'AccessDeniedException' || name === 'DecryptionFailure') {
      const advice = 'check the policies of the secret and its KMS key';
      const problem = `this function may not read secret ${secretId} (${name}); ${advice}`;
      return new VendingError('misconfigured', problem, { systemCode });
    }
    return new VendingError('unavailable', 'Secrets Manager could not be reached', {
      retryAfterSeconds: 5,
      systemCode,
    });
  }

  #noCredential(problem: string, systemCode?: string): VendingError {
    const { secretId, region } = this.#props;
    const value = secretJson(this.#fields, 'YOUR_CLIENT_ID', 'YOUR_CLIENT_SECRET');
    const command = `aws secretsmanager put-secret-value --region ${region} --secret-id ${secretId} --secret-string '${value}'`;
    return new VendingError('misconfigured', `${problem}; put the credential there: ${command}`, { systemCode });
  }
}

/** Whether Secrets Manager itself denied the secret: it may not be read, or it is gone. */
export function isDenied(error: unknown): boolean {
  return error instanceof VendingError && error.code === 'misconfigured' && error.systemCode !== undefined;
}

/** Whether a version does not exist or holds no credential, so that it will never open a token. */
export function isGone(error: unknown): boolean {
  if (!(error instanceof VendingError) || error.code !== 'misconfigured') return false;
  return error.systemCode === undefined || error.systemCode === 'ResourceNotFoundException';
}
