// Who may call: both permissions that a function URL asks for, each with its condition, for every kind of principal.

import { describe, expect, it } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ACCOUNT, buildStack, onlyResource, REGION, type Resource, resourcesOf, synthesize } from './synth.ts';

const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/orders`;
const FOREIGN_ROLE_ARN = 'arn:aws:iam::444455556666:role/team/orders';

function permissions(template: Template): Resource['Properties'][] {
  return Object.values(resourcesOf(template, 'AWS::Lambda::Permission', 'Profile')).map(({ Properties }) => Properties);
}

/** The two permissions, as CloudFormation has them, of a principal on an alias: `Ref` of an alias is its ARN. */
function bothPermissions(aliasId: string, principal: object) {
  const FunctionName = { Ref: aliasId };
  return [
    { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM', FunctionName, ...principal },
    { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true, FunctionName, ...principal },
  ];
}

/** The two statements, as IAM has them, of an identity's policy. */
function bothStatements(aliasId: string) {
  const Resource = { Ref: aliasId };
  return [
    {
      Action: 'lambda:InvokeFunctionUrl',
      Effect: 'Allow',
      Resource,
      Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
    },
    {
      Action: 'lambda:InvokeFunction',
      Effect: 'Allow',
      Resource,
      Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': expect.anything() } },
    },
  ];
}

describe('the callers of a profile', () => {
  it('are nobody where none is configured', () => {
    expect(permissions(synthesize({}))).toEqual([]);
  });

  it.each([
    ['a role of this account', { callers: [ROLE_ARN] }, { Principal: ROLE_ARN }],
    ['a role of another account', { callers: [FOREIGN_ROLE_ARN] }, { Principal: FOREIGN_ROLE_ARN }],
    [
      'a whole account',
      { callers: ['arn:aws:iam::444455556666:root'] },
      { Principal: 'arn:aws:iam::444455556666:root' },
    ],
    [
      'an organization, and nobody outside it',
      { organizationId: 'o-a1b2c3d4e5' },
      { Principal: '*', PrincipalOrgID: 'o-a1b2c3d4e5' },
    ],
  ])('may be %s', (_, orders, principal) => {
    const template = synthesize({ profiles: { orders } });
    const [aliasId] = onlyResource(template, 'AWS::Lambda::Alias');
    expect(permissions(template)).toEqual(bothPermissions(aliasId, principal));
  });

  it('call their own profile only', () => {
    const template = synthesize({ profiles: { orders: { callers: [ROLE_ARN] }, admin: {} } });
    const orders = Object.keys(resourcesOf(template, 'AWS::Lambda::Alias')).find((id) => id.includes('Orders'));
    expect(permissions(template)).toEqual(bothPermissions(String(orders), { Principal: ROLE_ARN }));
  });

  it('keep their permissions untouched when another comes before them', () => {
    const ids = (callers: string[]) =>
      Object.keys(resourcesOf(synthesize({ profiles: { orders: { callers } } }), 'AWS::Lambda::Permission', 'Profile'));
    expect(ids([FOREIGN_ROLE_ARN, ROLE_ARN])).toEqual(expect.arrayContaining(ids([ROLE_ARN])));
  });
});

describe('who is granted a profile', () => {
  it('by grantVend, a role of the same stack, gets both permissions in its policy', () => {
    const { stack, vending } = buildStack({});
    const role = new iam.Role(stack, 'Consumer', { assumedBy: new iam.AccountRootPrincipal() });
    vending.profile('default').grantVend(role);
    const template = Template.fromStack(stack);
    const [aliasId] = onlyResource(template, 'AWS::Lambda::Alias');
    expect(onlyResource(template, 'AWS::IAM::Policy')[1].Properties.PolicyDocument).toMatchObject({
      Statement: bothStatements(aliasId),
    });
    expect(permissions(template)).toEqual([]);
  });

  it('by grantVend, a role of another stack, gets both permissions there', () => {
    const { stack, vending } = buildStack({});
    const consumers = new Stack(stack.node.root, 'Consumers', { env: { account: ACCOUNT, region: REGION } });
    const role = new iam.Role(consumers, 'Consumer', { assumedBy: new iam.AccountRootPrincipal() });
    vending.profile('default').grantVend(role);
    const [, { Properties }] = onlyResource(Template.fromStack(consumers), 'AWS::IAM::Policy');
    expect(Properties.PolicyDocument).toMatchObject({
      Statement: [{ Action: 'lambda:InvokeFunctionUrl' }, { Action: 'lambda:InvokeFunction' }],
    });
  });

  it("by grantVend, a role of another account, gets both permissions in the alias's policy", () => {
    const { stack, vending } = buildStack({});
    vending.profile('default').grantVend(iam.Role.fromRoleArn(stack, 'Consumer', FOREIGN_ROLE_ARN));
    const template = Template.fromStack(stack);
    const [aliasId] = onlyResource(template, 'AWS::Lambda::Alias');
    expect(permissions(template)).toEqual(
      expect.arrayContaining(bothPermissions(aliasId, { Principal: FOREIGN_ROLE_ARN })),
    );
  });

  it('by its managed policy, gets both permissions on this alias alone', () => {
    const template = synthesize({});
    const [aliasId] = onlyResource(template, 'AWS::Lambda::Alias');
    const [, { Properties }] = onlyResource(template, 'AWS::IAM::ManagedPolicy');
    expect(Properties.PolicyDocument).toEqual({ Version: '2012-10-17', Statement: bothStatements(aliasId) });
  });

  it('is counted by the metric Vended of the profile', () => {
    expect(buildStack({}).vending.profile('default').metricVended().toMetricConfig().metricStat).toMatchObject({
      namespace: 'TokenVending',
      metricName: 'Vended',
      dimensions: [
        { name: 'Profile', value: 'default' },
        { name: 'Stack', value: 'TokenVending' },
      ],
      statistic: 'Sum',
      unitFilter: 'Count',
    });
  });
});
