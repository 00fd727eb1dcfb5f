// Test data. All values are valid by default, so a test names only the ones that it is about.

import { Credential } from '../lambda/oauth/credential.ts';
import { Token, type TokenParts } from '../lambda/oauth/token.ts';

/** When the tokens of the test data are issued, in seconds since the epoch. */
export const ISSUED_AT = 1_800_000_000;
export const ISSUED_AT_MS = ISSUED_AT * 1000;

/** A token. Its times follow from its lifetime. @default it lives for an hour */
export function someToken({
  lifetimeSeconds = 3600,
  ...parts
}: Partial<TokenParts> & { lifetimeSeconds?: number } = {}) {
  return new Token({
    access_token: 'the-token',
    issued_at: ISSUED_AT,
    renew_at: ISSUED_AT + Math.floor(lifetimeSeconds * 0.8),
    expires_at: ISSUED_AT + lifetimeSeconds,
    ...parts,
    fields: parts.fields ?? {},
  });
}

export function someCredential({ clientId = 'the-client', clientSecret = 'the-secret', version = 'version-1' } = {}) {
  return new Credential(clientId, clientSecret, version);
}
