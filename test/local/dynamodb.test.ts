// The DynamoDB of local mode has the token table, which takes conditional writes.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
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

test('it can be emptied, however many items it has', async () => {
  const { tableName: TableName } = server;
  const filler = { B: Buffer.alloc(300_000) };
  for (const pk of ['1', '2', '3', '4', '5']) {
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: pk }, filler } }));
  }
  await server.empty();
  const { Count, LastEvaluatedKey } = await client.send(new ScanCommand({ TableName }));
  expect([Count, LastEvaluatedKey]).toEqual([0, undefined]);
});

test('a request that is cut before its end does no harm', async () => {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
  await once(socket, 'connect');
  // The server has read the request when it answers this one.
  await client.send(new DescribeTableCommand({ TableName: server.tableName }));
  socket.destroy();
  await client.send(new DescribeTableCommand({ TableName: server.tableName }));
});

test('closing while requests are running does no harm', async () => {
  const other = await startDynamoDb();
  const otherClient = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: other.url, maxAttempts: 1 });
  const write = () => new PutItemCommand({ TableName: other.tableName, Item: { pk: { S: randomUUID() } } });
  const writes = Array.from({ length: 50 }, () => otherClient.send(write()).catch(() => 'cut'));
  await Promise.race(writes);
  await other.close();
  expect(await Promise.all(writes)).toContain('cut');
  otherClient.destroy();
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
