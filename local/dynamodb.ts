// DynamoDB for local mode and the tests: dynalite, which keeps everything in memory, with the token table that the
// stack defines.

import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { addFaults, type Faults } from './faults.ts';
import { type Listening, listen } from './http.ts';
import { STAND_IN_CLIENT } from './names.ts';

export interface LocalDynamoDb extends Listening {
  readonly tableName: string;
  readonly faults: Faults;
}

export async function startDynamoDb(tableName = 'token-vending-local'): Promise<LocalDynamoDb> {
  const database = dynalite({ createTableMs: 0 });
  const faults = addFaults(database);
  const server = await listen(database);
  const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: server.url });
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  // dynalite makes a table active a moment later, and refuses writes until it is.
  const describe = new DescribeTableCommand({ TableName: tableName });
  while ((await client.send(describe)).Table?.TableStatus !== 'ACTIVE');
  client.destroy();
  return { ...server, tableName, faults };
}
