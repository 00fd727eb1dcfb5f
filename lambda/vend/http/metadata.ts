// The authorization server metadata (RFC 8414 §3.2) of a profile. The AWS signature identifies a caller, so the
// metadata names no client authentication.

import type { FunctionUrlEvent } from './function-url-event.ts';

/** @param scopes the profile's allow-list. Undefined if it has none */
export function metadata(event: FunctionUrlEvent, scopes: readonly string[] | undefined): Record<string, unknown> {
  const headers = (event.headers ?? {}) as Record<string, unknown>;
  const { domainName } = (event.requestContext ?? {}) as { domainName?: unknown };
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const issuer = `${text(headers['x-forwarded-proto']) ?? 'https'}://${text(headers.host) ?? text(domainName)}`;
  return {
    issuer,
    token_endpoint: `${issuer}/oauth/token`,
    grant_types_supported: ['client_credentials'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: ['none'],
    ...(scopes && { scopes_supported: scopes }),
  };
}
