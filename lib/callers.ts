// Who may call a function URL, as the function's own policy says it. AWS asks for two permissions since October 2025:
// lambda:InvokeFunctionUrl, and lambda:InvokeFunction by way of the URL only. Lambda's policy holds 20 KB, which neither
// the CDK nor CloudFormation checks before the deploy.

import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const MAX_POLICY_BYTES = 20_480;
const MAX_STATEMENT_ID = 'x'.repeat(100);
const LONGEST_FUNCTION_ARN = `arn:aws-us-gov:lambda:ap-southeast-1:111122223333:function:${'x'.repeat(64)}`;
const ORGANIZATION = { 'aws:PrincipalOrgID': `o-${'x'.repeat(32)}` };

const URL_CONDITION = { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } };
const VIA_URL_CONDITION = { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } };

/** The same two permissions as an identity's policy has them. */
export function vendStatements(functionArn: string): iam.PolicyStatement[] {
  const resources = [functionArn];
  return [
    new iam.PolicyStatement({ actions: ['lambda:InvokeFunctionUrl'], resources, conditions: URL_CONDITION }),
    new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources, conditions: VIA_URL_CONDITION }),
  ];
}

/** Lets a principal (a role, an account, an organization) call the function's URL, in the function's own policy. */
export function permitCaller(fn: lambda.IFunction, id: string, principal: iam.IPrincipal): void {
  fn.addPermission(`${id}Url`, {
    principal,
    action: 'lambda:InvokeFunctionUrl',
    functionUrlAuthType: lambda.FunctionUrlAuthType.AWS_IAM,
  });
  fn.addPermission(`${id}Function`, { principal, action: 'lambda:InvokeFunction', invokedViaFunctionUrl: true });
}

/** How many of these callers a function's policy is sure to hold. */
export function callersThatFit(callers: readonly string[], organization: boolean): number {
  let bytes = '{"Version":"2012-10-17","Id":"default","Statement":[]}'.length;
  if (organization) bytes += statementBytes('*', ORGANIZATION);
  const beyond = callers.findIndex((caller) => {
    bytes += statementBytes({ AWS: caller }, {});
    return bytes > MAX_POLICY_BYTES;
  });
  return beyond < 0 ? callers.length : beyond;
}

/** The two statements of a caller at their longest, as Lambda stores them. */
function statementBytes(principal: unknown, organization: Record<string, string>): number {
  const common = { Sid: MAX_STATEMENT_ID, Effect: 'Allow', Principal: principal, Resource: LONGEST_FUNCTION_ARN };
  return [
    { Action: 'lambda:InvokeFunctionUrl', Condition: merged(URL_CONDITION, organization) },
    { Action: 'lambda:InvokeFunction', Condition: merged(VIA_URL_CONDITION, organization) },
  ].reduce((sum, statement) => sum + JSON.stringify({ ...common, ...statement }).length + 1, 0);
}

function merged(condition: Record<string, object>, organization: Record<string, string>) {
  return { ...condition, StringEquals: { ...condition.StringEquals, ...organization } };
}
