// The strict policy of a secret created here: who is denied what, whatever IAM allows. Each statement is read as IAM
// does.

import { describe, expect, it } from '@jest/globals';
import { App, CliCredentialsStackSynthesizer, type IStackSynthesizer } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { TokenVendingStack } from '../../bin/token-vending-stack.ts';
import { ConfigError } from '../../lib/config-error.ts';
import { actionsOf, matches, type Statement } from './statements.ts';
import { ACCOUNT, REGION, resourcesOf, synthesize } from './synth.ts';

const POLICY = 'AWS::SecretsManager::ResourcePolicy';
const ADMIN = `arn:aws:iam::${ACCOUNT}:role/team/admin`;
const SECRET_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:shop-AbCd12`;
const STRICT = { strictSecretPolicy: { administrators: [ADMIN] } };
const TWO = {
  credentials: { shop: {}, erp: {}, old: { secretArn: SECRET_ARN } },
  profiles: {
    orders: { credential: 'shop' },
    'orders-admin': { credential: 'shop' },
    books: { credential: 'erp' },
    legacy: { credential: 'old' },
  },
  ...STRICT,
};
const READ = ['secretsmanager:GetSecretValue'];
const WRITE = ['secretsmanager:PutSecretValue', 'secretsmanager:UpdateSecretVersionStage'];
const UPDATE = ['secretsmanager:UpdateSecret'];
/** What CloudFormation's handlers of the secret, its schedule and its policy call besides. */
const MANAGE = ['Describe', 'Delete', 'Rotate', 'CancelRotate', 'Restore']
  .map((verb) => `${verb}Secret`)
  .concat('TagResource', 'UntagResource', 'PutResourcePolicy', 'GetResourcePolicy', 'DeleteResourcePolicy')
  .map((operation) => `secretsmanager:${operation}`);

interface Caller {
  /** Its `aws:PrincipalArn`, as the template has it; none for a service's own call. */
  readonly arn?: unknown;
  readonly calledVia?: readonly string[];
}

function statementsOf(template: Template, credential: string): readonly Statement[] {
  const [[, policy] = [], ...others] = Object.entries(resourcesOf(template, POLICY, `Credential${credential}`));
  if (policy === undefined || others.length > 0) throw new Error(`not exactly one policy of ${credential}`);
  return (policy.Properties.ResourcePolicy as { Statement: Statement[] }).Statement;
}

/** Whether the policy denies it, with the conditions it uses evaluated as IAM does. */
function isDenied(statements: readonly Statement[], action: string, { arn, calledVia = [] }: Caller): boolean {
  return statements.some(({ Condition = {}, ...statement }) => {
    const { ArnNotEquals, 'ForAllValues:StringNotEquals': notVia, ...unknown } = Condition;
    expect(unknown).toEqual({});
    expect(statement).toMatchObject({ Effect: 'Deny', Principal: { AWS: '*' }, Resource: '*' });
    const exempt = [ArnNotEquals?.['aws:PrincipalArn']].flat();
    const services = [notVia?.['aws:CalledVia'] ?? []].flat();
    return (
      actionsOf(statement).some((pattern) => matches(pattern, action)) &&
      !exempt.some((pattern) => matches(pattern, arn)) &&
      !calledVia.some((service) => services.includes(service))
    );
  });
}

function roleArn(template: Template, construct: string): object {
  const [id] = Object.keys(resourcesOf(template, 'AWS::IAM::Role', `${construct}Role`));
  return { 'Fn::GetAtt': [id, 'Arn'] };
}

const DEPLOYER = {
  'Fn::Sub': `arn:\${AWS::Partition}:iam::${ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-${ACCOUNT}-${REGION}`,
};
const VIA = ['cloudformation.amazonaws.com'];

describe('the strict policy of a secret', () => {
  const template = synthesize(TWO);
  const role = (construct: string) => ({ arn: roleArn(template, construct) });
  const callers: readonly [string, Caller, readonly string[]][] = [
    ["the function of one of the credential's profiles", role('ProfileOrders'), READ],
    ['the function of another of them', role('ProfileOrdersAdmin'), READ],
    ["the credential's rotation function", role('CredentialShopRotation'), [...READ, ...WRITE]],
    ['an administrator', { arn: ADMIN }, [...READ, ...WRITE, ...UPDATE]],
    ['the role that CloudFormation deploys with', { arn: DEPLOYER, calledVia: VIA }, [...READ, ...UPDATE]],
    ["the function of another credential's profile", role('ProfileBooks'), []],
    ["another credential's rotation function", role('CredentialErpRotation'), []],
    ["the account's root", { arn: `arn:aws:iam::${ACCOUNT}:root` }, []],
    ['a role that is almost an administrator', { arn: `${ADMIN}-2` }, []],
    ['another role by way of CloudFormation', { arn: `arn:aws:iam::${ACCOUNT}:role/dev`, calledVia: VIA }, []],
    ['a service by itself', {}, []],
  ];

  it.each(callers)('lets through %s: %#', (_, caller, expected) => {
    const statements = statementsOf(template, 'Shop');
    const tried = [...READ, ...WRITE, ...UPDATE];
    expect(tried.filter((action) => !isDenied(statements, action, caller))).toEqual(expected);
  });

  it.each(callers)('denies nobody what manages the secret, nor the way out of it: not %s', (_, caller) => {
    expect(MANAGE.filter((action) => isDenied(statementsOf(template, 'Shop'), action, caller))).toEqual([]);
  });

  it('is on each secret created here and on no other, and nobody may make it public', () => {
    const secrets = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret'));
    const policies = Object.values(resourcesOf(template, POLICY)).map(({ Properties }) => Properties);
    expect(policies.map(({ SecretId }) => SecretId)).toEqual(secrets.map((Ref) => ({ Ref })));
    expect(policies.map(({ BlockPublicPolicy }) => BlockPublicPolicy)).toEqual([true, true]);
  });

  it('exempts the same where the account is known at the deploy only', () => {
    const agnostic = synthesize(TWO, { env: null });
    const deployer = {
      'Fn::Sub': DEPLOYER['Fn::Sub'].replaceAll(ACCOUNT, `\${AWS::AccountId}`).replace(REGION, `\${AWS::Region}`),
    };
    const text = (of: Template) => JSON.stringify(statementsOf(of, 'Shop'));
    expect(text(agnostic)).toBe(text(template).replaceAll(JSON.stringify(DEPLOYER), JSON.stringify(deployer)));
  });

  it('lets CloudFormation change the secret of a stack that is deployed without a role, and read nothing', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
    const synthesizer = new CliCredentialsStackSynthesizer() as IStackSynthesizer;
    const stack = new TokenVendingStack(app, 'TokenVending', { tokenVending: TWO, synthesizer });
    const statements = statementsOf(Template.fromStack(stack), 'Shop');
    const allowed = (caller: Caller) => [...READ, ...WRITE, ...UPDATE].filter((a) => !isDenied(statements, a, caller));
    expect(allowed({ arn: `arn:aws:iam::${ACCOUNT}:role/dev`, calledVia: VIA })).toEqual(UPDATE);
    expect(allowed({ arn: `arn:aws:iam::${ACCOUNT}:role/dev`, calledVia: ['athena.amazonaws.com'] })).toEqual([]);
    expect(allowed({ arn: `arn:aws:iam::${ACCOUNT}:role/dev` })).toEqual([]);
  });

  it('is not there unless it is configured', () => {
    synthesize({}).resourceCountIs(POLICY, 0);
  });

  it('stops synthesis where there is no secret to protect', () => {
    expect(() => synthesize({ credentials: { old: { secretArn: SECRET_ARN } }, ...STRICT })).toThrow(ConfigError);
  });
});
