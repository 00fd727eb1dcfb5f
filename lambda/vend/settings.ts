// The settings of a vend function: names, ARNs and endpoints come from its environment, which holds 4 KB (AWS's limit).
// The profile's scopes and parameters come from a JSON file beside its code, because 169 scopes don't fit.

import { readVariables } from '../environment.ts';
import type { ClientAuthenticationMethod } from '../oauth/client-authentication.ts';
import type { SecretFields } from '../secrets/secret-value.ts';

/**
 * The profile file, `profile.json` beside the function's code. It is written at synthesis from checked configuration.
 */
export interface ProfileFile {
  /** The allow-list. @default all scopes of the credential */
  readonly scopes?: readonly string[];
  /** How the client authenticates at the token endpoint (RFC 6749 §2.3.1). */
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** The only tenant whose tokens are vended. @default tokens of any tenant */
  readonly tenant?: string;
  /** Extra parameters for the token endpoint, which are sent as they are. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The names of the secret's fields. @default client_id and client_secret */
  readonly secretFields?: SecretFields;
}

/** The names of the environment variables of a vend function. */
export const ENVIRONMENT_VARIABLES = [
  'STACK_NAME',
  'PROFILE',
  'CREDENTIAL',
  'SECRET_ID',
  'TABLE_NAME',
  'TOKEN_ENDPOINT',
] as const;

export interface Settings extends ProfileFile {
  /** The name of the stack, which is a dimension of each metric. */
  readonly stackName: string;
  /** The profile's name, with which the key of each of its items begins. */
  readonly profile: string;
  /** The credential's name. */
  readonly credential: string;
  /** The name or ARN of the Secrets Manager secret that holds the credential. */
  readonly secretId: string;
  readonly tableName: string;
  readonly tokenEndpoint: string;
}

/**
 * Joins the environment and the profile file. @throws Error if a variable is missing, which stops the function's start
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>, file: ProfileFile): Settings {
  const variables = readVariables(env, ENVIRONMENT_VARIABLES);
  return {
    ...file,
    stackName: variables.STACK_NAME,
    profile: variables.PROFILE,
    credential: variables.CREDENTIAL,
    secretId: variables.SECRET_ID,
    tableName: variables.TABLE_NAME,
    tokenEndpoint: variables.TOKEN_ENDPOINT,
  };
}
