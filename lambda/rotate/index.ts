// The entry point of the rotation function in Lambda. It reads the environment and makes the client.

import { readFileSync } from 'node:fs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock.ts';
import { ROTATION_CONNECT_MS, ROTATION_SECRET_REQUEST_MS } from '../time-limits.ts';
import { createRotateFunction } from './rotate-function.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env, JSON.parse(readFileSync(new URL('rotation.json', import.meta.url), 'utf8')));

export const handler = createRotateFunction(settings, {
  secretsManager: new SecretsManagerClient({
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: ROTATION_CONNECT_MS,
      requestTimeout: ROTATION_SECRET_REQUEST_MS,
      throwOnRequestTimeout: true,
    },
  }),
  region: process.env.AWS_REGION ?? '',
  clock: systemClock,
  random: Math.random,
  write: (line) => process.stdout.write(line),
});
