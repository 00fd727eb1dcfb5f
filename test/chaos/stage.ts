// What one scenario plays on: a counting, misbehaving token endpoint, a gate before it, and 16 processes, either of the
// deployed bundle with a table and a secret, or, for comparison, of a service that caches for itself.

import { mkdtempSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ENVIRONMENT_VARIABLES } from '../../lambda/vend/settings.ts';
import { writeVendCode } from '../../lib/vend-code.ts';
import { type Emporix, type EmporixOptions, startEmporix } from '../../local/emporix.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION, STAND_IN_CLIENT } from '../../local/names.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
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
  const secretId = await createSecret(secretsManager.url, client);
  const variables: Record<(typeof ENVIRONMENT_VARIABLES)[number], string> = {
    PROFILE: 'default',
    CREDENTIAL: 'emporix',
    SECRET_ID: secretId,
    TABLE_NAME: tableName,
    TOKEN_ENDPOINT: client.tokenEndpoint,
  };
  const env = {
    ...variables,
    LAMBDA_TASK_ROOT: code.path,
    AWS_REGION: LOCAL_REGION,
    AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: database.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager.url,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const program = { path: join(import.meta.dirname, 'instance.mjs'), env };
  return { program, secretsManagerUrl: secretsManager.url, secretId };
}

/** Also removed when the suite is interrupted. */
function temporaryFolder(): { readonly path: string; close(): Promise<void> } {
  const path = mkdtempSync(join(tmpdir(), 'token-vending-chaos-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    path,
    close: async () => {
      process.off('exit', remove);
      remove();
    },
  };
}

function ownCache({ tokenEndpoint, clientId, clientSecret }: Client): { readonly program: Program } {
  const env = { TOKEN_ENDPOINT: tokenEndpoint, CLIENT_ID: clientId, CLIENT_SECRET: clientSecret };
  return { program: { path: join(import.meta.dirname, 'own-cache.mjs'), env } };
}

async function createSecret(endpoint: string, { clientId, clientSecret }: Client): Promise<string> {
  const client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint });
  const value = JSON.stringify({ client_id: clientId, client_secret: clientSecret });
  const { ARN } = await client.send(new CreateSecretCommand({ Name: 'token-vending/emporix', SecretString: value }));
  client.destroy();
  if (!ARN) throw new Error('the secret has no ARN');
  return ARN;
}
