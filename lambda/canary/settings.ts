// The settings of a canary come from its environment.

import { readVariables } from '../environment.ts';

/** The names of the environment variables that each canary has. */
export const CANARY_VARIABLES = ['STACK_NAME', 'PROFILE', 'TOKEN_VENDING_URL'] as const;
/** It is set for profiles with an allow-list only. */
export const REFUSED_SCOPE_VARIABLE = 'REFUSED_SCOPE';
/** What its value begins with. */
export const REFUSED_SCOPE = 'token-vending.canary';

export interface CanarySettings {
  /** The name of the stack, which is a dimension of each metric. */
  readonly stackName: string;
  /** The profile's name. */
  readonly profile: string;
  /** The URL that tokens are requested from, with `oauth/token` at its end. */
  readonly tokenEndpoint: string;
  /** A scope outside the allow-list. Undefined if the profile has no allow-list. */
  readonly refusedScope: string | undefined;
}

/** @throws Error if a variable is missing, which stops the function's start */
export function readSettings(env: Readonly<Record<string, string | undefined>>): CanarySettings {
  const variables = readVariables(env, CANARY_VARIABLES);
  return {
    stackName: variables.STACK_NAME,
    profile: variables.PROFILE,
    tokenEndpoint: variables.TOKEN_VENDING_URL,
    refusedScope: env[REFUSED_SCOPE_VARIABLE],
  };
}
