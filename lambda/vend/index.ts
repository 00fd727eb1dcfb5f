// The vend function's composition root: the only reader of its environment and maker of its clients.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock.ts';
import { CredentialSource } from '../oauth/credential-source.ts';
import { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { Telemetry } from '../telemetry.ts';
import { createHandler } from './http.ts';
import { MemoryCache } from './memory-cache.ts';
import { Minter } from './minter.ts';
import { ScopePolicy } from './scope-policy.ts';
import { readSettings } from './settings.ts';
import { TokenStore } from './token-store.ts';
import { TokenTable } from './token-table.ts';
import { TokenVendor } from './token-vendor.ts';

const settings = readSettings(process.env, JSON.parse(readFileSync(new URL('profile.json', import.meta.url), 'utf8')));
const clock = systemClock;
const random = Math.random;

const telemetry = new Telemetry({
  profile: settings.profile,
  clock,
  write: (line) => process.stdout.write(line),
});

// The SDK's DynamoDB client has no time-out of its own; a table slower than this is as good as away.
const dynamoDb = new DynamoDBClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 500, throwOnRequestTimeout: true },
});
const secretsManager = new SecretsManagerClient({
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 500, requestTimeout: 1_000, throwOnRequestTimeout: true },
});

const scopes = new ScopePolicy(settings);
const credentials = new CredentialSource({
  client: secretsManager,
  secretId: settings.secretId,
  region: process.env.AWS_REGION ?? '',
  clock,
  onCheckFailed: (failure) => telemetry.credentialCheckFailed(failure),
});
const store = new TokenStore({
  memory: new MemoryCache(),
  table: new TokenTable(dynamoDb, settings.tableName),
  credentials,
  credentialName: settings.credential,
  scopes,
  telemetry,
  clock,
  randomBytes,
});
const tokenEndpoint = new TokenEndpoint({
  url: settings.tokenEndpoint,
  clientAuthentication: settings.clientAuthentication,
  parameters: settings.parameters,
  clock,
  random,
});

export const handler = createHandler({
  vendor: new TokenVendor({
    scopes,
    store,
    minter: new Minter({ tokenEndpoint, credentials, scopes, telemetry, clock }),
    telemetry,
    clock,
    random,
  }),
  telemetry,
  clock,
  profile: settings.profile,
  scopes: settings.scopes,
});
