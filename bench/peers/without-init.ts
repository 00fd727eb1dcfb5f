// The vend function as it would be without the reads of its INIT.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../../lambda/clock.ts';
import { readSettings } from '../../lambda/vend/settings.ts';
import { createVendFunction } from '../../lambda/vend/vend-function.ts';

const settings = readSettings(process.env, JSON.parse(readFileSync(new URL('profile.json', import.meta.url), 'utf8')));

export const { handler } = createVendFunction(settings, {
  dynamoDb: new DynamoDBClient({}),
  secretsManager: new SecretsManagerClient({}),
  region: process.env.AWS_REGION ?? '',
  clock: systemClock,
  random: Math.random,
  randomBytes,
  write: (line) => process.stdout.write(line),
});
