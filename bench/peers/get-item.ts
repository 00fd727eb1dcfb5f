// One read of the table, by a client with the settings of the function's own.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const dynamoDb = new DynamoDBClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
});

export async function handler() {
  const { TABLE_NAME, ITEM_KEY } = process.env;
  const Key = { pk: { S: ITEM_KEY ?? '' } };
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: TABLE_NAME, Key, ConsistentRead: true }));
  return { statusCode: Item ? 200 : 404, body: '' };
}
