// An authorization server of another project, in a process of its own: panva's oidc-provider, which is an ES module
// only. It sends its parent its issuer when it listens, and for each token request the client authentication method. It
// ends with its parent.

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const { clients, scopes, lifetimeSeconds } = JSON.parse(process.argv[2] ?? '');

process.on('disconnect', () => process.exit());

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  server.on('request', (request) => {
    const method = request.headers.authorization ? 'client_secret_basic' : 'client_secret_post';
    if (request.url === '/token') process.send?.({ authenticated: method });
  });
  server.on('request', new Provider(issuer, configuration()).callback());
  process.send?.({ issuer });
});

function configuration() {
  const client = { grant_types: ['client_credentials'], redirect_uris: [], response_types: [] };
  return {
    clients: clients.map((/** @type {object} */ given) => ({ ...client, ...given })),
    scopes,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    ttl: { ClientCredentials: lifetimeSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      // A token for a resource (RFC 8707) is a JWT with the scopes of that resource. Any other token is opaque.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        getResourceServerInfo: (/** @type {unknown} */ _context, /** @type {string} */ resource) => ({
          scope: scopes.join(' '),
          audience: resource,
          accessTokenTTL: lifetimeSeconds,
          accessTokenFormat: 'jwt',
        }),
      },
    },
  };
}
