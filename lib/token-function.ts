// What the vend functions, the rotation functions and the canaries share: runtime, code, an own log group, an own role, and tracing.

import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';

/** What all functions of one `TokenVending` have in common. */
export interface FunctionSettings {
  /** Memory of the function, in MB. */
  readonly memoryMb: number;
  /** How long logs are kept, in days. */
  readonly logRetention: logs.RetentionDays;
  /**
   * The customer-managed key that table and logs are encrypted with.
   * @default - AWS's keys
   */
  readonly encryptionKey?: kms.IKey;
}

export interface TokenFunctionProps extends FunctionSettings {
  readonly description: string;
  readonly roleDescription: string;
  readonly code: lambda.Code;
  readonly environment: Record<string, string>;
  readonly timeoutMs: number;
  /** What the function may do besides logging and tracing. */
  readonly statements: readonly iam.PolicyStatement[];
  /** @default - none reserved */
  readonly reservedConcurrency?: number;
}

export class TokenFunction extends Construct {
  readonly function: lambda.Function;
  /** Its one inline policy is all that the function may do: what the CDK would add to it is dropped. */
  readonly role: iam.IRole;
  /** The unique ID of the role (AROA…). */
  readonly roleId: string;

  constructor(scope: Construct, id: string, props: TokenFunctionProps) {
    super(scope, id);
    const { encryptionKey, reservedConcurrency } = props;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
    const role = this.createRole(props, logGroup);
    this.role = role.withoutPolicyUpdates();
    this.roleId = role.roleId;
    this.function = new lambda.Function(this, 'Function', {
      description: props.description,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: props.code,
      handler: 'index.handler',
      memorySize: props.memoryMb,
      timeout: Duration.millis(props.timeoutMs),
      role: this.role,
      logGroup,
      tracing: lambda.Tracing.ACTIVE,
      environment: props.environment,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
    });
  }

  private createRole({ roleDescription, statements }: TokenFunctionProps, logGroup: logs.LogGroup): iam.Role {
    const write = new iam.PolicyStatement({
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [logGroup.logGroupArn],
    });
    // X-Ray has no resources for these two actions.
    const trace = new iam.PolicyStatement({
      actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
      resources: ['*'],
    });
    return new iam.Role(this, 'Role', {
      description: roleDescription,
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: { Function: new iam.PolicyDocument({ statements: [write, trace, ...statements] }) },
    });
  }
}
