// An authorization server that no one here wrote, in a process of its own: panva's oidc-provider, which is an ES module
// only. Tells its issuer when it listens, and of each token request how the client authenticated; ends with its parent.

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
    clients: clients.map((/** @type {object} */ named) => ({ ...client, ...named })),
    scopes,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    ttl: { ClientCredentials: lifetimeSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      // A token for a resource (RFC 8707) is a JWT with the scopes that the resource knows; any other is opaque.
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
