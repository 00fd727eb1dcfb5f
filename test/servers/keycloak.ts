// Keycloak, an authorization server that nobody here wrote, as its project distributes it. Its database is in memory. A
// realm is made, and client secrets are replaced, with its admin API.
// https://www.keycloak.org/docs-api/latest/rest-api/index.html

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { findJavaProgram } from '../../testbed/processes/maven.ts';
import { freePort, ServerProcess } from '../../testbed/processes/server.ts';

export const KEYCLOAK_VERSION = '26.7.3';
/** At its first start it also prepares itself, for half a minute. */
const READY_LIMIT_MS = 240_000;

/** The folder of Keycloak, or the sentence that says why there is none. */
export const findKeycloak = () =>
  findJavaProgram({
    name: 'Keycloak',
    folder: 'keycloak',
    version: KEYCLOAK_VERSION,
    goal: (folder) => [
      'dependency:unpack',
      `-Dartifact=org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`,
      `-DoutputDirectory=${folder}`,
    ],
  });

/** A client, which may use the client-credentials grant. */
export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The scopes that each of its tokens has. */
  readonly defaultScopes: readonly string[];
  /** The scopes that its tokens have on request. @default none */
  readonly optionalScopes?: readonly string[];
  /** Whether it gets a refresh token, which Keycloak gives to no client by itself. @default false */
  readonly refreshes?: boolean;
}

export class Keycloak {
  readonly #server: ServerProcess;
  readonly #adminSecret: string;
  /** Keycloak's own IDs, by client ID. */
  readonly #ids = new Map<string, string>();

  private constructor(server: ServerProcess, adminSecret: string) {
    this.#server = server;
    this.#adminSecret = adminSecret;
  }

  /** Starts without any realm but its own. @param folder the one that findKeycloak() has found */
  static async start(folder: string): Promise<Keycloak> {
    const port = await freePort();
    const adminSecret = randomUUID();
    const program = join(folder, `keycloak-${KEYCLOAK_VERSION}`, 'bin/kc.sh');
    const options = ['--http-host', '127.0.0.1', '--http-port', String(port), '--db', 'dev-mem'];
    const admin = { KC_BOOTSTRAP_ADMIN_CLIENT_ID: 'admin', KC_BOOTSTRAP_ADMIN_CLIENT_SECRET: adminSecret };
    const server = new ServerProcess({
      name: 'Keycloak',
      port,
      command: [program, 'start-dev', ...options],
      env: { ...process.env, ...admin },
      readyLimitMs: READY_LIMIT_MS,
    });
    await server.start();
    return new Keycloak(server, adminSecret);
  }

  issuerOf(realm: string): string {
    return `${this.#server.url}/realms/${realm}`;
  }

  tokenEndpointOf(realm: string): string {
    return `${this.issuerOf(realm)}/protocol/openid-connect/token`;
  }

  async createRealm(
    realm: string,
    settings: {
      readonly lifetimeSeconds: number;
      readonly scopes: readonly string[];
      readonly clients: readonly Client[];
    },
  ): Promise<void> {
    await this.#administer('/admin/realms', {
      realm,
      enabled: true,
      accessTokenLifespan: settings.lifetimeSeconds,
      clientScopes: settings.scopes.map((name) => ({
        name,
        protocol: 'openid-connect',
        attributes: { 'include.in.token.scope': 'true' },
      })),
      clients: settings.clients.map((client) => this.#represent(client)),
    });
  }

  /** Replaces a client's secret by a new one of Keycloak's. The one before is refused from now on. */
  async replaceSecret(realm: string, { clientId }: Client): Promise<Client['clientSecret']> {
    const answer = await this.#administer(
      `/admin/realms/${realm}/clients/${this.#ids.get(clientId)}/client-secret`,
      {},
    );
    const { value } = (await answer.json()) as { value: string };
    return value;
  }

  /** Whether it gives the client a token. */
  async accepts(realm: string, { clientId, clientSecret }: Client): Promise<boolean> {
    return (await this.#requestToken(realm, clientId, clientSecret)).ok;
  }

  async close(): Promise<void> {
    await this.#server.stop();
  }

  #represent({ clientId, clientSecret, defaultScopes, optionalScopes = [], refreshes = false }: Client): object {
    const id = randomUUID();
    this.#ids.set(clientId, id);
    return {
      id,
      clientId,
      secret: clientSecret,
      serviceAccountsEnabled: true,
      standardFlowEnabled: false,
      defaultClientScopes: defaultScopes,
      optionalClientScopes: optionalScopes,
      attributes: { 'client_credentials.use_refresh_token': String(refreshes) },
    };
  }

  async #administer(path: string, body: object): Promise<Response> {
    const granted = await this.#requestToken('master', 'admin', this.#adminSecret);
    const { access_token: token } = (await granted.json()) as { access_token: string };
    const response = await fetch(`${this.#server.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`Keycloak answered ${path} with status ${response.status}`);
    return response;
  }

  async #requestToken(realm: string, clientId: string, clientSecret: string): Promise<Response> {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    return await fetch(this.tokenEndpointOf(realm), { method: 'POST', body: new URLSearchParams(form) });
  }
}
