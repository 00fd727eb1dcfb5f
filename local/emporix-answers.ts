// What the simulated Emporix answers to one token request. Errors have the two shapes of Apigee: a `fault` from the
// gateway itself, `ErrorCode` and `Error` from its OAuth policy.

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic' | undefined;
  readonly scopes: readonly string[];
  readonly tenant: string;
  readonly expiresInSeconds: number;
}

export interface TokenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
  /** The scopes of the new token; left out when none was issued. */
  readonly granted?: readonly string[];
}

export function answerTokenRequest(request: TokenRequest, client: Client, newToken: () => string): Answer {
  const refusal = refuseRequest(request) ?? refuseClient(request, client) ?? refuseGrant(request.params);
  if (refusal) return refusal;
  const granted = grantedScopes(request.params.scope, client.scopes);
  return {
    status: 200,
    granted,
    body: {
      access_token: newToken(),
      token_type: 'Bearer',
      expires_in: client.expiresInSeconds,
      session_idle_time: 120,
      refresh_token: '',
      refresh_token_expires_in: 0,
      scope: `scope=${[...granted, `tenant=${client.tenant}`].join(' ')}`,
    },
  };
}

/** All of the client's scopes if none is named; of those named, the ones it holds. */
function grantedScopes(scope: string | undefined, held: readonly string[]): readonly string[] {
  const named = new Set(
    (scope ?? '')
      .replace(/^scope=/, '')
      .split(' ')
      .filter((entry) => entry && !entry.startsWith('tenant=')),
  );
  return named.size === 0 ? held : held.filter((entry) => named.has(entry));
}

function refuseRequest({ method, path, headers }: TokenRequest): Answer | undefined {
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
  if (mediaType !== 'application/x-www-form-urlencoded') {
    return fault(415, 'Unsupported Media Type', 'protocol.http.UnsupportedMediaType');
  }
  return undefined;
}

function refuseClient({ headers, params }: TokenRequest, client: Client): Answer | undefined {
  const usesBasic = headers.authorization !== undefined;
  const method = usesBasic ? 'client_secret_basic' : 'client_secret_post';
  const [id, secret] = usesBasic ? basicCredentials(headers.authorization) : [params.client_id, params.client_secret];
  const isMethodTaken = client.clientAuthentication === undefined || client.clientAuthentication === method;
  if (!isMethodTaken || id !== client.clientId) return fault(401, 'Invalid ApiKey', 'oauth.v2.InvalidApiKey');
  if (secret !== client.clientSecret) return policyError(401, 'invalid_client', 'Client credentials are invalid');
  return undefined;
}

function refuseGrant({ grant_type: grantType }: TokenRequest['params']): Answer | undefined {
  if (!grantType) return policyError(400, 'invalid_request', 'Required param : grant_type');
  if (grantType === 'client_credentials') return undefined;
  return policyError(400, 'invalid_request', `Unsupported grant type : ${grantType}`);
}

/** RFC 6749 §2.3.1: ID and secret are form-encoded before they are joined. */
function basicCredentials(authorization = ''): readonly [string, string] | readonly [] {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization) ?? [];
  const [, id, secret] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded ?? '', 'base64').toString()) ?? [];
  return id === undefined || secret === undefined ? [] : [formDecoded(id), formDecoded(secret)];
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? '';
}

function fault(status: number, faultstring: string, errorcode: string): Answer {
  return { status, body: { fault: { faultstring, detail: { errorcode } } } };
}

function policyError(status: number, code: string, message: string): Answer {
  return { status, body: { ErrorCode: code, Error: message } };
}
