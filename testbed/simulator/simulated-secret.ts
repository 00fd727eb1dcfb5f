// The secret in Secrets Manager: its versions are numbered from 1 on.

import type { GetSecretValueCommandInput } from '@aws-sdk/client-secrets-manager';
import { Credential } from '../../lambda/oauth/credential.ts';

export const CLIENT_ID = 'client';

export class SimulatedSecret {
  #replacements = 0;
  readonly #credentials = new Map<string, Credential>();

  get currentVersion(): string {
    return versionId(this.#replacements + 1);
  }

  /** Makes a new version the current one. Returns its client secret. */
  replace(): string {
    this.#replacements++;
    return clientSecretOf(this.currentVersion);
  }

  /** Always the same object for a version, because the key that is derived from it is kept with it. */
  credentialOf(version: string): Credential {
    const credential = this.#credentials.get(version) ?? new Credential(CLIENT_ID, clientSecretOf(version), version);
    this.#credentials.set(version, credential);
    return credential;
  }

  /** What GetSecretValue answers. @throws Error where there is no such version */
  answer({ VersionId, VersionStage }: Partial<GetSecretValueCommandInput>): object {
    if (VersionStage === 'AWSPREVIOUS' && this.#replacements === 0) throw new Error('there is no such version');
    const staged = VersionStage === 'AWSPREVIOUS' ? versionId(this.#replacements) : this.currentVersion;
    const version = VersionId ?? staged;
    const value = { client_id: CLIENT_ID, client_secret: clientSecretOf(version) };
    return { VersionId: version, SecretString: JSON.stringify(value) };
  }
}

export function clientSecretOf(version: string): string {
  return `secret of ${version}`;
}

/** As long as those of Secrets Manager. */
function versionId(number: number): string {
  return `00000000-0000-0000-0000-${String(number).padStart(12, '0')}`;
}
