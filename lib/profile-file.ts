// What the functions are told by a file beside their code, made of the configuration. Local mode gets the same file.

import type { RotationFile } from '../lambda/rotate/settings.ts';
import type { ProfileFile } from '../lambda/vend/settings.ts';
import type { CredentialConfig } from './config.ts';

interface AllowList {
  readonly scopes?: readonly string[];
}

export function profileFileOf({ scopes }: AllowList, credential: CredentialConfig): ProfileFile {
  return { ...(scopes !== undefined && { scopes }), ...clientFileOf(credential) };
}

/** @param profiles the profiles that use the credential, by name */
export function rotationFileOf(
  profiles: Readonly<Record<string, AllowList>>,
  credential: CredentialConfig,
): RotationFile {
  const allowLists = Object.entries(profiles).map(([name, { scopes }]) => [name, scopes ? { scopes } : {}] as const);
  return { ...clientFileOf(credential), profiles: Object.fromEntries(allowLists) };
}

function clientFileOf({ clientAuthentication, parameters, secretFields, tenant }: CredentialConfig) {
  return {
    clientAuthentication,
    ...(tenant !== undefined && { tenant }),
    ...(parameters !== undefined && { parameters }),
    ...(secretFields !== undefined && { secretFields }),
  };
}
