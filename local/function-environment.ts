// The environment of a vend function that runs on this machine: the variables that Lambda sets, those that the stack
// sets, and the endpoints that the SDK uses instead of AWS's.

import { devNull } from 'node:os';
import type { ENVIRONMENT_VARIABLES } from '../lambda/vend/settings.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION, LOCAL_STACK } from './names.ts';

/** The variables that Lambda itself sets. */
export function lambdaEnvironment(functionName: string, codeDirectory: string, memoryMb = 512): Record<string, string> {
  return {
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    LAMBDA_TASK_ROOT: codeDirectory,
    TZ: ':UTC',
    // Lambda has no home directory with AWS settings, but this machine may have one.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    // The SDK warns about an old Node.js, which this machine may have and Lambda doesn't.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

export interface VendEnvironment {
  readonly profileName: string;
  readonly credentialName: string;
  readonly tokenEndpoint: string;
  readonly dynamodb: { readonly url: string; readonly tableName: string };
  readonly secretsManager: { readonly url: string; readonly secretId: string };
}

/** The variables that the stack sets, and the endpoints. */
export function vendEnvironment(names: VendEnvironment): Record<string, string> {
  const variables: Record<(typeof ENVIRONMENT_VARIABLES)[number], string> = {
    STACK_NAME: LOCAL_STACK,
    PROFILE: names.profileName,
    CREDENTIAL: names.credentialName,
    SECRET_ID: names.secretsManager.secretId,
    TABLE_NAME: names.dynamodb.tableName,
    TOKEN_ENDPOINT: names.tokenEndpoint,
  };
  return {
    ...variables,
    AWS_ENDPOINT_URL_DYNAMODB: names.dynamodb.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: names.secretsManager.url,
  };
}
