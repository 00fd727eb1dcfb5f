// The former way to ask for an answer in process, for suites that still use it.

import {
  authorize,
  type ClientAuthentication,
  credentialsOf,
  type Grant,
  type TokenRequest,
  tokenBody,
} from './token-answers.ts';

interface Client extends Grant {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly expiresInSeconds: number;
}

export function answerTokenRequest(
  request: TokenRequest,
  client: Client,
  newToken: () => string,
): { readonly status: number; readonly body: object } {
  const { method, clientId, clientSecret } = credentialsOf(request);
  const grant = clientSecret === client.clientSecret ? client : undefined;
  const { clientAuthentication } = client;
  const outcome = authorize(request, method, { clientAuthentication, exists: clientId === client.clientId, grant });
  if ('status' in outcome) return outcome;
  return { status: 200, body: tokenBody(newToken(), client.expiresInSeconds, outcome) };
}
