// The settings of a vend function: names, ARNs and endpoints come from its environment, which holds 4 KB (AWS's limit).
// The profile's scopes and parameters come from a JSON file beside its code, because 169 scopes don't fit.

import type { ClientAuthenticationMethod } from '../oauth/client-authentication.ts';

/** The profile file, `profile.json` beside the function's code. Written at synthesis from checked configuration. */
export interface ProfileFile {
  /** The allow-list. Left out: all scopes of the credential. */
  readonly scopes?: readonly string[];
  /** How the client authenticates at the token endpoint (RFC 6749 §2.3.1). */
  readonly clientAuthentication: ClientAuthenticationMethod;
  /** A token of another tenant is refused. Left out: any tenant. */
  readonly tenant?: string;
  /** Extra parameters for the token endpoint, sent as they are. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The names of the environment variables of a vend function. */
export const ENVIRONMENT_VARIABLES = ['PROFILE', 'CREDENTIAL', 'SECRET_ID', 'TABLE_NAME', 'TOKEN_ENDPOINT'] as const;

export interface Settings extends ProfileFile {
  /** The profile's name: the first half of each cache key. */
  readonly profile: string;
  /** The credential's name. */
  readonly credential: string;
  /** Name or ARN of the Secrets Manager secret that holds the credential. */
  readonly secretId: string;
  readonly tableName: string;
  readonly tokenEndpoint: string;
}

/** Joins environment and profile file; a missing variable stops the function at its start. */
export function readSettings(env: Readonly<Record<string, string | undefined>>, file: ProfileFile): Settings {
  const [profile, credential, secretId, tableName, tokenEndpoint] = ENVIRONMENT_VARIABLES.map((name) => {
    const value = env[name];
    if (!value) throw new Error(`environment variable ${name} is missing`);
    return value;
  }) as [string, string, string, string, string];
  return { ...file, profile, credential, secretId, tableName, tokenEndpoint };
}
