// The app as it is deployed for the test: its outputs, and the one thing that MiniStack lacks.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Account, policy } from './account.ts';

export interface Outputs {
  readonly CredentialEmporixSecretName: string;
  readonly ProfileOrdersUrl: string;
  readonly ProfileOrdersFunctionName: string;
  readonly ProfileReaderUrl: string;
  readonly ProfileReaderFunctionName: string;
  readonly TokenTableName: string;
}

/** Two profiles: one that names a role as its caller, one that is granted by its managed policy. */
export async function deploy(
  { cdk }: Account,
  directory: string,
  tokenEndpoint: string,
  caller: string,
): Promise<Outputs> {
  const outputsFile = join(directory, 'outputs.json');
  const overrides = {
    'credentials.emporix.tokenEndpoint': tokenEndpoint,
    'profiles.orders.callers': JSON.stringify([caller]),
    'profiles.orders.scopes': JSON.stringify(['order.order_read', 'product.product_manage']),
    'profiles.reader.scopes': JSON.stringify(['product.product_read_unpublished']),
  };
  const context = Object.entries(overrides).flatMap(([key, value]) => ['-c', `tokenVending:${key}=${value}`]);
  await cdk('deploy', '--require-approval', 'never', '--outputs-file', outputsFile, ...context);
  const { TokenVending } = JSON.parse(await readFile(outputsFile, 'utf8')) as { TokenVending: Record<string, string> };
  const expected = ['CredentialEmporixSecretName', 'ProfileOrdersFunctionName', 'ProfileOrdersUrl'];
  const more = ['ProfileReaderFunctionName', 'ProfileReaderUrl', 'TokenTableName'];
  assert.deepEqual(Object.keys(TokenVending).sort(), [...expected, ...more]);
  return TokenVending as unknown as Outputs;
}

/**
 * In MiniStack `Ref` of a secret is its name, in AWS its ARN: the role's policy, which names the secret by `Ref`, matches
 * nothing there. So the secret's ARN is put into it, after the deploy.
 */
export async function allowSecretByArn({ aws }: Account, outputs: Outputs): Promise<void> {
  const secretId = outputs.CredentialEmporixSecretName;
  const { ARN } = await aws<{ ARN: string }>('secretsmanager', 'describe-secret', '--secret-id', secretId);
  const document = policy({ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: ARN });
  for (const name of [outputs.ProfileOrdersFunctionName, outputs.ProfileReaderFunctionName]) {
    const { Role } = await aws<{ Role: string }>('lambda', 'get-function-configuration', '--function-name', name);
    const role = ['--role-name', String(Role.split('/').at(-1))];
    await aws('iam', 'put-role-policy', ...role, '--policy-name', 'SecretByArn', '--policy-document', document);
  }
}
