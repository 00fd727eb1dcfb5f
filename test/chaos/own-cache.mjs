// For comparison: a service that obtains its tokens itself, with openid-client and a cache in its own memory. It makes one
// request at a time per scope, and keeps the same margin before a token's end as the vend function.

import {
  allowInsecureRequests,
  ClientSecretPost,
  Configuration,
  clientCredentialsGrant,
  customFetch,
} from 'openid-client';
import { serveCalls } from '../../testbed/processes/serve-calls.mjs';

const MARGIN_MS = 30_000;

const { TOKEN_ENDPOINT = '', CLIENT_ID = '', CLIENT_SECRET = '' } = process.env;
const server = { issuer: new URL(TOKEN_ENDPOINT).origin, token_endpoint: TOKEN_ENDPOINT };
const configuration = new Configuration(server, CLIENT_ID, CLIENT_SECRET, ClientSecretPost(CLIENT_SECRET));
allowInsecureRequests(configuration);
configuration.timeout = 5;
// openid-client takes no empty refresh_token, which Emporix sends.
configuration[customFetch] = async (url, { body, headers, method, signal }) => {
  const response = await fetch(url, { headers, method, ...(body && { body }), ...(signal && { signal }) });
  if (!response.ok) return response;
  const { refresh_token, ...fields } = /** @type {Record<string, unknown>} */ (await response.json());
  return Response.json(fields);
};

/** @typedef {{ token: string, expiresAtMs: number, marginMs: number }} Cached */
/** @type {Map<string, Cached>} */
const cache = new Map();
/** @type {Map<string, Promise<Cached>>} */
const requests = new Map();

serveCalls(async (scope) => {
  const last = cache.get(scope);
  const cached = last && Date.now() < last.expiresAtMs - last.marginMs ? last : undefined;
  try {
    const { token, expiresAtMs } = cached ?? (await obtainOnce(scope));
    const expiresInSeconds = Math.floor((expiresAtMs - Date.now()) / 1000);
    return { status: 200, token, source: cached ? 'memory' : 'mint', expiresInSeconds };
  } catch {
    return { status: 503 };
  }
});

function obtainOnce(/** @type {string} */ scope) {
  const request = requests.get(scope) ?? obtain(scope).finally(() => requests.delete(scope));
  requests.set(scope, request);
  return request;
}

async function obtain(/** @type {string} */ scope) {
  const requestedAtMs = Date.now();
  const { access_token: token, expires_in = 0 } = await clientCredentialsGrant(configuration, { scope });
  const expiresAtMs = requestedAtMs + expires_in * 1000;
  const obtained = { token, expiresAtMs, marginMs: Math.min(MARGIN_MS, expires_in * 100) };
  cache.set(scope, obtained);
  return obtained;
}
