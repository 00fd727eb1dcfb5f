// The alias `live`: callers reach a function through it alone, and a deploy moves it whenever code or configuration
// change.

import { describe, expect, it } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { allResources, allStatements, isAbout } from './statements.ts';
import { ACCOUNT, buildStack, onlyResource, resourcesOf, synthesize } from './synth.ts';

const CALLER = `arn:aws:iam::${ACCOUNT}:role/orders`;

/** The logical ID of the version, which has a hash of the function in it. */
function versionOf(raw: object): string {
  const { stack } = buildStack(raw, { bundle: true });
  return onlyResource(Template.fromStack(stack), 'AWS::Lambda::Version')[0];
}

describe('the URL of a profile', () => {
  const { stack, vending } = buildStack({
    profiles: { orders: { callers: [CALLER], organizationId: 'o-a1b2c3d4e5' } },
  });
  vending.profile('orders').grantVend(new iam.User(stack, 'User'));
  vending.profile('orders').grantVend(new iam.ArnPrincipal('arn:aws:iam::444455556666:role/orders'));
  const template = Template.fromStack(stack);
  const [functionId] = onlyResource(template, 'AWS::Lambda::Function', 'Profile');
  const [aliasId, alias] = onlyResource(template, 'AWS::Lambda::Alias');
  const [versionId] = onlyResource(template, 'AWS::Lambda::Version');

  it('is of the alias live, which points to the version that is published', () => {
    expect(alias.Properties).toEqual({
      Name: 'live',
      FunctionName: { Ref: functionId },
      FunctionVersion: { 'Fn::GetAtt': [versionId, 'Version'] },
    });
    expect(onlyResource(template, 'AWS::Lambda::Url')[1].Properties).toMatchObject({
      AuthType: 'AWS_IAM',
      TargetFunctionArn: { 'Fn::GetAtt': [functionId, 'Arn'] },
      Qualifier: 'live',
    });
  });

  it('exists only after the alias does', () => {
    expect(onlyResource(template, 'AWS::Lambda::Url')[1]).toMatchObject({ DependsOn: [aliasId] });
  });

  it('is permitted on the alias alone: no permission and no statement names the function', () => {
    const permissions = Object.values(resourcesOf(template, 'AWS::Lambda::Permission', 'Profile'));
    expect(permissions).toHaveLength(6);
    for (const { Properties } of permissions) expect(Properties.FunctionName).toEqual({ Ref: aliasId });
    const statements = allStatements(template).filter(({ statement }) =>
      JSON.stringify(statement).includes('"lambda:'),
    );
    expect(statements.map(({ type }) => type).sort()).toEqual([
      ...['AWS::IAM::ManagedPolicy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Policy', 'AWS::IAM::Policy'],
    ]);
    for (const { statement } of statements) expect(statement.Resource).toEqual({ Ref: aliasId });
  });

  it('is the only way in: lambda:InvokeFunction is never granted without the condition that the URL was called', () => {
    const granted = allStatements(template).filter(({ statement }) =>
      isAbout(statement, 'lambda:InvokeFunction', { Ref: aliasId }),
    );
    expect(granted).toHaveLength(2);
    for (const { statement } of granted) {
      expect(String(statement.Condition?.Bool?.['lambda:InvokedViaFunctionUrl'])).toBe('true');
    }
    const permitted = allResources(template).filter(
      ([, { Type, Properties }]) =>
        Type === 'AWS::Lambda::Permission' &&
        Properties.Action !== 'lambda:InvokeFunctionUrl' &&
        Properties.Principal !== 'secretsmanager.amazonaws.com',
    );
    expect(permitted).toHaveLength(3);
    for (const [, { Properties }] of permitted) {
      expect(Properties).toMatchObject({ Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true });
    }
  });
});

describe('a new version', () => {
  const orders = (options: object, more: object = {}) => ({ profiles: { orders: options }, ...more });
  const shop = (config: object) => ({ credentials: { shop: config }, ...orders({}) });

  it('is not published where nothing has changed', () => {
    expect(versionOf(orders({ scopes: ['a'] }))).toBe(versionOf(orders({ scopes: ['a'] })));
  });

  it.each<[string, object, object]>([
    ['the allow-list, which is a file beside the code', orders({ scopes: ['a'] }), orders({ scopes: ['a', 'b'] })],
    ['the memory', orders({}), orders({}, { memoryMb: 1024 })],
    ['the token endpoint', shop({}), shop({ tokenEndpoint: 'https://login.example.com/token' })],
    ['the tenant', shop({}), shop({ tenant: 'shop' })],
    ['the name of the secret, which replaces the secret', shop({ secretName: 'a' }), shop({ secretName: 'b' })],
    ['from a named secret to one without a name', shop({ secretName: 'a' }), shop({})],
  ])('is published where this changes: %s', (_, before, after) => {
    expect(versionOf(after)).not.toBe(versionOf(before));
  });

  it.each<[string, object]>([
    ['the callers', orders({ callers: [CALLER] })],
    ['the reserved concurrency, which no version has', orders({ reservedConcurrency: 0 })],
    ['its canary', orders({ canaryEveryMinutes: 5 })],
    ['how long logs are kept', orders({}, { logRetentionDays: 7 })],
  ])('is not published where this changes: %s', (_, after) => {
    expect(versionOf(after)).toBe(versionOf(orders({})));
  });
});

describe('what must not be replaced', () => {
  it('keeps its logical ID whatever version is published', () => {
    const idsOf = (raw: object) =>
      allResources(synthesize(raw))
        .filter(([, { Type }]) => Type !== 'AWS::Lambda::Version')
        .map(([id]) => id);
    const before = { profiles: { orders: { callers: [CALLER] } } };
    expect(idsOf({ ...before, memoryMb: 1024 })).toEqual(idsOf(before));
  });

  it('has the logical ID that deployed stacks know it by', () => {
    const template = synthesize({});
    for (const [type, id] of [
      ['AWS::DynamoDB::Table', 'Tokens1180AAEA'],
      ['AWS::SecretsManager::Secret', 'CredentialEmporixSecret0FCEE2A6'],
      ['AWS::Lambda::Function', 'ProfileDefaultFunctionC47CED73'],
      ['AWS::Lambda::Alias', 'ProfileDefaultFunctionAliaslive6C40B970'],
      ['AWS::Lambda::Url', 'ProfileDefaultFunctionAliasliveFunctionUrl015F74F0'],
      ['AWS::IAM::Role', 'ProfileDefaultRoleA066B79D'],
      ['AWS::Logs::LogGroup', 'ProfileDefaultLogs7018A97E'],
    ] as const) {
      expect(Object.keys(resourcesOf(template, type))).toContain(id);
    }
  });
});
