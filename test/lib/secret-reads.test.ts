// The record of secret reads: what is deployed for it. Which events its rules match is judged by AWS's own matcher in
// `npm run test:template`.

import { describe, expect, it, test } from '@jest/globals';
import { ACCOUNT, onlyResource, REGION, resourcesOf, synthesize } from './synth.ts';

const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const RECORD = { recordSecretReads: true };
const TWO = {
  credentials: { shop: {}, erp: {} },
  profiles: { orders: { credential: 'shop' }, admin: { credential: 'shop' }, books: { credential: 'erp' } },
};
const foreign = (account: string) => ({
  credentials: {
    shop: { secretArn: `arn:aws:secretsmanager:${REGION}:${account}:secret:shop-AbCd12`, secretKeyArn: KEY_ARN },
  },
  ...RECORD,
});

interface Pattern {
  readonly detail: {
    readonly requestParameters: { readonly secretId: unknown };
    readonly userIdentity: { readonly sessionContext: { readonly sessionIssuer: { readonly principalId: unknown } } };
  };
}

const patternOf = (raw: object, credential: string) => {
  const [, { Properties }] = onlyResource(synthesize(raw), 'AWS::Events::Rule', `SecretReadsCredential${credential}`);
  return (Properties.EventPattern as Pattern).detail;
};

test('by default nothing is recorded', () => {
  expect(resourcesOf(synthesize({}), 'AWS::Events::Rule')).toEqual({});
  expect(synthesize({ recordSecretReads: false }).toJSON()).toEqual(synthesize({}).toJSON());
});

describe('the rule of a credential', () => {
  const template = synthesize({ ...TWO, ...RECORD });

  it('gets reads too, which an enabled rule does not', () => {
    const rules = Object.values(resourcesOf(template, 'AWS::Events::Rule'));
    expect(rules.map(({ Properties }) => Properties.State)).toEqual([
      'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
    ]);
  });

  it.each([
    ['Shop', ['ProfileOrdersRole', 'ProfileAdminRole', 'CredentialShopRotationRole']],
    ['Erp', ['ProfileBooksRole', 'CredentialErpRotationRole']],
  ])('leaves out the roles of its own functions, by their unique IDs: %s', (credential, roles) => {
    const ids = roles.map((role) => {
      return { 'Fn::GetAtt': [onlyResource(template, 'AWS::IAM::Role', role)[0], 'RoleId'] };
    });
    const { principalId } = patternOf({ ...TWO, ...RECORD }, credential).userIdentity.sessionContext.sessionIssuer;
    expect(principalId).toEqual([{ exists: false }, { 'anything-but': ids }]);
  });

  it('is about every read where the credential has no function, because an empty list is no pattern', () => {
    const raw = { credentials: { shop: {}, erp: { rotation: false } }, profiles: { orders: { credential: 'shop' } } };
    expect(patternOf({ ...raw, ...RECORD }, 'Erp')).not.toHaveProperty('userIdentity');
    expect(patternOf({ ...raw, ...RECORD }, 'Shop')).toHaveProperty('userIdentity');
  });

  it.each([
    ['of this account, by ARN, partial ARN and name', ACCOUNT, ['shop']],
    ['of another account, which has no name here', '444455556666', []],
  ])('is about a secret that exists %s', (_, account, names) => {
    const arn = `arn:aws:secretsmanager:${REGION}:${account}:secret:shop`;
    const { secretId } = patternOf(foreign(account), 'Shop').requestParameters;
    expect(secretId).toEqual([`${arn}-AbCd12`, arn, ...names]);
  });

  it('writes to one log group, which nothing but these rules may write to', () => {
    const rules = Object.entries(resourcesOf(template, 'AWS::Events::Rule'));
    const [logs] = onlyResource(template, 'AWS::Logs::LogGroup', 'SecretReads');
    const arn = { 'Fn::Join': ['', [`arn:aws:logs:${REGION}:${ACCOUNT}:log-group:`, { Ref: logs }]] };
    for (const [, { Properties }] of rules) expect(Properties.Targets).toEqual([{ Id: 'Logs', Arn: arn }]);
    const [, { Properties }] = onlyResource(template, 'AWS::Logs::ResourcePolicy');
    const policy = JSON.stringify(Properties.PolicyDocument);
    for (const [id] of rules) expect(policy).toContain(JSON.stringify({ 'Fn::GetAtt': [id, 'Arn'] }));
    // All stacks of a region share its policies.
    expect(Properties.PolicyName).toBe('TokenVending-secret-reads');
    expect(policy.match(/Allow/g)).toHaveLength(2);
    expect(policy).not.toContain('*');
  });
});

test('a credential may have the name of a part of the record', () => {
  const raw = { credentials: { logs: {} }, profiles: { orders: { credential: 'logs' } }, ...RECORD };
  expect(patternOf(raw, 'Logs')).toHaveProperty('requestParameters');
});

test('the log group is kept as long as others, under the same key', () => {
  const template = synthesize({ ...RECORD, logRetentionDays: 365, encryptionKeyArn: KEY_ARN });
  expect(onlyResource(template, 'AWS::Logs::LogGroup', 'SecretReads')[1].Properties).toEqual({
    LogGroupName: '/aws/events/TokenVending/secret-reads',
    RetentionInDays: 365,
    KmsKeyId: KEY_ARN,
  });
});
