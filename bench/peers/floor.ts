// What any program with this table and this secret has to do before it can answer.

import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const dynamoDb = new DynamoDBClient({});
const secretsManager = new SecretsManagerClient({});

/** Both reads side by side. Returns the secret's value. */
export async function read(): Promise<string> {
  const { TABLE_NAME, ITEM_KEY, SECRET_ID } = process.env;
  const Key = { pk: { S: ITEM_KEY ?? '' } };
  const [{ Item }, { SecretString }] = await Promise.all([
    dynamoDb.send(new GetItemCommand({ TableName: TABLE_NAME, Key, ConsistentRead: true })),
    secretsManager.send(new GetSecretValueCommand({ SecretId: SECRET_ID })),
  ]);
  if (!Item || SecretString === undefined) throw new Error('there is no item or no secret');
  return SecretString;
}
