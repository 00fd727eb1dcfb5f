// What a change of the configuration does to a deployed stack. Callers know URLs, aliases and policies, operators put
// credentials into secrets, and logs are a record: none of these is replaced or removed unless the documentation says so.
// The judge is the library of `cdk diff`, with AWS's own specification of what an update of each property does.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diffTemplate, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import { describe, expect, it } from '@jest/globals';
import { propertyDocs } from '../../lib/config-schema.ts';
import { DEFAULT_THRESHOLDS } from '../../operating/alarms.ts';
import { ACCOUNT, REGION, synthesize } from './synth.ts';

const LASTING = [
  'AWS::DynamoDB::Table',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::Alias',
  'AWS::Lambda::Function',
  'AWS::Lambda::Url',
  'AWS::Logs::LogGroup',
  'AWS::SSM::Parameter',
  'AWS::SecretsManager::Secret',
];
const HARMLESS = [ResourceImpact.NO_CHANGE, ResourceImpact.WILL_UPDATE, ResourceImpact.WILL_CREATE];

type Template = Record<string, unknown>;

/** Each lasting resource that an update replaces, may replace or removes: `WILL_REPLACE AWS::Lambda::Url of ID`. */
function lost(before: Template, after: Template): string[] {
  const { resources } = diffTemplate(before, after);
  return resources.logicalIds
    .map((id) => ({ id, change: resources.get(id) }))
    .filter(({ change }) => LASTING.includes(change.oldResourceType ?? '') && !HARMLESS.includes(change.changeImpact))
    .map(({ id, change }) => `${change.changeImpact} ${change.oldResourceType} of ${id.replace(/[0-9A-F]{8}$/, '')}`)
    .sort();
}

const templateOf = (raw: unknown): Template => synthesize(raw).toJSON();

