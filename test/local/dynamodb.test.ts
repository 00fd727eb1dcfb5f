// The DynamoDB of local mode has the token table, which takes conditional writes.

import { DescribeTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalDynamoDb, startDynamoDb } from '../../local/dynamodb.ts';
import { STAND_IN_CLIENT } from '../../local/names.ts';

let server: LocalDynamoDb;
let client: DynamoDBClient;

beforeAll(async () => {
  server = await startDynamoDb();
  client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: server.url, maxAttempts: 1 });
});

afterAll(async () => {
  client.destroy();
  await server.close();
});

test('the token table has the string key pk and is paid per request', async () => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: server.tableName }));
  expect(Table).toMatchObject({
    TableStatus: 'ACTIVE',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
  });
});

test('a write whose condition fails changes nothing', async () => {
  const put = (value: string) =>
    client.send(
      new PutItemCommand({
        TableName: server.tableName,
        Item: { pk: { S: 'default#1' }, revision: { S: value } },
        ConditionExpression: 'attribute_not_exists(pk)',
      }),
    );
  await put('first');
  await expect(put('second')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' });
  const key = { pk: { S: 'default#1' } };
  const { Item } = await client.send(new GetItemCommand({ TableName: server.tableName, Key: key }));
  expect(Item?.revision).toEqual({ S: 'first' });
});

test('two databases run side by side and share nothing', async () => {
  const other = await startDynamoDb();
  const otherClient = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: other.url, maxAttempts: 1 });
  const pk = { S: 'default#2' };
  await client.send(new PutItemCommand({ TableName: server.tableName, Item: { pk } }));
  const { Item } = await otherClient.send(new GetItemCommand({ TableName: other.tableName, Key: { pk } }));
  expect(Item).toBeUndefined();
  otherClient.destroy();
  await other.close();
});
