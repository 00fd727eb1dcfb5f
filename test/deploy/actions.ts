// Every action of AWS that can be tried: the operations in the service models of botocore, which comes with the AWS CLI,
// and the actions that are not operations.

import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { miniStackPython } from '../../testbed/ministack.ts';

/** Actions that have another name than their operation, or none, of the services that the roles use. */
const NO_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  dynamodb: [
    'ConditionCheckItem',
    'PartiQLDelete',
    'PartiQLInsert',
    'PartiQLSelect',
    'PartiQLUpdate',
    'StartAwsBackupJob',
  ],
  iam: ['PassRole'],
  kms: ['ReEncryptFrom', 'ReEncryptTo'],
  lambda: ['DisableReplication', 'EnableReplication', 'InvokeFunction', 'InvokeFunctionUrl'],
  logs: [
    'CreateLogDelivery',
    'DeleteLogDelivery',
    'GetLogDelivery',
    'Link',
    'ListLogDeliveries',
    'Unmask',
    'UpdateLogDelivery',
  ],
  s3: [
    'DeleteObjectVersion',
    'GetObjectVersion',
    'ListAllMyBuckets',
    'ListBucket',
    'ListBucketVersions',
    'PutObjectAcl',
  ],
  sts: ['GetServiceBearerToken', 'SetContext', 'SetSourceIdentity', 'TagSession'],
};

interface ServiceModel {
  readonly metadata: { readonly endpointPrefix: string; readonly signingName?: string };
  readonly operations: Readonly<Record<string, unknown>>;
}

/**
 * All actions as `service:Action`, about 25,000. IAM's name of a service is one of three in its model. An action under a
 * name that IAM doesn't know makes no difference here.
 */
export async function everyAction(): Promise<string[]> {
  const data = await modelsDirectory();
  const actions = new Set(Object.entries(NO_OPERATIONS).flatMap(([service, names]) => withService(service, names)));
  for (const folder of await readdir(data)) {
    for (const { metadata, operations } of await modelsOf(join(data, folder))) {
      for (const service of new Set([metadata.endpointPrefix, metadata.signingName ?? folder, folder])) {
        for (const action of withService(service, Object.keys(operations))) actions.add(action);
      }
    }
  }
  return [...actions].sort();
}

async function modelsDirectory(): Promise<string> {
  const libraries = join(miniStackPython.folder, 'lib');
  const [python = ''] = (await readdir(libraries)).filter((name) => name.startsWith('python'));
  return join(libraries, python, 'site-packages/botocore/data');
}

/** A service's folder has a model for each version of its API. The files beside these folders are no models. */
async function modelsOf(directory: string): Promise<ServiceModel[]> {
  if (directory.endsWith('.gz') || directory.endsWith('.json')) return [];
  const files = (await readdir(directory)).map((version) => join(directory, version, 'service-2.json.gz'));
  return await Promise.all(
    files
      .filter(existsSync)
      .map(async (file) => JSON.parse(gunzipSync(await readFile(file)).toString()) as ServiceModel),
  );
}

const withService = (service: string, names: readonly string[]) => names.map((name) => `${service}:${name}`);
