// The entry point of the vend function in Lambda. It reads the environment and makes the clients.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock.ts';
import { CONNECT_MS, SECRET_REQUEST_MS, TABLE_REQUEST_MS } from '../time-limits.ts';
import { readSettings } from './settings.ts';
import { startVendFunction } from './start.ts';

const settings = readSettings(process.env, JSON.parse(readFileSync(new URL('profile.json', import.meta.url), 'utf8')));

export const { handler } = await startVendFunction(settings, {
  dynamoDb: new DynamoDBClient(clientOptions(TABLE_REQUEST_MS)),
  secretsManager: new SecretsManagerClient(clientOptions(SECRET_REQUEST_MS)),
  region: process.env.AWS_REGION ?? '',
  clock: systemClock,
  random: Math.random,
  randomBytes,
  write: (line) => process.stdout.write(line),
});

function clientOptions(requestTimeout: number) {
  return {
    maxAttempts: 2,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout, throwOnRequestTimeout: true },
  };
}
