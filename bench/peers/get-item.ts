// One read of the table, by a client with the settings of the function's own: of the item that the function would read. To
// find its key takes 3 µs, which are the function's too.

import { createHash } from 'node:crypto';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';

const dynamoDb = new DynamoDBClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
});

export async function handler({ body }: { readonly body: string }) {
  const { PROFILE, TABLE_NAME } = process.env;
  const scope = new URLSearchParams(Buffer.from(body, 'base64').toString()).get('scope') ?? '';
  const Key = { pk: { S: `${PROFILE}#${createHash('sha256').update(scope).digest('base64url')}` } };
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: TABLE_NAME, Key, ConsistentRead: true }));
  return { statusCode: Item ? 200 : 404, body: '' };
}
