// The settings of a rotation function: names, ARNs and endpoints come from its environment, which holds 4 KB (AWS's
// limit). The profiles that use the credential come from a JSON file beside its code, because 169 scopes don't fit.

import { readVariables } from '../environment.ts';
import type { ClientAuthenticationMethod } from '../oauth/client-authentication.ts';
import type { SecretFields } from '../secrets/secret-value.ts';

/**
 * The rotation file, `rotation.json` beside the function's code. It is written at synthesis from checked configuration.
 */
export interface RotationFile {
  /** How the client authenticates at the token endpoint (RFC 6749 §2.3.1). */
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** The only tenant whose tokens are vended. @default tokens of any tenant */
  readonly tenant?: string;
  /** Extra parameters for the token endpoint, which are sent as they are. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The names of the secret's fields. @default client_id and client_secret */
  readonly secretFields?: SecretFields;
  /**
   * The profiles that use the credential, by name. `scopes` is the allow-list.
   * @default all scopes of the credential
   */
  readonly profiles: Readonly<Record<string, { readonly scopes?: readonly string[] }>>;
}

/** The names of the environment variables of a rotation function. */
export const ROTATION_VARIABLES = ['STACK_NAME', 'CREDENTIAL', 'SECRET_ID', 'TOKEN_ENDPOINT'] as const;

export interface RotationSettings extends RotationFile {
  /** The name of the stack, which is a dimension of each metric. */
  readonly stackName: string;
  /** The credential's name. */
  readonly credential: string;
  /** The only secret that this function rotates, as Secrets Manager names it in its events. */
  readonly secretId: string;
  readonly tokenEndpoint: string;
}

/**
 * Joins the environment and the rotation file. @throws Error if a variable is missing, which stops the function's start
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>, file: RotationFile): RotationSettings {
  const variables = readVariables(env, ROTATION_VARIABLES);
  return {
    ...file,
    stackName: variables.STACK_NAME,
    credential: variables.CREDENTIAL,
    secretId: variables.SECRET_ID,
    tokenEndpoint: variables.TOKEN_ENDPOINT,
  };
}