const key = (last: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-12345678900${last}`;
const secretArn = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:shop-AbCd12`;
const topic = (name: string) => `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
const OTHER_THRESHOLDS = Object.fromEntries(Object.keys(DEFAULT_THRESHOLDS).map((setting) => [setting, 99]));
const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const shop = (config: object, more: object = {}) => ({
  credentials: { shop: config },
  profiles: { orders: {} },
  ...more,
});
const orders = (config: object) => shop({}, { profiles: { orders: config } });
const stack = (config: object) => shop({}, config);
const two = (credential: string) => ({ credentials: { shop: {}, erp: {} }, profiles: { orders: { credential } } });

/** A configuration before and after, and the keys that differ. Each change is made, and undone again. */
const CHANGES: readonly (readonly [keys: string, before: object, after: object])[] = [
  ['tokenEndpoint', shop({}), shop({ tokenEndpoint: 'https://login.example.com/token' })],
  ['secretKeyArn', shop({ secretArn }), shop({ secretArn, secretKeyArn: key('1') })],
  ['secretFields, clientId', shop({}), shop({ secretFields: { clientId: 'key' } })],
  ['clientSecret', shop({ secretFields: { clientId: 'a' } }), shop({ secretFields: { clientSecret: 'b' } })],
  ['clientAuthentication', shop({}), shop({ clientAuthentication: 'client_secret_basic' })],
  ['tenant', shop({}), shop({ tenant: 'shop' })],
  ['parameters', shop({}), shop({ parameters: { audience: 'api' } })],
  ['credential', two('shop'), two('erp')],
  ['scopes', orders({}), orders({ scopes: ['a'] })],
  ['scopes', orders({ scopes: ['a'] }), orders({ scopes: ['b'] })],
  ['callers', orders({}), orders({ callers: [role('a')] })],
  ['callers', orders({ callers: [role('a')] }), orders({ callers: [role('b'), role('a')] })],
  ['organizationId', orders({}), orders({ organizationId: 'o-a1b2c3d4e5' })],
  ['organizationId', orders({ organizationId: 'o-a1b2c3d4e5' }), orders({ organizationId: 'o-b1b2c3d4e5' })],
  ['reservedConcurrency', orders({}), orders({ reservedConcurrency: 20 })],
  ['reservedConcurrency', orders({ reservedConcurrency: 20 }), orders({ reservedConcurrency: 0 })],
  ['memoryMb', stack({}), stack({ memoryMb: 1024 })],
  ['logRetentionDays', stack({}), stack({ logRetentionDays: 365 })],
  ['deployment, strategy', stack({}), stack({ deployment: { strategy: 'canary' } })],
  [
    'deployment and memoryMb, which publishes a version',
    stack({ memoryMb: 512 }),
    stack({ memoryMb: 1024, deployment: { strategy: 'canary' } }),
  ],
  ['encryptionKeyArn', stack({}), stack({ encryptionKeyArn: key('1') })],
  ['encryptionKeyArn', stack({ encryptionKeyArn: key('1') }), stack({ encryptionKeyArn: key('2') })],
  ['strictSecretPolicy, administrators', stack({}), stack({ strictSecretPolicy: { administrators: [role('a')] } })],
  [
    'administrators',
    stack({ strictSecretPolicy: { administrators: [role('a')] } }),
    stack({ strictSecretPolicy: { administrators: [role('b')] } }),
  ],
  ['canaryEveryMinutes', orders({ canaryEveryMinutes: 5 }), orders({ canaryEveryMinutes: 10 })],
  [`alarms, ${Object.keys(DEFAULT_THRESHOLDS)}`, stack({}), stack({ alarms: OTHER_THRESHOLDS })],
  ['alarmTopicArn', stack({}), stack({ alarmTopicArn: topic('a') })],
  ['alarmTopicArn', stack({ alarmTopicArn: topic('a') }), stack({ alarmTopicArn: topic('b') })],
  ['alarmEmail', stack({}), stack({ alarmEmail: 'oncall@example.com' })],
  ['alarmEmail', stack({ alarmEmail: 'a@example.com' }), stack({ alarmEmail: 'b@example.com' })],
];

const ROTATION = [
  'WILL_DESTROY AWS::Lambda::Function of CredentialShopRotationFunction',
  'WILL_DESTROY AWS::Logs::LogGroup of CredentialShopRotationLogs',
];
const SECRET_LEFT = 'WILL_ORPHAN AWS::SecretsManager::Secret of CredentialShopSecret';
const SECRET_REPLACED = 'WILL_REPLACE AWS::SecretsManager::Secret of CredentialShopSecret';
const CANARY = [
  'WILL_DESTROY AWS::Lambda::Function of ProfileOrdersCanaryFunction',
  'WILL_DESTROY AWS::Logs::LogGroup of ProfileOrdersCanaryLogs',
];
const PROFILE = [
  'WILL_DESTROY AWS::IAM::ManagedPolicy of ProfileOrdersVendPolicy',
  'WILL_DESTROY AWS::Lambda::Alias of ProfileOrdersFunctionAliaslive',
  'WILL_DESTROY AWS::Lambda::Function of ProfileOrdersFunction',
  'WILL_DESTROY AWS::Lambda::Url of ProfileOrdersFunctionAliasliveFunctionUrl',
  'WILL_DESTROY AWS::Logs::LogGroup of ProfileOrdersLogs',
  'WILL_DESTROY AWS::SSM::Parameter of ProfileOrdersUrlParameter',
];

/** The keys that docs/configuration.md announces, and what is lost by the change and by its way back. */
const ANNOUNCED: readonly [
  key: string,
  before: object,
  after: object,
  lost: readonly string[],
  lostOnTheWayBack: readonly string[],
][] = [
  ['secretName', shop({}), shop({ secretName: 'a' }), [SECRET_REPLACED], [SECRET_REPLACED]],
  ['secretName', shop({ secretName: 'a' }), shop({ secretName: 'b' }), [SECRET_REPLACED], [SECRET_REPLACED]],
  ['secretArn', shop({}), shop({ secretArn }), [...ROTATION, SECRET_LEFT], []],
  ['rotation', shop({}), shop({ rotation: false }), ROTATION, []],
  ['credentials', two('erp'), { ...two('erp'), credentials: { erp: {} } }, [...ROTATION, SECRET_LEFT], []],
  [
    'recordSecretReads',
    stack({ recordSecretReads: true }),
    stack({}),
    ['WILL_DESTROY AWS::Logs::LogGroup of SecretReadsLogs'],
    [],
  ],
  ['canaryEveryMinutes', orders({ canaryEveryMinutes: 5 }), orders({}), CANARY, []],
  ['profiles', { profiles: { orders: {}, admin: {} } }, { profiles: { admin: {} } }, PROFILE, []],
];

describe('no update replaces or removes what lasts, if this changes', () => {
  it.each(CHANGES)('%s', (_, before, after) => {
    const templates = [templateOf(before), templateOf(after)] as const;
    expect(templates[0]).not.toEqual(templates[1]);
    expect(lost(templates[0], templates[1])).toEqual([]);
    expect(lost(templates[1], templates[0])).toEqual([]);
  });
});

describe('an update loses what the documentation announces, and no more, if this changes', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
  const [, section = ''] = /^## What a change replaces\n([\s\S]*?)^## /m.exec(page) ?? [];

  it.each(ANNOUNCED)('%s', (announced, before, after, lostByIt, lostOnTheWayBack) => {
    expect(section).toContain(`| \`${announced}\``);
    expect(lost(templateOf(before), templateOf(after))).toEqual(lostByIt);
    expect(lost(templateOf(after), templateOf(before))).toEqual(lostOnTheWayBack);
  });
});

it('each key of the configuration is changed here', () => {
  const changed = [...CHANGES, ...ANNOUNCED].flatMap(([keys]) => keys.match(/\w+/g) ?? []);
  expect([...propertyDocs().keys()].filter((name) => !changed.includes(name))).toEqual([]);
});
