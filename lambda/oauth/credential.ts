// A client's credential for the token endpoint. One parser makes it from the secret's value. It prints as [redacted].

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

  /**
   * Reads `{"client_id": "…", "client_secret": "…"}`.
   * @returns the credential, or a predicate that says what is wrong with the value
   */
  static parse(value: string | undefined, version: string): Credential | string {
    let parsed: unknown;
    try {
      parsed = JSON.parse(value ?? '');
    } catch {
      return 'is not JSON'; // The parser's own message would quote the value.
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'is not a JSON object';
    const { client_id, client_secret } = parsed as Record<string, unknown>;
    if (typeof client_id !== 'string' || client_id === '') return 'has no client_id';
    if (typeof client_secret !== 'string' || client_secret === '') return 'has no client_secret';
    return new Credential(client_id, client_secret, version);
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
