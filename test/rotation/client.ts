// The client whose secret is rotated: its scopes, its secrets, and the authorization server that knows them.

import { type ServedAuthorizationServer, startAuthorizationServer } from '../../local/serve-authorization-server.ts';

export const LONG_SCOPES: readonly string[] = ['rotation.long_a', 'rotation.long_b'];
const SHORT_SCOPES: readonly string[] = ['rotation.short_a', 'rotation.short_b'];
export const SCOPES: readonly string[] = [...LONG_SCOPES, ...SHORT_SCOPES];
/** The client holds it and no caller names it, so that a candidate can lack it. */
export const QUIET_SCOPE = 'rotation.quiet';

const LONG_LIFETIME_SECONDS = 14_399;
const SHORT_LIFETIME_SECONDS = 40;
/** How long the tokens of a replaced secret live on. A caller that gets one after that gets a dead token. */
const TOKENS_LIVE_ON_MS = 65_000;

export const CLIENT_ID = 'rotation-client';
export const SECRETS = {
  one: 'client-secret-one',
  two: 'client-secret-two',
  three: 'client-secret-three',
  mistyped: 'client-secret-mistyped',
  four: 'client-secret-four',
  five: 'client-secret-five',
  unknown: 'client-secret-unknown',
  poorer: 'client-secret-poorer',
} as const;

export async function startServer(nowMs: () => number): Promise<ServedAuthorizationServer> {
  return await startAuthorizationServer({
    clientId: CLIENT_ID,
    clientSecret: SECRETS.one,
    scopes: [...SCOPES, QUIET_SCOPE],
    expiresInSeconds: (granted) => {
      const isShort = granted.length > 0 && granted.every((scope) => SHORT_SCOPES.includes(scope));
      return isShort ? SHORT_LIFETIME_SECONDS : LONG_LIFETIME_SECONDS;
    },
    nowMs,
  });
}

/** The secret's tokens end 65 s from now. The secret itself is refused at once, or then as well. */
export function replace(server: ServedAuthorizationServer, secret: string, when: 'refused at once' | 'refused later') {
  const afterMs = when === 'refused at once' ? 0 : TOKENS_LIVE_ON_MS;
  server.refuse(secret, { afterMs, tokensEndAfterMs: TOKENS_LIVE_ON_MS });
}
