// The rules that record reads of a secret, judged by AWS's own matcher with events in the form that CloudTrail gives them.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Suite } from '../../../testbed/suite.ts';
import { deployed, roleId, secretArn } from './deployed.ts';
import { findEventRuler, matches } from './event-ruler.ts';

interface Rule {
  readonly Type: string;
  readonly Properties: { readonly EventPattern: object };
}

const ACCOUNT = '111122223333';

/** What a caller's event says of it. */
const sessionOf = (issuerId: string, role: string) => ({
  type: 'AssumedRole',
  principalId: `${issuerId}:session`,
  arn: `arn:aws:sts::${ACCOUNT}:assumed-role/${role}/session`,
  accountId: ACCOUNT,
  accessKeyId: 'ASIAEXAMPLE',
  sessionContext: {
    sessionIssuer: {
      type: 'Role',
      principalId: issuerId,
      arn: `arn:aws:iam::${ACCOUNT}:role/${role}`,
      accountId: ACCOUNT,
      userName: role,
    },
    attributes: { creationDate: '2026-11-01T10:00:00Z', mfaAuthenticated: 'false' },
  },
});
const USER = {
  type: 'IAMUser',
  principalId: 'AIDAEXAMPLE',
  arn: `arn:aws:iam::${ACCOUNT}:user/jo`,
  accountId: ACCOUNT,
  accessKeyId: 'AKIAEXAMPLE',
  userName: 'jo',
};
const CONSOLE = { sessionContext: { attributes: { creationDate: '2026-11-01T10:00:00Z', mfaAuthenticated: 'true' } } };
const ROOT = { type: 'Root', principalId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, accountId: ACCOUNT };
const OTHER_ACCOUNT = { type: 'AWSAccount', principalId: 'AROAOTHER:session', accountId: '444455556666' };
const SERVICE = { type: 'AWSService', invokedBy: 'secretsmanager.amazonaws.com' };

const read = (userIdentity: object, secretId: string, more: object = {}) => ({
  version: '0',
  id: '6a7e8feb-b491-4cf7-a9f1-bf3703467718',
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.secretsmanager',
  account: ACCOUNT,
  time: '2026-11-01T10:04:00Z',
  region: 'eu-central-1',
  resources: [],
  detail: {
    eventVersion: '1.11',
    userIdentity,
    eventTime: '2026-11-01T10:00:30Z',
    eventSource: 'secretsmanager.amazonaws.com',
    eventName: 'GetSecretValue',
    awsRegion: 'eu-central-1',
    requestParameters: { secretId, versionStage: 'AWSCURRENT' },
    responseElements: null,
    readOnly: true,
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: ACCOUNT,
    eventCategory: 'Management',
    ...more,
  },
});

type Sample = readonly [who: string, isRecorded: boolean, event: object];

/** Reads of the one credential of the default configuration, by its logical IDs. */
function samples(secret: string, functions: readonly string[]): readonly Sample[] {
  const arn = secretArn(secret);
  const partial = arn.replace(/-\w{6}$/, '');
  const name = partial.replace(/.*:/, '');
  const stranger = sessionOf('AROASTRANGER', 'orders');
  return [
    ...functions.map((id) => [`the function with ${id}`, false, read(sessionOf(roleId(id), id), arn)] as const),
    ['the function, by name', false, read(sessionOf(roleId(functions[0] ?? ''), 'vend'), name)],
    ['a role, by ARN', true, read(stranger, arn)],
    ['a role, by partial ARN', true, read(stranger, partial)],
    ['a role, by name', true, read(stranger, name)],
    ['a role of the name of a function that was removed', true, read(sessionOf('AROAOTHER', functions[0] ?? ''), arn)],
    ['an IAM user', true, read(USER, arn)],
    ['an IAM user, by name', true, read(USER, name)],
    ['an IAM user in the console', true, read({ ...USER, ...CONSOLE }, arn)],
    ['root', true, read(ROOT, arn)],
    ['root in the console', true, read({ ...ROOT, ...CONSOLE }, name)],
    ['a principal of another account', true, read(OTHER_ACCOUNT, arn)],
    ['a service', true, read(SERVICE, arn)],
    ['a role that is refused', true, read(stranger, arn, { errorCode: 'AccessDenied' })],
    ['a role, of another secret', false, read(stranger, secretArn('Other'))],
    ['a role, of a secret whose name begins with this one', false, read(stranger, `${name}-2`)],
    ['an IAM user, of another secret', false, read(USER, 'other')],
    ['a role that only describes the secret', false, read(stranger, arn, { eventName: 'DescribeSecret' })],
  ];
}

export async function checkSecretReads(suite: Suite, templateFile: string): Promise<void> {
  const found = await findEventRuler();
  if ('missing' in found) return suite.skip('reads of a secret by others are recorded', found.missing);
  const { Resources } = JSON.parse(await readFile(templateFile, 'utf8')) as { Resources: Record<string, Rule> };
  const idsOf = (type: string, construct: string) =>
    Object.keys(Resources).filter((id) => Resources[id]?.Type === type && id.startsWith(construct));
  const [secret = ''] = idsOf('AWS::SecretsManager::Secret', '');
  const [rule = '', ...others] = idsOf('AWS::Events::Rule', 'SecretReads');
  assert.deepEqual(others, []);
  const pattern = deployed(Resources[rule]?.Properties.EventPattern) as object;
  const functions = [...idsOf('AWS::IAM::Role', 'Profile'), ...idsOf('AWS::IAM::Role', 'Credential')];
  assert.equal(functions.length, 2);
  const all = samples(secret, functions);
  const matched = await matches(
    found.folder,
    pattern,
    all.map(([, , event]) => event),
  );
  for (const [index, [who, isRecorded]] of all.entries()) {
    await suite.check(`a read by ${who} is ${isRecorded ? '' : 'not '}recorded`, async () => {
      assert.equal(matched[index], isRecorded);
    });
  }
}
