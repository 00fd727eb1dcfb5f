// DynamoDB for local mode and the tests: dynalite, which keeps everything in memory, with the token table that the
// stack defines.

import { CreateTableCommand, DynamoDBClient, waitUntilTableExists } from '@aws-sdk/client-dynamodb';
import { addFaults, type Faults } from './faults.ts';
import { type Listening, listen } from './http.ts';
import { STAND_IN_CLIENT } from './names.ts';

export interface LocalDynamoDb extends Listening {
  readonly tableName: string;
  readonly faults: Faults;
}

export async function startDynamoDb(tableName = 'token-vending-local'): Promise<LocalDynamoDb> {
  const dynalite = await loadDynalite();
  const database = dynalite({ createTableMs: 0 });
  const faults = addFaults(database);
  const server = await listen(database);
  const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: server.url });
  await createTokenTable(client, tableName);
  client.destroy();
  return { ...server, tableName, faults };
}

/**
 * dynalite is an optional peer of the package.
 *
 * @throws Error with one line, where it is missing
 */
async function loadDynalite() {
  try {
    return (await import('dynalite')).default;
  } catch (error) {
    if (!/^Cannot find (module|package) 'dynalite'/.test(String(error instanceof Error && error.message))) throw error;
    throw new Error('token-vending/testing needs the package dynalite: npm i -D dynalite@4');
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
