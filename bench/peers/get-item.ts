// One read of the table, by a client with the settings of the function's own: of the item that the function would read. To
// find its key takes 3 µs, which are the function's too.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { Scopes } from '../../lambda/oauth/scopes.ts';
import { ScopePolicy } from '../../lambda/vend/vending/scope-policy.ts';

const dynamoDb = new DynamoDBClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
});

const { PROFILE = '', CREDENTIAL = '', TOKEN_ENDPOINT = '', TABLE_NAME } = process.env;
const policy = new ScopePolicy({ profile: PROFILE, credential: CREDENTIAL, tokenEndpoint: TOKEN_ENDPOINT });

export async function handler({ body }: { readonly body: string }) {
  const scope = new URLSearchParams(Buffer.from(body, 'base64').toString()).get('scope') ?? '';
  const Key = { pk: { S: policy.request(Scopes.parse(scope)).key } };
  const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: TABLE_NAME, Key, ConsistentRead: true }));
  return { statusCode: Item ? 200 : 404, body: '' };
}
