// A profile: what one group of callers may have, as one function with its own role, log group and URL.

import { createHash } from 'node:crypto';
import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { VEND_TIMEOUT_MS } from '../lambda/time-limits.ts';
import type { ENVIRONMENT_VARIABLES } from '../lambda/vend/settings.ts';
import type { MetricName } from '../operating/metrics.ts';
import { assertNamed, callersThatFit, permitCaller, vendStatements } from './callers.ts';
import { configError } from './config-error.ts';
import { type Credential, decryptVia } from './credential.ts';
import { functionCode } from './function-code.ts';
import { acknowledgeWarnedUrl } from './function-url-regions.ts';
import { type DimensionValues, metricOf } from './metrics.ts';
import { profileFileOf } from './profile-file.ts';
import type { ProfileOptions } from './props.ts';
import { type FunctionSettings, TokenFunction } from './token-function.ts';
import { writeVendCode } from './vend-code.ts';

export interface ProfileProps extends FunctionSettings {
  /** The profile's name: lower-case letters, digits and hyphens. */
  readonly profileName: string;
  readonly credential: Credential;
  /** The table that tokens are kept in. Its partition key is the string `pk`. */
  readonly table: dynamodb.ITableRef;
  readonly options: Omit<ProfileOptions, 'credential'>;
}

export class Profile extends Construct {
  readonly profileName: string;
  readonly function: lambda.Function;
  /** Callers reach the function by this alias only, so that a new version never changes the URL. */
  readonly alias: lambda.Alias;
  /** The function URL, with a slash at its end. */
  readonly url: string;
  /** The token endpoint: the URL with `oauth/token` at its end. */
  readonly tokenEndpoint: string;
  /**
   * For principals of this account, where the alias's policy would hold too many callers. A managed policy can't be
   * attached in another account: one there writes the same two statements itself.
   */
  readonly vendPolicy: iam.ManagedPolicy;
  private readonly functionUrl: lambda.FunctionUrl;
  /** The values of the dimensions of its metrics, and of its credential's. */
  readonly dimensionValues: DimensionValues;

  constructor(scope: Construct, id: string, props: ProfileProps) {
    super(scope, id);
    const { profileName, credential, options } = props;
    this.profileName = profileName;
    const { stackName } = Stack.of(this);
    this.dimensionValues = { Stack: stackName, Credential: credential.credentialName, Profile: profileName };
    assertRoomForCallers(profileName, options);
    this.function = this.createFunction(props);
    this.alias = this.createAlias(credential);
    this.functionUrl = this.alias.addFunctionUrl({ authType: lambda.FunctionUrlAuthType.AWS_IAM });
    acknowledgeWarnedUrl(this.functionUrl);
    this.url = this.functionUrl.url;
    this.tokenEndpoint = `${this.url}oauth/token`;
    new ssm.StringParameter(this, 'UrlParameter', {
      parameterName: `/token-vending/${Stack.of(this).stackName}/${profileName}/url`,
      description: `The function URL of the profile ${profileName}`,
      stringValue: this.url,
    });
    this.vendPolicy = new iam.ManagedPolicy(this, 'VendPolicy', {
      description: `May have tokens of the profile ${profileName}`,
      statements: vendStatements(this.alias.functionArn),
    });
    this.permitCallers(options);
    this.node.addValidation({ validate: () => this.validateRoomForCallers() });
  }

  /**
   * Lets a principal have tokens of this profile: both permissions that a function URL asks for. One of another account
   * gets them in the alias's policy, and must have them in its own identity's policy too, which only that account can
   * write.
   *
   * @throws ConfigError where it is a wildcard, a service, or no principal
   */
  grantVend(grantee: iam.IGrantable): iam.Grant {
    assertNamed(this, grantee);
    return this.functionUrl.grantInvokeUrl(grantee);
  }

  /**
   * How many tokens were vended.
   * @default - sum over 5 minutes
   */
  metricVended(options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('Vended', options);
  }

