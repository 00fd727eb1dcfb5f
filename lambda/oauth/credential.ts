// A client's credential for the token endpoint. One parser makes it from the secret's value
// (secrets/secret-value.ts). It prints as [redacted].

import { INSPECT } from '../inspect.ts';

export class Credential {
  readonly #clientId: string;
  readonly #clientSecret: string;
  /** The Secrets Manager version that holds it. */
  readonly version: string;

  constructor(clientId: string, clientSecret: string, version: string) {
    this.#clientId = clientId;
    this.#clientSecret = clientSecret;
    this.version = version;
  }

  get clientId(): string {
    return this.#clientId;
  }
  get clientSecret(): string {
    return this.#clientSecret;
  }
  /** The key that seals tokens is derived from this. A copy of the table alone is not enough to open them. */
  get sealingSecret(): string {
    return this.#clientSecret;
  }

  toJSON(): string {
    return '[redacted]';
  }
  [INSPECT](): string {
    return 'Credential [redacted]';
  }
}
