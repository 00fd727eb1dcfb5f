// The strict policy of a secret that is created here. Whatever IAM allows, only the functions that use the secret and
// the administrators named can read and write its value. The account's root can't.
//
// What CloudFormation needs to manage the secret, its schedule and this policy stays allowed (DescribeSecret,
// RotateSecret, TagResource, PutResourcePolicy …), so that no deploy is locked out. Its update of a secret also asks
// for UpdateSecret and GetSecretValue. The role that the stack is deployed with may do both: a principal that may use
// that role may as well deploy a function that reads the secret. A stack that is deployed without such a role gets
// UpdateSecret by way of CloudFormation, and not GetSecretValue: a dynamic reference in any template would read the
// secret. The role that deploys such a stack is better named as an administrator.
//
// PutResourcePolicy and DeleteResourcePolicy are not denied, and CloudTrail records them. By them, an account whose
// administrators are gone gets its secret back.

import { DefaultStackSynthesizer, Fn, Lazy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';

export interface SecretPolicyProps {
  readonly secretArn: string;
  /** ARNs of roles. */
  readonly administrators: readonly string[];
}

export class SecretPolicy extends Construct {
  readonly #readers: string[] = [];
  readonly #writers: string[] = [];

  constructor(scope: Construct, id: string, { administrators, secretArn }: SecretPolicyProps) {
    super(scope, id);
    const deployer = deploymentRoleArn(Stack.of(this));
    const deployers = deployer === undefined ? [] : [deployer];
    const statements = [
      // BatchGetSecretValue asks for GetSecretValue too, of each secret.
      denied(['GetSecretValue'], () => [...administrators, ...deployers, ...this.#readers, ...this.#writers]),
      denied(['PutSecretValue', 'UpdateSecretVersionStage'], () => [...administrators, ...this.#writers]),
      // A call that comes through no service has no such key. Then ForAllValues is true, and the call is denied. A
      // replica in another region, cut off from this one, would have its own policy, which others could delete.
      denied(
        ['UpdateSecret', 'ReplicateSecretToRegions', 'StopReplicationToReplica'],
        () => [...administrators, ...deployers],
        deployer === undefined
          ? { 'ForAllValues:StringNotEquals': { 'aws:CalledVia': ['cloudformation.amazonaws.com'] } }
          : {},
      ),
    ];
    new secretsmanager.CfnResourcePolicy(this, 'Resource', {
      secretId: secretArn,
      resourcePolicy: new iam.PolicyDocument({ statements }),
      blockPublicPolicy: true,
    });
  }

  /** A function's role that reads the value. */
  exemptReader({ roleArn }: iam.IRole): void {
    this.#readers.push(roleArn);
  }

  /** A function's role that reads the value, and writes versions and labels. */
  exemptWriter({ roleArn }: iam.IRole): void {
    this.#writers.push(roleArn);
  }
}

/**
 * Denies everybody but some. A session of a role has the role's ARN as `aws:PrincipalArn`; without one it is denied.
 */
function denied(operations: string[], exempt: () => string[], conditions: iam.Conditions = {}): iam.PolicyStatement {
  return new iam.PolicyStatement({
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions: operations.map((operation) => `secretsmanager:${operation}`),
    resources: ['*'],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': Lazy.list({ produce: exempt }) }, ...conditions },
  });
}

/** The role that CloudFormation deploys the stack with, if there is one: `cdk bootstrap` makes it. */
function deploymentRoleArn({ synthesizer }: Stack): string | undefined {
  if (!(synthesizer instanceof DefaultStackSynthesizer)) return undefined;
  const arn = synthesizer.cloudFormationExecutionRoleArn;
  return arn.includes('${') ? Fn.sub(arn) : arn;
}
