// DynamoDB for local mode and the tests: dynalite, which keeps everything in memory, with the token table that the
// stack defines.

import { Server } from 'node:http';
import {
  CreateTableCommand,
  DeleteItemCommand,
  DynamoDBClient,
  paginateScan,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { addFaults, type Faults } from './faults.ts';
import { type Listening, listen } from './http.ts';
import { STAND_IN_CLIENT } from './names.ts';

const DYNALITE_MISSING = 'token-vending/testing needs the package dynalite: npm i -D dynalite@4';
const NO_WARNING = 'AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED';

export interface LocalDynamoDb extends Listening {
  readonly tableName: string;
  readonly faults: Faults;
  /** Deletes all items of the table. */
  empty(): Promise<void>;
}

export async function startDynamoDb(tableName = 'token-vending-local'): Promise<LocalDynamoDb> {
  const database = await createDatabase();
  const faults = addFaults(database);
  const server = await listen(database);
  const client = withoutWarning(() => new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: server.url }));
  const close = async () => {
    client.destroy();
    await server.close();
  };
  try {
    await createTokenTable(client, tableName);
  } catch (error) {
    await close();
    throw error;
  }
  return { url: server.url, tableName, faults, empty: () => deleteItems(client, tableName), close };
}

/** dynalite is loaded here alone, because the package doesn't install it. */
async function createDatabase(): Promise<Server> {
  const { default: dynalite } = await import('dynalite').catch((error: unknown) => {
    const { code = '', message } = error as NodeJS.ErrnoException;
    const isMissing = /^(ERR_)?MODULE_NOT_FOUND$/.test(code) && message.includes("'dynalite'");
    throw isMissing ? new Error(DYNALITE_MISSING) : error;
  });
  const database = dynalite({ createTableMs: 0 });
  // Memory needs no closing, and with dynalite's own `close` the requests that are running throw in this process.
  database.close = Server.prototype.close;
  // dynalite also throws if a request is cut before its end.
  database.on('request', (request) => request.removeAllListeners('error').on('error', () => {}));
  return database;
}

/**
 * The SDK warns of an old Node.js when its first client is made. The programs that start stand-ins need no such warning,
 * and the variable that turns it off is not left in their environment.
 */
function withoutWarning<Client>(create: () => Client): Client {
  const { [NO_WARNING]: before } = process.env;
  process.env[NO_WARNING] = 'true';
  try {
    return create();
  } finally {
    if (before === undefined) delete process.env[NO_WARNING];
    else process.env[NO_WARNING] = before;
  }
}

/** Creates a token table as the stack defines it, and waits until it is active: it refuses writes until then. */
export async function createTokenTable(client: DynamoDBClient, tableName: string): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client, minDelay: 0.002, maxDelay: 0.05, maxWaitTime: 30 }, { TableName: tableName });
}

async function deleteItems(client: DynamoDBClient, tableName: string): Promise<void> {
  const table = { TableName: tableName };
  for await (const { Items = [] } of paginateScan({ client }, { ...table, ProjectionExpression: 'pk' })) {
    await Promise.all(Items.map((Key) => client.send(new DeleteItemCommand({ ...table, Key }))));
  }
}
