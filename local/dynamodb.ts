// DynamoDB for local mode and the tests: dynalite, in memory, with the token table as the stack defines it.

import { CreateTableCommand, DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import dynalite from 'dynalite';
import { type Listening, listen } from './http.ts';
import { STAND_IN_CLIENT } from './names.ts';

export interface LocalDynamoDb extends Listening {
  readonly tableName: string;
}

export async function startDynamoDb(tableName = 'token-vending-local'): Promise<LocalDynamoDb> {
  const server = await listen(dynalite({ createTableMs: 0 }));
  const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: server.url });
  await client.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  // dynalite makes a table active a moment later, and refuses writes until then.
  const describe = new DescribeTableCommand({ TableName: tableName });
  while ((await client.send(describe)).Table?.TableStatus !== 'ACTIVE');
  client.destroy();
  return { ...server, tableName };
}
