// The answers of the authorization server to one token request (RFC 6749 §4.4), with the habits of Emporix: `scope`
// begins with a literal `scope=` and ends with the tenant, and scopes that the client doesn't hold are left out
// silently. Errors have the two shapes of Apigee, the gateway in front of Emporix: a `fault` from the gateway itself,
// `ErrorCode` and `Error` from its OAuth policy.

import type { ClientAuthenticationMethod } from '../lambda/oauth/client-authentication.ts';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const;

/** Header names are in lower case. `params` is the body read as a form, whatever its content type is. */
export interface TokenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
}

/** The scopes and the tenant of a client secret, or of one token. */
export interface Grant {
  readonly scopes: readonly string[];
  readonly tenant: string;
}

/** The client that a request names, as the server knows it. */
export interface Client {
  /** The only method of client authentication that is accepted. If undefined, both are. */
  readonly clientAuthentication: ClientAuthenticationMethod | undefined;
  readonly exists: boolean;
  /** Undefined if the secret is not the client's, or is refused. */
  readonly grant: Grant | undefined;
}

export interface ClientCredentials {
  readonly method: ClientAuthenticationMethod;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

export interface Refusal {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** Makes a token request as it arrives over HTTP. @param headers additional headers, with names in lower case */
export function tokenRequest(params: TokenRequest['params'], headers: TokenRequest['headers'] = {}): TokenRequest {
  return {
    method: 'POST',
    path: '/oauth/token',
    headers: { ...FORM, ...headers },
    params: { grant_type: 'client_credentials', ...params },
  };
}

/** Returns what the request is granted, or how it is refused. */
export function authorize(request: TokenRequest, method: ClientAuthenticationMethod, client: Client): Grant | Refusal {
  const { clientAuthentication = method, exists, grant } = client;
  const problem = requestProblem(request);
  if (problem) return problem;
  if (!exists || clientAuthentication !== method) return fault(401, 'Invalid ApiKey', 'oauth.v2.InvalidApiKey');
  if (!grant) return policyError(401, 'invalid_client', 'Client credentials are invalid');
  const { tenant, scopes } = grant;
  return grantTypeProblem(request.params) ?? { tenant, scopes: grantedScopes(request.params.scope, scopes) };
}

/** Returns the body of a successful answer, with all the fields that Emporix sends. */
export function tokenBody(accessToken: string, expiresInSeconds: number, { scopes, tenant }: Grant): object {
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: expiresInSeconds,
    session_idle_time: 120,
    refresh_token: '',
    refresh_token_expires_in: 0,
    scope: `scope=${[...scopes, `tenant=${tenant}`].join(' ')}`,
  };
}

export function credentialsOf({ headers: { authorization }, params }: TokenRequest): ClientCredentials {
  if (authorization === undefined) {
    return { method: 'client_secret_post', clientId: params.client_id, clientSecret: params.client_secret };
  }
  // RFC 6749 §2.3.1: ID and secret are form-encoded before they are joined.
  const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? [];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return { method: 'client_secret_basic', clientId: formDecoded(id), clientSecret: formDecoded(secret) };
}

/** Returns all scopes of the client if the request names none, else those of the named scopes that the client holds. */
function grantedScopes(scope: string | undefined, held: readonly string[]): readonly string[] {
  const named = new Set(
    (scope ?? '')
      .replace(/^scope=/, '')
      .split(' ')
      .filter((entry) => entry && !entry.startsWith('tenant=')),
  );
  return named.size === 0 ? held : held.filter((entry) => named.has(entry));
}

function requestProblem({ method, path, headers }: TokenRequest): Refusal | undefined {
  if (path !== '/oauth/token') {
    return fault(
      404,
      `Unable to identify proxy for host: default and url: ${path}`,
      'messaging.adaptors.http.flow.ApplicationNotFound',
    );
  }
  if (method !== 'POST') {
    return { ...fault(405, 'Method Not Allowed', 'protocol.http.MethodNotAllowed'), headers: { allow: 'POST' } };
  }
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== FORM['content-type']) {
    return fault(415, 'Unsupported Media Type', 'protocol.http.UnsupportedMediaType');
  }
  return undefined;
}

function grantTypeProblem({ grant_type: grantType }: TokenRequest['params']): Refusal | undefined {
  if (!grantType) return policyError(400, 'invalid_request', 'Required param : grant_type');
  if (grantType === 'client_credentials') return undefined;
  return policyError(400, 'invalid_request', `Unsupported grant type : ${grantType}`);
}

function formDecoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
}

function fault(status: number, faultstring: string, errorcode: string): Refusal {
  return { status, body: { fault: { faultstring, detail: { errorcode } } } };
}

function policyError(status: number, code: string, message: string): Refusal {
  return { status, body: { ErrorCode: code, Error: message } };
}
