// The faults of the stand-ins for DynamoDB and Secrets Manager, as the real SDK clients meet them.

import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type LocalDynamoDb, startDynamoDb } from '../../local/dynamodb.ts';
import type { Faults, ServiceError } from '../../local/faults.ts';
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';

const NONE: Faults = { isDown: false, delayMs: 0, refusesWith: undefined, losesAnswers: false };
const CUT = /socket hang up|ECONNRESET/;

let dynamoDb: LocalDynamoDb;
let secretsManager: LocalSecretsManager;
let tableClient: DynamoDBClient;
let secretsClient: SecretsManagerClient;

beforeAll(async () => {
  [dynamoDb, secretsManager] = await Promise.all([startDynamoDb(), startSecretsManager()]);
  tableClient = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamoDb.url, maxAttempts: 1 });
  secretsClient = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: secretsManager.url, maxAttempts: 1 });
});

afterEach(() => {
  Object.assign(dynamoDb.faults, NONE);
  Object.assign(secretsManager.faults, NONE);
});

afterAll(async () => {
  tableClient.destroy();
  secretsClient.destroy();
  await Promise.all([dynamoDb.close(), secretsManager.close()]);
});

const put = (pk: string) =>
  tableClient.send(new PutItemCommand({ TableName: dynamoDb.tableName, Item: { pk: { S: pk } } }));
async function has(pk: string): Promise<boolean> {
  const key = { TableName: dynamoDb.tableName, Key: { pk: { S: pk } } };
  return (await tableClient.send(new GetItemCommand(key))).Item !== undefined;
}
const create = (name: string) => secretsClient.send(new CreateSecretCommand({ Name: name, SecretString: 'value' }));
const secretOf = async (name: string) =>
  (await secretsClient.send(new GetSecretValueCommand({ SecretId: name }))).SecretString;

describe('DynamoDB', () => {
  test('that is down cuts connections and changes nothing, until it is up again', async () => {
    dynamoDb.faults.isDown = true;
    await expect(put('down')).rejects.toThrow(CUT);
    dynamoDb.faults.isDown = false;
    expect(await has('down')).toBe(false);
  });

  test('that is slow answers after the delay', async () => {
    dynamoDb.faults.delayMs = 100;
    const startedMs = performance.now();
    await put('slow');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(99);
  });

  test.each<ServiceError>([
    'ProvisionedThroughputExceededException',
    'ThrottlingException',
    'AccessDeniedException',
    'InternalServerError',
  ])('that refuses with %s changes nothing, and the SDK throws that error', async (name) => {
    dynamoDb.faults.refusesWith = name;
    await expect(put(name)).rejects.toMatchObject({ name });
    dynamoDb.faults.refusesWith = undefined;
    expect(await has(name)).toBe(false);
  });

  test('that loses answers has done the work', async () => {
    dynamoDb.faults.losesAnswers = true;
    await expect(put('lost')).rejects.toThrow(CUT);
    dynamoDb.faults.losesAnswers = false;
    expect(await has('lost')).toBe(true);
  });

  test('that is slow is closed without waiting for the delay', async () => {
    const other = await startDynamoDb();
    const client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: other.url, maxAttempts: 1 });
    other.faults.delayMs = 3_600_000;
    const answer = client.send(new GetItemCommand({ TableName: other.tableName, Key: { pk: { S: 'a' } } }));
    const failed = answer.then(
      () => 'answered',
      () => 'cut',
    );
    await other.close();
    expect(await failed).toBe('cut');
    client.destroy();
  });
});

describe('Secrets Manager', () => {
  test('that is down cuts connections and changes nothing, until it is up again', async () => {
    secretsManager.faults.isDown = true;
    await expect(create('down')).rejects.toThrow(CUT);
    secretsManager.faults.isDown = false;
    await expect(secretOf('down')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });

  test('that is slow answers after the delay', async () => {
    await create('slow');
    secretsManager.faults.delayMs = 100;
    const startedMs = performance.now();
    expect(await secretOf('slow')).toBe('value');
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(99);
  });

  test.each<ServiceError>(['ThrottlingException', 'AccessDeniedException', 'InternalServerError'])(
    'that refuses with %s makes the SDK throw that error',
    async (name) => {
      await create(name);
      secretsManager.faults.refusesWith = name;
      await expect(secretOf(name)).rejects.toMatchObject({ name });
      secretsManager.faults.refusesWith = undefined;
      expect(await secretOf(name)).toBe('value');
    },
  );

  test('that loses answers has done the work', async () => {
    secretsManager.faults.losesAnswers = true;
    await expect(create('lost')).rejects.toThrow(CUT);
    secretsManager.faults.losesAnswers = false;
    expect(await secretOf('lost')).toBe('value');
  });
});
