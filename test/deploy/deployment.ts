// The app as it is deployed for the test: its outputs, and what MiniStack lacks.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
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
  { cdk, outdir }: Account,
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
  await cdk('synth', '--quiet', ...context);
  await leaveOutWhatIsRefused(join(outdir, 'TokenVending.template.json'));
  await cdk('deploy', '--app', outdir, '--require-approval', 'never', '--outputs-file', outputsFile);
  const { TokenVending } = JSON.parse(await readFile(outputsFile, 'utf8')) as { TokenVending: Record<string, string> };
  const expected = ['CredentialEmporixSecretName', 'ProfileOrdersFunctionName', 'ProfileOrdersUrl'];
  const more = ['ProfileReaderFunctionName', 'ProfileReaderUrl', 'TokenTableName'];
  assert.deepEqual(Object.keys(TokenVending).sort(), [...expected, ...more]);
  return TokenVending as unknown as Outputs;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** MiniStack knows no rotation schedules, and no alarms on metric math: what is synthesized is deployed without them. */
function isRefused({ Type, Properties }: Resource): boolean {
  if (Type === 'AWS::SecretsManager::RotationSchedule') return true;
  return Type === 'AWS::CloudWatch::Alarm' && Properties?.Metrics !== undefined;
}

async function leaveOutWhatIsRefused(file: string): Promise<void> {
  const template = JSON.parse(await readFile(file, 'utf8')) as { Resources: Record<string, Resource> };
  const kept = Object.entries(template.Resources).filter(([, resource]) => !isRefused(resource));
  await writeFile(file, JSON.stringify({ ...template, Resources: Object.fromEntries(kept) }));
}

/**
 * In MiniStack `Ref` of a secret is its name, in AWS its ARN: the role's policy, which names the secret by `Ref`, matches
 * nothing there. So the secret's ARN is put into it, after the deploy.
 */
export async function allowSecretByArn({ aws }: Account, outputs: Outputs, rotationFunction: string): Promise<void> {
  const secretId = outputs.CredentialEmporixSecretName;
  const { ARN } = await aws<{ ARN: string }>('secretsmanager', 'describe-secret', '--secret-id', secretId);
  const rotate = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
  const allowed = [
    [outputs.ProfileOrdersFunctionName, ['GetSecretValue']],
    [outputs.ProfileReaderFunctionName, ['GetSecretValue']],
    [rotationFunction, rotate],
  ] as const;
  for (const [name, operations] of allowed) {
    const { Role } = await aws<{ Role: string }>('lambda', 'get-function-configuration', '--function-name', name);
    const role = ['--role-name', String(Role.split('/').at(-1))];
    const Action = operations.map((operation) => `secretsmanager:${operation}`);
    const document = policy({ Effect: 'Allow', Action, Resource: ARN });
    await aws('iam', 'put-role-policy', ...role, '--policy-name', 'SecretByArn', '--policy-document', document);
  }
}

/** The name of the credential's rotation function, which is no output: Secrets Manager calls it, nobody else. */
export async function rotationFunctionOf({ aws }: Account): Promise<string> {
  const { Functions } = await aws<{ Functions: { FunctionName: string }[] }>('lambda', 'list-functions');
  const [name, ...others] = Functions.map(({ FunctionName }) => FunctionName).filter((each) => /Rotation/.test(each));
  assert.ok(name !== undefined && others.length === 0);
  return name;
}
