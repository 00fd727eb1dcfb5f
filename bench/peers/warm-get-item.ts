// One GetItem of a client that has read before.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const dynamoDb = new DynamoDBClient({});

export async function handler() {
  const { TABLE_NAME, ITEM_KEY = '' } = process.env;
  const command = new GetItemCommand({ TableName: TABLE_NAME, Key: { pk: { S: ITEM_KEY } }, ConsistentRead: true });
  const { Item } = await dynamoDb.send(command);
  return { statusCode: Item ? 200 : 404, body: '' };
}

for (let read = 0; read < 5; read++) await handler();