  /**
   * A metric of this profile, of its credential, or of the stack.
   * @default - over 5 minutes: the sum of counts, the average of times
   */
  metric(metricName: MetricName, options?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return metricOf(metricName, this.dimensionValues, options);
  }

  private createFunction({ profileName, credential, table, options, ...settings }: ProfileProps): lambda.Function {
    const { config, credentialName, secretArn } = credential;
    const { encryptionKey } = settings;
    const { reservedConcurrency } = options;
    const environment: Record<(typeof ENVIRONMENT_VARIABLES)[number], string> = {
      STACK_NAME: Stack.of(this).stackName,
      PROFILE: profileName,
      CREDENTIAL: credentialName,
      SECRET_ID: secretArn,
      TABLE_NAME: table.tableRef.tableName,
      TOKEN_ENDPOINT: config.tokenEndpoint,
    };
    const statements = [
      ...credential.readStatements(),
      tableStatement(table, [`${profileName}#*`, `CREDENTIAL#${credentialName}`]),
    ];
    if (encryptionKey !== undefined) statements.push(decryptVia(this, encryptionKey.keyArn, 'dynamodb'));
    const created = new TokenFunction(this, 'Default', {
      ...settings,
      description: `Vends tokens of the profile ${profileName}`,
      roleDescription: `The function of the profile ${profileName}`,
      code: functionCode(writeVendCode, profileFileOf(options, config)),
      environment,
      timeoutMs: VEND_TIMEOUT_MS,
      statements,
      ...(reservedConcurrency !== undefined && { reservedConcurrency }),
    });
    credential.addReader(created);
    return created.function;
  }

  /** It points to the version that each deploy publishes if code or configuration have changed. */
  private createAlias({ config: { secretName } }: Credential): lambda.Alias {
    // A secret that gets another name is replaced, but the template refers to it as before. Without its name in the
    // hash of the version, the alias would stay on a version that reads the replaced secret.
    if (secretName !== undefined) this.function.invalidateVersionBasedOn(secretName);
    return this.function.addAlias('live');
  }

  private permitCallers({ callers = [], organizationId }: ProfileOptions): void {
    for (const arn of callers) permitCaller(this.alias, callerId(arn), new iam.ArnPrincipal(arn));
    if (organizationId === undefined) return;
    permitCaller(this.alias, 'Organization', new iam.OrganizationPrincipal(organizationId));
  }

  /** Only at the end of synthesis it is known what `grantVend` has added. */
  private validateRoomForCallers(): string[] {
    const permissions = this.alias.node.findAll().filter((child) => child instanceof lambda.CfnPermission);
    const principals = permissions
      .filter(({ action }) => action === 'lambda:InvokeFunctionUrl')
      .map(({ principal }) => principal);
    const callers = principals.filter((principal) => principal !== '*');
    const max = callersThatFit(callers, callers.length < principals.length);
    if (max === callers.length) return [];
    return [`is granted to ${callers.length} callers in the alias's policy, which holds the first ${max} (20 KB)`];
  }
}

function tableStatement(table: dynamodb.ITableRef, leadingKeys: string[]): iam.PolicyStatement {
  return new iam.PolicyStatement({
    actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
    resources: [table.tableRef.tableArn],
    // Both actions always name their key, so ForAllValues is never true for lack of a key.
    conditions: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leadingKeys } },
  });
}

/** Stays as it is when another caller comes or goes: a replaced permission is in the policy twice for a while. */
function callerId(arn: string): string {
  return `Caller${createHash('sha256').update(arn).digest('hex').slice(0, 8)}`;
}

function assertRoomForCallers(profileName: string, { callers = [], organizationId }: ProfileOptions): void {
  const max = callersThatFit(callers, organizationId !== undefined);
  if (max === callers.length) return;
  throw configError(
    ['profiles', profileName, 'callers'],
    `holds ${callers.length} ARNs`,
    `must be the first ${max} at most, which is what the alias's policy holds (20 KB): for more, use organizationId, or attach the profile's managed policy (VendPolicy) to roles of this account`,
  );
}
