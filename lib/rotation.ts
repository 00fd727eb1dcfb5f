// Verified rotation of one credential: a function with its own role and log group that Secrets Manager calls on demand
// (`aws secretsmanager rotate-secret`), never by a schedule of its own. The runbook is docs/rotation.md.

import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type ROTATION_VARIABLES, type RotationFile, TRIAL_LIMIT_SECONDS } from '../lambda/rotate/settings.ts';
import type { Credential } from './credential.ts';
import { functionCode } from './function-code.ts';
import { createFunctionRole } from './function-role.ts';
import { writeRotateCode } from './vend-code.ts';

export interface RotationProps {
  readonly credential: Credential;
  /** The profiles that use the credential, by name: a candidate is tested for each of them. */
  readonly profiles: Readonly<Record<string, { readonly scopes?: readonly string[] }>>;
  /** Memory of the function, in MB. */
  readonly memoryMb: number;
  /** How long logs are kept, in days. */
  readonly logRetention: logs.RetentionDays;
  /**
   * The customer-managed key that logs are under.
   * @default - AWS's key
   */
  readonly encryptionKey?: kms.IKey;
}

/** For all calls of Secrets Manager in one step, each as slow as it may be. */
const SECRETS_MANAGER_SECONDS = 60;
/** Lambda's own limit. */
const MAX_TIMEOUT_SECONDS = 900;

export class Rotation extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: RotationProps) {
    super(scope, id);
    this.function = this.createFunction(props);
    const { secretArn } = props.credential;
    const permission = new lambda.CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: this.function.functionArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn: secretArn,
    });
    // Without rules it is on demand. The CDK's own `addRotationSchedule` would let the function's role ask for random
    // passwords (`GetRandomPassword` on `*`), and Secrets Manager of any account call the function.
    const schedule = new secretsmanager.CfnRotationSchedule(this, 'Schedule', {
      secretId: secretArn,
      rotationLambdaArn: this.function.functionArn,
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager calls the function at once, to see whether it may.
    schedule.addResourceDependency(permission);
  }

  private createFunction(props: RotationProps): lambda.Function {
    const { credential, encryptionKey, memoryMb, profiles } = props;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
      ...(encryptionKey !== undefined && { encryptionKey }),
    });
    const environment: Record<(typeof ROTATION_VARIABLES)[number], string> = {
      CREDENTIAL: credential.credentialName,
      SECRET_ID: credential.secretArn,
      TOKEN_ENDPOINT: credential.config.tokenEndpoint,
    };
    const seconds = SECRETS_MANAGER_SECONDS + TRIAL_LIMIT_SECONDS * Math.max(1, Object.keys(profiles).length);
    return new lambda.Function(this, 'Function', {
      description: `Tests a new credential ${credential.credentialName} and makes it current`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: functionCode(writeRotateCode, rotationFileOf(props)),
      handler: 'index.handler',
      memorySize: memoryMb,
      timeout: Duration.seconds(Math.min(seconds, MAX_TIMEOUT_SECONDS)),
      role: this.createRole(credential, logGroup),
      logGroup,
      tracing: lambda.Tracing.ACTIVE,
      environment,
    });
  }

  private createRole(credential: Credential, logGroup: logs.LogGroup): iam.IRole {
    const description = `The rotation function of the credential ${credential.credentialName}`;
    const role = createFunctionRole(this, { description, logGroup, statements: credential.rotateStatements() });
    credential.addRotator(role);
    return role;
  }
}

function rotationFileOf({ credential, profiles }: RotationProps): RotationFile {
  const { clientAuthentication, parameters, tenant } = credential.config;
  const allowLists = Object.entries(profiles).map(([name, { scopes }]) => [name, scopes ? { scopes } : {}] as const);
  return {
    clientAuthentication,
    ...(tenant !== undefined && { tenant }),
    ...(parameters !== undefined && { parameters }),
    profiles: Object.fromEntries(allowLists),
  };
}
