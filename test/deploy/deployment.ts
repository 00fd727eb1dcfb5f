// Deploys the app for the suite, with changes for what MiniStack lacks, and reads its outputs.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from './account.ts';
import type { FunctionRole } from './function-roles.ts';

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
    // Its canary doesn't run by itself while the suite lasts.
    'profiles.reader.canaryEveryMinutes': '60',
    'profiles.reader.scopes': JSON.stringify(['product.product_read_unpublished']),
  };
  const context = Object.entries(overrides).flatMap(([key, value]) => ['-c', `tokenVending:${key}=${value}`]);
  await cdk('synth', '--quiet', ...context);
  await leaveOutWhatIsRefused(join(outdir, 'TokenVending.template.json'));
  await cdk('deploy', '--app', outdir, '--require-approval', 'never', '--outputs-file', outputsFile);
  const { TokenVending } = JSON.parse(await readFile(outputsFile, 'utf8')) as { TokenVending: Record<string, string> };
  const ofProfiles = ['Orders', 'Reader'].flatMap((name) =>
    ['FunctionName', 'TokenEndpoint', 'Url'].map((output) => `Profile${name}${output}`),
  );
  const expected = ['CredentialEmporixSecretName', ...ofProfiles, 'TokenTableName'];
  assert.deepEqual(Object.keys(TokenVending).sort(), expected);
  return TokenVending as unknown as Outputs;
}

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

const UNKNOWN_TYPES = [
  'AWS::SecretsManager::RotationSchedule',
  'AWS::Logs::QueryDefinition',
  'AWS::CloudWatch::CompositeAlarm',
];

/**
 * MiniStack knows neither these resources nor alarms on metric math. The rest is deployed as it is synthesized, with all
 * alarms on one metric.
 */
function isRefused({ Type, Properties }: Resource): boolean {
  return UNKNOWN_TYPES.includes(Type) || (Type === 'AWS::CloudWatch::Alarm' && Properties?.Metrics !== undefined);
}

async function leaveOutWhatIsRefused(file: string): Promise<void> {
  const template = JSON.parse(await readFile(file, 'utf8')) as { Resources: Record<string, Resource> };
  const resources = Object.entries(template.Resources);
  const kept = resources.filter(([, resource]) => !isRefused(resource));
  const leftOut = resources.filter(([, resource]) => isRefused(resource));
  const text = JSON.stringify({ ...template, Resources: Object.fromEntries(kept) });
  // The dashboard refers to alarms.
  const withoutReferences = leftOut.reduce(
    (rest, [id]) => rest.replaceAll(`{"Fn::GetAtt":["${id}","Arn"]}`, JSON.stringify(id)),
    text,
  );
  await writeFile(file, withoutReferences);
}

/**
 * In MiniStack `Ref` of a secret is its name; in AWS it is its ARN. The roles' policies name the secret by `Ref`, so they
 * match nothing there. After the deploy the ARN replaces the name in them, and nothing else is changed.
 */
export async function allowSecretByArn(
  { aws }: Account,
  secretName: string,
  roles: readonly FunctionRole[],
): Promise<string> {
  const { ARN } = await aws<{ ARN: string }>('secretsmanager', 'describe-secret', '--secret-id', secretName);
  for (const { roleName, policies } of roles) {
    for (const [name, document] of Object.entries(policies)) {
      const byArn = JSON.stringify(document).replaceAll(`"${secretName}"`, `"${ARN}"`);
      const args = ['--role-name', roleName, '--policy-name', name, '--policy-document', byArn];
      await aws('iam', 'put-role-policy', ...args);
    }
  }
  return ARN;
}

/** The name of the only function whose name holds this. A function that only AWS's own services call is no output. */
export async function functionNameOf({ aws }: Account, part: RegExp): Promise<string> {
  const { Functions } = await aws<{ Functions: { FunctionName: string }[] }>('lambda', 'list-functions');
  const [name, ...others] = Functions.map(({ FunctionName }) => FunctionName).filter((each) => part.test(each));
  assert.ok(name !== undefined && others.length === 0);
  return name;
}
