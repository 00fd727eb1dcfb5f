// What one scenario runs on: an authorization server that misbehaves and records, a gate before it, and 16 processes:
// either of the deployed bundle with a table and a secret, or, for comparison, of a service that caches for itself.

import { join } from 'node:path';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { Gate } from '../../testbed/gate.ts';
import { Opened } from '../../testbed/opened.ts';
import type { Database } from '../../testbed/processes/database.ts';
import { deployFunction } from '../../testbed/processes/deployed-function.ts';
import { ProcessFleet } from '../../testbed/processes/fleet.ts';

export const FLEET_SIZE = 16;
export const SCOPES: readonly string[] = Array.from({ length: 32 }, (_, index) => `chaos.key_${index}`);

export interface Setup {
  readonly server: ServedAuthorizationServer;
  readonly gate: Gate;
  /** Undefined where each process caches for itself. */
  readonly database: Database | undefined;
  readonly tableName: string;
  readonly fleet: ProcessFleet;
  close(): Promise<void>;
}

let tables = 0;

export async function setUp(database: Database | undefined, expiresInSeconds: number): Promise<Setup> {
  return await Opened.build(async (opened) => {
    const server = await opened.keep(startAuthorizationServer({ scopes: SCOPES, expiresInSeconds }));
    const gate = new Gate(Number(new URL(server.tokenEndpoint).port));
    await gate.open();
    await opened.keep({ close: () => gate.shut() });
    const { clientId, clientSecret } = server;
    const client = { tokenEndpoint: `http://127.0.0.1:${gate.port}/oauth/token`, clientId, clientSecret };
    const tableName = `token-vending-${++tables}`;
    const program = database
      ? (await deployFunction(opened, client, database, tableName)).program
      : {
          path: join(import.meta.dirname, 'own-cache.mjs'),
          env: { TOKEN_ENDPOINT: client.tokenEndpoint, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret },
        };
    const fleet = await opened.keep(ProcessFleet.start(program, FLEET_SIZE));
    return { server, gate, database, tableName, fleet, close: () => opened.close() };
  });
}
