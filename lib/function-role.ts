// The role of a function: its own log group, its traces, and what else it is given. Nothing is ever added later.

import * as iam from 'aws-cdk-lib/aws-iam';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

export interface FunctionRoleProps {
  readonly description: string;
  readonly logGroup: logs.LogGroup;
  /** What the function may do besides logging and tracing. */
  readonly statements: readonly iam.PolicyStatement[];
}

/** A role of one function, whose one inline policy is all it may do: what the CDK would add to it is dropped. */
export function createFunctionRole(scope: Construct, props: FunctionRoleProps): iam.IRole {
  const statements = [
    new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [props.logGroup.logGroupArn],
    }),
    new iam.PolicyStatement({
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      // X-Ray knows no resource for these two.
      resources: ['*'],
    }),
    ...props.statements,
  ];
  const role = new iam.Role(scope, 'Role', {
    description: props.description,
    assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { Function: new iam.PolicyDocument({ statements }) },
  });
  return role.withoutPolicyUpdates();
}
