// Local mode in front of Keycloak: client authentication, scopes, the fields of an answer, and refusals.

import assert from 'node:assert/strict';
import type { ProfileFile } from '../../lambda/vend/settings.ts';
import type { LocalMode } from '../../local/local-mode.ts';
import { claimsOf, requestToken } from '../../testbed/local-mode.ts';
import type { Suite } from '../../testbed/suite.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';
import type { Client, Keycloak } from './keycloak.ts';

const REALM = 'shop';
const LIFETIME_SECONDS = 600;
const DEFAULT = 'order.order_read';
const OPTIONAL = 'order.order_manage';
/** A scope of the realm that the clients may not have. */
const FORBIDDEN = 'price.price_manage';

/** Both have many characters that form-encoding changes (RFC 6749 §2.3.1), and one outside of ASCII. */
const CLIENT: Client = {
  clientId: 'shop: a+b/c%2B é',
  clientSecret: `s p:a%c&e=+/~"'%C3\\ é`,
  defaultScopes: [DEFAULT],
  optionalScopes: [OPTIONAL],
};
const REFRESHING: Client = { ...CLIENT, clientId: 'refreshing', refreshes: true };
const METHODS = ['client_secret_post', 'client_secret_basic'] as const;

interface Started {
  readonly mode: LocalMode;
  /** What the function has printed. */
  printed(): string;
}

export async function checkVending(suite: Suite, keycloak: Keycloak): Promise<void> {
  const settings = { scopes: [DEFAULT, OPTIONAL, FORBIDDEN], clients: [CLIENT, REFRESHING] };
  await keycloak.createRealm(REALM, { lifetimeSeconds: LIFETIME_SECONDS, ...settings });

  /** Uses local mode and closes it. */
  async function using(client: Client, profile: ProfileFile, use: (started: Started) => Promise<void>): Promise<void> {
    let printed = '';
    const authorizationServer = { ...client, tokenEndpoint: keycloak.tokenEndpointOf(REALM) };
    const write = (text: string) => {
      printed += text;
    };
    const mode = await startBundledLocalMode({ authorizationServer, profile, instances: 1, write });
    try {
      await use({ mode, printed: () => printed });
    } finally {
      await mode.close();
    }
  }

  for (const clientAuthentication of METHODS) {
    await suite.check(`${clientAuthentication}: a token is vended, and once more from memory`, () =>
      using(CLIENT, { clientAuthentication }, async ({ mode }) => {
        const { status, source, answer } = await requestToken(mode, `${DEFAULT} ${OPTIONAL}`);
        assert.deepEqual({ status, source }, { status: 200, source: 'mint' });
        assert.equal(answer.scope, `${OPTIONAL} ${DEFAULT}`);
        const again = await requestToken(mode, `${OPTIONAL} ${DEFAULT}`);
        assert.equal(again.source, 'memory');
        assert.equal(again.answer.access_token, answer.access_token);
      }),
    );
    await suite.check(`${clientAuthentication}: a wrong secret is answered with 502`, () =>
      using({ ...CLIENT, clientSecret: `${CLIENT.clientSecret}x` }, { clientAuthentication }, async (started) => {
        const { status, answer } = await requestToken(started.mode);
        assert.deepEqual({ status, error: answer.error }, { status: 502, error: 'server_error' });
        assert.match(started.printed(), /"event":"credential_refused"/);
      }),
    );
  }

  const clientAuthentication = 'client_secret_post';
  await suite.check("the token is a JWT, and Keycloak's own fields are passed through", () =>
    using(CLIENT, { clientAuthentication }, async ({ mode }) => {
      const { answer } = await requestToken(mode);
      const { access_token: token, expires_in: expiresInSeconds, ...fields } = answer;
      const { iss, azp, scope, exp } = claimsOf(token);
      assert.deepEqual({ iss, azp, scope }, { iss: keycloak.issuerOf(REALM), azp: CLIENT.clientId, scope: DEFAULT });
      const own = { refresh_expires_in: 0, 'not-before-policy': 0 };
      assert.deepEqual(fields, { token_type: 'Bearer', scope: DEFAULT, ...own });
      assert(Number(expiresInSeconds) > LIFETIME_SECONDS - 30 && Number(expiresInSeconds) <= LIFETIME_SECONDS);
      assert(Math.abs(Date.now() / 1000 + Number(expiresInSeconds) - Number(exp)) < 3, "another end than the JWT's");
    }),
  );
  await suite.check('a refresh token is not passed through', () =>
    using(REFRESHING, { clientAuthentication }, async ({ mode }) => {
      const { status, answer } = await requestToken(mode);
      assert.equal(status, 200);
      // Keycloak tells the lifetime of the refresh token that it has sent.
      assert(Number(answer.refresh_expires_in) > 0);
      assert(!answer.refresh_token);
    }),
  );
  for (const [which, scope] of [
    ['of the realm that the client may not have', FORBIDDEN],
    ["that the realm doesn't have", 'no.such'],
  ] as const) {
    await suite.check(`a scope ${which} is an error of the caller`, () =>
      using(CLIENT, { clientAuthentication }, async ({ mode }) => {
        const { status, answer } = await requestToken(mode, `${DEFAULT} ${scope}`);
        assert.deepEqual({ status, error: answer.error }, { status: 400, error: 'invalid_scope' });
      }),
    );
  }
  await suite.check("Keycloak adds the client's default scopes, which the profile must allow", async () => {
    await using(CLIENT, { clientAuthentication, scopes: [OPTIONAL] }, async ({ mode }) => {
      const { status, answer } = await requestToken(mode, OPTIONAL);
      assert.equal(status, 500);
      assert.match(String(answer.error_description), /granted more than profile default allows/);
    });
    await using(CLIENT, { clientAuthentication, scopes: [OPTIONAL, DEFAULT] }, async ({ mode }) => {
      const { status, answer } = await requestToken(mode, OPTIONAL);
      assert.deepEqual({ status, scope: answer.scope }, { status: 200, scope: `${OPTIONAL} ${DEFAULT}` });
    });
  });
}
