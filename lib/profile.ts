// A profile: what one group of callers may have, as one function with its own role, log group and URL.

import { createHash } from 'node:crypto';
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ENVIRONMENT_VARIABLES, ProfileFile } from '../lambda/vend/settings.ts';
import { callersThatFit, permitCaller, requireNamed, vendStatements } from './callers.ts';
import { configError } from './config-error.ts';
import { type Credential, decryptVia } from './credential.ts';
import { functionCode } from './function-code.ts';
import { createFunctionRole } from './function-role.ts';
import { writeVendCode } from './vend-code.ts';

export interface ProfileProps {
  /** The profile's name: lower-case letters, digits and hyphens. */
  readonly profileName: string;
  readonly credential: Credential;
  /** The table that tokens are kept in; its partition key is the string `pk`. */
  readonly table: dynamodb.ITableRef;
  /**
   * The scopes that callers may have.
   * @default - all scopes of the credential
   */
  readonly scopes?: readonly string[];
  /**
   * ARNs of roles and accounts that may call, also of other accounts. A role must exist when it is deployed.
   * @default - who is granted it, see `grantVend` and `vendPolicy`
   */
  readonly callers?: readonly string[];
  /**
   * The ID of an organization all of whose principals may call.
   * @default - none
   */
  readonly organizationId?: string;
  /** @default - none reserved */
  readonly reservedConcurrency?: number;
  /** Memory of the function, in MB. */
  readonly memoryMb: number;
  /** How long logs are kept, in days. */
  readonly logRetention: logs.RetentionDays;
  /**
   * The customer-managed key that table and logs are under.
   * @default - AWS's keys
   */
  readonly encryptionKey?: kms.IKey;
}

/** The longest request, in seconds; every answer leaves a second before it. */
const TIMEOUT_SECONDS = 25;

export class Profile extends Construct {
  readonly profileName: string;
  readonly function: lambda.Function;
  readonly functionUrl: lambda.FunctionUrl;
  /**
   * For the account's own principals to attach, where the function's policy would hold too many callers. A managed policy
   * can't be attached in another account: one there writes the same two statements itself.
   */
  readonly vendPolicy: iam.ManagedPolicy;

  constructor(scope: Construct, id: string, props: ProfileProps) {
    super(scope, id);
    this.profileName = props.profileName;
    requireRoomForCallers(props);
    this.function = this.createFunction(props);
    this.functionUrl = this.function.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
    this.vendPolicy = new iam.ManagedPolicy(this, 'VendPolicy', {
      description: `May have tokens of the profile ${props.profileName}`,
      statements: vendStatements(this.function.functionArn),
    });
    for (const arn of props.callers ?? []) permitCaller(this.function, callerId(arn), new iam.ArnPrincipal(arn));
    if (props.organizationId !== undefined) {
      permitCaller(this.function, 'Organization', new iam.OrganizationPrincipal(props.organizationId));
    }
    this.node.addValidation({ validate: () => this.validateRoom() });
  }

  /** What `grantVend` has added is known at the end only. */
  private validateRoom(): string[] {
    const permissions = this.function.node.findAll().filter((child) => child instanceof lambda.CfnPermission);
    const principals = permissions
      .filter(({ action }) => action === 'lambda:InvokeFunctionUrl')
      .map((of) => of.principal);
    const callers = principals.filter((principal) => principal !== '*');
    const most = callersThatFit(callers, callers.length < principals.length);
    if (most === callers.length) return [];
    return [`is granted to ${callers.length} callers in the function's policy, which holds the first ${most} (20 KB)`];
  }

  /**
   * Lets a principal have tokens of this profile: both permissions that a function URL asks for. One of another account
   * gets them in the function's policy, and must have them in its own identity's policy too, which only that account can
   * write.
   *
   * @throws ConfigError where it is a wildcard, a service, or no principal
   */
  grantVend(grantee: iam.IGrantable): iam.Grant {
    requireNamed(this, grantee);
    return this.functionUrl.grantInvokeUrl(grantee);
  }

  /**
   * How many tokens were vended.
   * @default - sum over 5 minutes
   */
  metricVended(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Vended', props);
  }

  /**
   * A metric of the function's own.
   * @default - sum over 5 minutes
   */
  metric(metricName: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'TokenVending',
      metricName,
      dimensionsMap: { Profile: this.profileName },
      statistic: cloudwatch.Stats.SUM,
      ...props,
    });
  }

  private createFunction(props: ProfileProps): lambda.Function {
    const { credential, encryptionKey, memoryMb, profileName, reservedConcurrency, table } = props;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
    const environment: Record<(typeof ENVIRONMENT_VARIABLES)[number], string> = {
      PROFILE: profileName,
      CREDENTIAL: credential.credentialName,
      SECRET_ID: credential.secretArn,
      TABLE_NAME: table.tableRef.tableName,
      TOKEN_ENDPOINT: credential.config.tokenEndpoint,
    };
    return new lambda.Function(this, 'Function', {
      description: `Vends tokens of the profile ${profileName}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: functionCode(writeVendCode, profileFileOf(props)),
      handler: 'index.handler',
      memorySize: memoryMb,
      timeout: Duration.seconds(TIMEOUT_SECONDS),
      role: this.createRole(props, logGroup),
      logGroup,
      tracing: lambda.Tracing.ACTIVE,
      environment,
      ...(reservedConcurrency !== undefined && { reservedConcurrentExecutions: reservedConcurrency }),
    });
  }

  private createRole(
    { credential, encryptionKey, profileName, table }: ProfileProps,
    logGroup: logs.LogGroup,
  ): iam.IRole {
    const statements = [
      ...credential.readStatements(),
      new iam.PolicyStatement({
        actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        resources: [table.tableRef.tableArn],
        // Both actions always name their key, so that ForAllValues is never true for want of one.
        conditions: {
          'ForAllValues:StringLike': {
            'dynamodb:LeadingKeys': [`${profileName}#*`, `CREDENTIAL#${credential.credentialName}`],
          },
        },
      }),
    ];
    if (encryptionKey !== undefined) statements.push(decryptVia(this, encryptionKey.keyArn, 'dynamodb'));
    const description = `The function of the profile ${profileName}`;
    const role = createFunctionRole(this, { description, logGroup, statements });
    credential.addReader(role);
    return role;
  }
}

/** Stays as it is when another caller comes or goes: a replaced permission is in the policy twice for a while. */
function callerId(arn: string): string {
  return `Caller${createHash('sha256').update(arn).digest('hex').slice(0, 8)}`;
}

function requireRoomForCallers({ callers = [], organizationId, profileName }: ProfileProps): void {
  const most = callersThatFit(callers, organizationId !== undefined);
  if (most === callers.length) return;
  throw configError(
    ['profiles', profileName, 'callers'],
    `holds ${callers.length} ARNs`,
    `must be the first ${most} at most, which is what a function's policy holds (20 KB): for more, use organizationId, or attach the profile's managed policy (VendPolicy) to roles of this account`,
  );
}

function profileFileOf({ credential, scopes }: ProfileProps): ProfileFile {
  const { clientAuthentication, parameters, tenant } = credential.config;
  return {
    ...(scopes !== undefined && { scopes }),
    clientAuthentication,
    ...(tenant !== undefined && { tenant }),
    ...(parameters !== undefined && { parameters }),
  };
}
