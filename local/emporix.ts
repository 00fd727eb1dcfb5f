// The former names of the authorization server, for suites that still use them.

import type { AuthorizationServerOptions, IssuedToken, Misbehaviour } from './authorization-server.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from './serve-authorization-server.ts';

export { SOME_SCOPES } from './client-secrets.ts';
export type { Misbehaviour };
export type EmporixOptions = AuthorizationServerOptions;
export type Emporix = ServedAuthorizationServer & { readonly mints: readonly IssuedToken[] };

export async function startEmporix(options: EmporixOptions = {}): Promise<Emporix> {
  const server = await startAuthorizationServer(options);
  return Object.assign(server, { mints: server.tokens });
}
