// The record of secret reads, if configured: who else read the value of a credential. EventBridge gets such reads from a
// trail of CloudTrail that logs them, some minutes after they happened, so this is a record and wakes nobody.

import { ArnFormat, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { pascalCase } from './config-values.ts';
import type { Credential } from './credential.ts';
import type { FunctionSettings } from './token-function.ts';

export interface SecretReadsProps extends Pick<FunctionSettings, 'encryptionKey' | 'logRetention'> {
  /** By name. */
  readonly credentials: ReadonlyMap<string, Credential>;
}

export class SecretReads extends Construct {
  constructor(scope: Construct, id: string, { credentials, encryptionKey, logRetention }: SecretReadsProps) {
    super(scope, id);
    const logGroup = new logs.LogGroup(this, 'Logs', {
      // EventBridge writes to log groups under /aws/events.
      logGroupName: `/aws/events/${Stack.of(this).stackName}/secret-reads`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
    const arn = Stack.of(this).formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: logGroup.logGroupName,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    const rules = [...credentials].map(([name, credential]) => this.createRule(name, credential, arn));
    permitWriting(logGroup, rules);
  }

  /** One rule for each credential: a pattern holds 4,096 characters, which are the IDs of about 140 roles. */
  private createRule(name: string, credential: Credential, arn: string): events.CfnRule {
    return new events.CfnRule(this, `Credential${pascalCase(name)}`, {
      description: `Reads of the secret of the credential ${name} by others than its functions`,
      // With the state ENABLED, EventBridge leaves out reads.
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      eventPattern: readsByOthers(credential),
      targets: [{ id: 'Logs', arn }],
    });
  }
}

/** A BatchGetSecretValue is recorded by CloudTrail as one GetSecretValue for each secret. */
function readsByOthers({ functionRoleIds, requestableIds }: Credential): object {
  // IAM users, root and other accounts have no issuer, and `anything-but` doesn't match a field that is absent.
  const principalId = [{ exists: false }, { 'anything-but': functionRoleIds }];
  const userIdentity = { sessionContext: { sessionIssuer: { principalId } } };
  return {
    source: ['aws.secretsmanager'],
    'detail-type': ['AWS API Call via CloudTrail'],
    detail: {
      eventSource: ['secretsmanager.amazonaws.com'],
      eventName: ['GetSecretValue'],
      requestParameters: { secretId: requestableIds },
      // EventBridge refuses an empty list. A credential without functions is read by others only.
      ...(functionRoleIds.length > 0 && { userIdentity }),
    },
  };
}

/** EventBridge writes to a log group by the policies of CloudWatch Logs, of which a region of an account has ten. */
function permitWriting(logGroup: logs.LogGroup, rules: readonly events.CfnRule[]): void {
  const principals = ['events', 'delivery.logs'].map((name) => new iam.ServicePrincipal(`${name}.amazonaws.com`));
  const resources = [logGroup.logGroupArn];
  new logs.ResourcePolicy(logGroup, 'Policy', {
    // The CDK's own name is that of the construct, which another stack of the region may have as well.
    resourcePolicyName: `${Stack.of(logGroup).stackName}-secret-reads`,
    policyStatements: [
      new iam.PolicyStatement({ principals, resources, actions: ['logs:CreateLogStream'] }),
      new iam.PolicyStatement({
        principals,
        resources,
        actions: ['logs:PutLogEvents'],
        conditions: { ArnEquals: { 'aws:SourceArn': rules.map(({ attrArn }) => attrArn) } },
      }),
    ],
  });
}
