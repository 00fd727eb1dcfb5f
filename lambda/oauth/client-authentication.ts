// The methods of client authentication at the token endpoint (RFC 6749 §2.3.1). Each is a function that puts the
// credential into the request.

import type { Credential } from './credential.ts';

export interface TokenRequest {
  readonly headers: Record<string, string>;
  /** The body, before it is encoded. */
  readonly form: URLSearchParams;
}

type ClientAuthentication = (credential: Credential, request: TokenRequest) => void;

/** The methods by the names that RFC 8414 registers for `token_endpoint_auth_methods_supported`. */
export const CLIENT_AUTHENTICATION = {
  client_secret_post({ clientId, clientSecret }, { form }) {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
  },
  client_secret_basic({ clientId, clientSecret }, { headers }) {
    headers.authorization = `Basic ${Buffer.from(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`).toString('base64')}`;
  },
} as const satisfies Readonly<Record<string, ClientAuthentication>>;

export type ClientAuthenticationMethod = keyof typeof CLIENT_AUTHENTICATION;

/** Client ID and client secret are form-encoded before they are joined (RFC 6749 §2.3.1). */
function formEncoded(value: string): string {
  return new URLSearchParams({ value }).toString().slice('value='.length);
}
