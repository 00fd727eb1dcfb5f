// What one scenario plays on: a counting, misbehaving token endpoint, a gate before it, and 16 processes, either of the
// deployed bundle with a table and a secret, or, for comparison, of a service that caches for itself.

import { join } from 'node:path';
import { writeVendCode } from '../../lib/vend-code.ts';
import { type Emporix, type EmporixOptions, startEmporix } from '../../local/emporix.ts';
import { createSecret, lambdaEnvironment, vendEnvironment } from '../../local/function-environment.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import type { Database } from './database.ts';
import { Fleet } from './fleet.ts';
import { Gate } from './gate.ts';
import type { Program } from './instance.ts';

export const SCOPES: readonly string[] = Array.from({ length: 32 }, (_, index) => `chaos.key_${index}`);

type RespondWith = NonNullable<EmporixOptions['respondWith']>;

export interface Stage {
  readonly emporix: Emporix;
  /** The token endpoint's behaviour; undefined: its usual one. */
  readonly server: { respondWith: RespondWith | undefined };
  readonly gate: Gate;
  /** Undefined where each process caches for itself. */
  readonly database: Database | undefined;
  readonly tableName: string;
  readonly fleet: Fleet;
  close(): Promise<void>;
}

let tables = 0;

export async function setStage(database: Database | undefined, expiresInSeconds: number): Promise<Stage> {
  const started: { close(): Promise<void> }[] = [];
  const close = async () => void (await Promise.all(started.map((standIn) => standIn.close())));
  try {
    const server: Stage['server'] = { respondWith: undefined };
    const respondWith: RespondWith = (request) => server.respondWith?.(request);
    const emporix = await startEmporix({ scopes: SCOPES, expiresInSeconds, respondWith });
    started.push(emporix);
    const gate = new Gate(Number(new URL(emporix.tokenEndpoint).port));
    await gate.open();
    started.push({ close: () => gate.shut() });
    const tokenEndpoint = `http://127.0.0.1:${gate.port}/oauth/token`;
    const tableName = `token-vending-${++tables}`;
    const { program } = database
      ? await deployedFunction(started, { ...emporix, tokenEndpoint }, database, tableName)
      : ownCache({ ...emporix, tokenEndpoint });
    const fleet = await Fleet.start(program);
    started.push(fleet);
    return { emporix, server, gate, database, tableName, fleet, close };
  } catch (error) {
    await close();
    throw error;
  }
}

type Client = Pick<Emporix, 'tokenEndpoint' | 'clientId' | 'clientSecret'>;

export interface DeployedFunction {
  readonly program: Program;
  readonly secretsManagerUrl: string;
  /** The ARN of the credential's secret. */
  readonly secretId: string;
}

/**
 * The deployed bundle of a profile that allows all scopes, with a table and a secret of its own.
 * @param started takes what is to be closed in the end
 */
export async function deployedFunction(
  started: { close(): Promise<void> }[],
  client: Client,
  database: Database,
  tableName: string,
): Promise<DeployedFunction> {
  const code = temporaryFolder();
  started.push(code);
  writeVendCode(code.path, { clientAuthentication: 'client_secret_post' });
  const secretsManager = await startSecretsManager();
  started.push(secretsManager);
  await database.createTable(tableName);
  const secretId = await createSecret(secretsManager.url, 'token-vending/emporix', client);
  const env = {
    ...lambdaEnvironment('token-vending-chaos', code.path),
    ...vendEnvironment({
      profileName: 'default',
      credentialName: 'emporix',
      tokenEndpoint: client.tokenEndpoint,
      dynamodb: { url: database.url, tableName },
      secretsManager: { url: secretsManager.url, secretId },
    }),
  };
  const program = { path: join(import.meta.dirname, 'instance.mjs'), env };
  return { program, secretsManagerUrl: secretsManager.url, secretId };
}

function ownCache({ tokenEndpoint, clientId, clientSecret }: Client): { readonly program: Program } {
  const env = { TOKEN_ENDPOINT: tokenEndpoint, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
  return { program: { path: join(import.meta.dirname, 'own-cache.mjs'), env } };
}
