// Who may call a function URL: the policy of the alias that the URL is of. AWS asks for two permissions since October
// 2025: lambda:InvokeFunctionUrl, and lambda:InvokeFunction by way of the URL only. The policy of an alias holds 20 KB,
// which neither the CDK nor CloudFormation checks before the deploy.

import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ConfigError, show } from './config-error.ts';
import { organizationId, principalArn } from './config-values.ts';

const MAX_POLICY_BYTES = 20_480;
const LONGEST_STATEMENT_ID = 'x'.repeat(100);
const LONGEST_ALIAS_ARN = `arn:aws-us-gov:lambda:ap-southeast-1:111122223333:function:${'x'.repeat(64)}:live`;
const LONGEST_ORGANIZATION = { 'aws:PrincipalOrgID': `o-${'x'.repeat(32)}` };

const URL_CONDITION = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } };
const VIA_URL_CONDITION = { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } };

/** The two permissions as an identity's policy has them. */
export function vendStatements(aliasArn: string): iam.PolicyStatement[] {
  const resources = [aliasArn];
  return [
    new iam.PolicyStatement({ actions: ['lambda:InvokeFunctionUrl'], resources, conditions: URL_CONDITION }),
    new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources, conditions: VIA_URL_CONDITION }),
  ];
}

/**
 * Refuses a principal that is anyone: a wildcard, a service (which calls for whoever asked it), and what is no
 * principal at all. A role, a user, an account or an organization may call.
 *
 * @throws ConfigError
 */
export function assertNamed(scope: Construct, { grantPrincipal }: iam.IGrantable): void {
  const { policyFragment } = grantPrincipal;
  // The organization must be one plain text. Of a list, or of what only the deploy knows, the CDK makes permissions
  // without a condition.
  const { StringEquals }: { StringEquals?: Readonly<Record<string, unknown>> } = policyFragment.conditions;
  const ofOrganization = organizationId.safeParse(StringEquals?.['aws:PrincipalOrgID']).success;
  const { principalJson } = Stack.of(scope).resolve(policyFragment) as Fragment;
  for (const [kind, names] of Object.entries(principalJson)) {
    const refused = [names].flat().find((name) => kind !== 'AWS' || !(ofOrganization || isNamed(name)));
    if (refused === undefined) continue;
    throw new ConfigError(
      `${scope.node.path} is granted to ${show(refused)}: must be a role, user or account by its complete ARN, or an organization by its ID, without wildcards`,
    );
  }
}

interface Fragment {
  readonly principalJson: Readonly<Record<string, unknown>>;
}

/** What only the deploy knows (an intrinsic function) can't be checked; a wildcard in a part of it can. */
function isNamed(name: unknown): boolean {
  return typeof name === 'object' ? !/[*?]/.test(JSON.stringify(name)) : principalArn.safeParse(name).success;
}

/**
 * Lets a principal (a role, an account, an organization) call the function URL, in the alias's own policy.
 *
 * @throws ConfigError where it is a wildcard or no principal
 */
export function permitCaller(alias: lambda.Alias, id: string, principal: iam.IPrincipal): void {
  assertNamed(alias, principal);
  alias.addPermission(`${id}Url`, {
    principal,
    action: 'lambda:InvokeFunctionUrl',
    functionUrlAuthType: lambda.FunctionUrlAuthType.AWS_IAM,
  });
  alias.addPermission(`${id}Function`, { principal, action: 'lambda:InvokeFunction', invokedViaFunctionUrl: true });
}

/** How many of these callers an alias's policy is sure to hold. */
export function callersThatFit(callers: readonly string[], organization: boolean): number {
  let bytes = '{"Version":"2012-10-17","Id":"default","Statement":[]}'.length;
  if (organization) bytes += statementBytes('*', LONGEST_ORGANIZATION);
  const firstBeyond = callers.findIndex((caller) => {
    bytes += statementBytes({ AWS: caller }, {});
    return bytes > MAX_POLICY_BYTES;
  });
  return firstBeyond < 0 ? callers.length : firstBeyond;
}

/** The two statements of a caller at their longest, as Lambda stores them. */
function statementBytes(principal: unknown, organization: Record<string, string>): number {
  const common = { Sid: LONGEST_STATEMENT_ID, Effect: 'Allow', Principal: principal, Resource: LONGEST_ALIAS_ARN };
  return [
    { Action: 'lambda:InvokeFunctionUrl', Condition: merged(URL_CONDITION, organization) },
    { Action: 'lambda:InvokeFunction', Condition: merged(VIA_URL_CONDITION, organization) },
  ].reduce((sum, statement) => sum + JSON.stringify({ ...common, ...statement }).length + 1, 0);
}

function merged(condition: Record<string, object>, organization: Record<string, string>) {
  return { ...condition, StringEquals: { ...condition.StringEquals, ...organization } };
}
