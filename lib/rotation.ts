// Verified rotation of one credential: a function that Secrets Manager calls on demand (`aws secretsmanager
// rotate-secret`), never by a schedule of its own. The runbook is docs/rotation.md.

import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { ROTATION_VARIABLES } from '../lambda/rotate/settings.ts';
import { COMPARISON_LIMIT_MS, ROTATION_SECRETS_MS } from '../lambda/time-limits.ts';
import type { Credential } from './credential.ts';
import { functionCode } from './function-code.ts';
import { rotationFileOf } from './profile-file.ts';
import { type FunctionSettings, TokenFunction } from './token-function.ts';
import { writeRotateCode } from './vend-code.ts';

export interface CredentialRotationProps extends FunctionSettings {
  readonly credential: Credential;
  /** The profiles that use the credential, by name. A candidate is tested for each of them. */
  readonly profiles: Readonly<Record<string, { readonly scopes?: readonly string[] }>>;
}

/** Lambda's own limit. */
const MAX_TIMEOUT_MS = 900_000;

export class CredentialRotation extends Construct {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: CredentialRotationProps) {
    super(scope, id);
    this.function = this.createFunction(props);
    const { functionArn } = this.function;
    const { secretArn } = props.credential;
    const permission = new lambda.CfnPermission(this, 'Permission', {
      action: 'lambda:InvokeFunction',
      functionName: functionArn,
      principal: 'secretsmanager.amazonaws.com',
      sourceAccount: Stack.of(this).account,
      sourceArn: secretArn,
    });
    // Without rules it is on demand. The CDK's own `addRotationSchedule` would let the function's role ask for random
    // passwords (`GetRandomPassword` on `*`), and Secrets Manager of any account call the function.
    const schedule = new secretsmanager.CfnRotationSchedule(this, 'Schedule', {
      secretId: secretArn,
      rotationLambdaArn: functionArn,
      rotateImmediatelyOnUpdate: false,
    });
    // Secrets Manager calls the function at once, to see whether it may.
    schedule.node.addDependency(permission);
  }

  /** It has no alias: only this schedule holds its ARN, and a rotation always uses the latest code. */
  private createFunction({ credential, profiles, ...settings }: CredentialRotationProps): lambda.Function {
    const { config, credentialName } = credential;
    const environment: Record<(typeof ROTATION_VARIABLES)[number], string> = {
      STACK_NAME: Stack.of(this).stackName,
      CREDENTIAL: credentialName,
      SECRET_ID: credential.secretArn,
      TOKEN_ENDPOINT: config.tokenEndpoint,
    };
    const comparisons = Math.max(1, Object.keys(profiles).length);
    const created = new TokenFunction(this, 'Default', {
      ...settings,
      description: `Tests a new credential ${credentialName} and makes it current`,
      roleDescription: `The rotation function of the credential ${credentialName}`,
      code: functionCode(writeRotateCode, rotationFileOf(profiles, config)),
      environment,
      timeoutMs: Math.min(ROTATION_SECRETS_MS + COMPARISON_LIMIT_MS * comparisons, MAX_TIMEOUT_MS),
      statements: credential.rotateStatements(),
    });
    credential.addRotator(created);
    return created.function;
  }
}
