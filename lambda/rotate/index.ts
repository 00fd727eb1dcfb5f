// The rotation function's composition root: the only reader of its environment and maker of its client.

import { readFileSync } from 'node:fs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { systemClock } from '../clock.ts';
import { TokenEndpoint } from '../oauth/token-endpoint.ts';
import { Rotation } from './rotation.ts';
import { RotationLog } from './rotation-log.ts';
import { readSettings } from './settings.ts';
import { StagedSecret } from './staged-secret.ts';
import { Trial } from './trial.ts';

const settings = readSettings(process.env, JSON.parse(readFileSync(new URL('rotation.json', import.meta.url), 'utf8')));
const clock = systemClock;
const { credential, secretId } = settings;

const client = new SecretsManagerClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
});
const tokenEndpoint = new TokenEndpoint({
  url: settings.tokenEndpoint,
  clientAuthentication: settings.clientAuthentication,
  parameters: settings.parameters,
  clock,
  random: Math.random,
});

const rotation = new Rotation({
  secret: new StagedSecret(client, secretId),
  trial: new Trial({ profiles: settings.profiles, tenant: settings.tenant, tokenEndpoint, clock }),
  log: new RotationLog({ credential, clock, write: (line) => process.stdout.write(line) }),
  secretId,
  region: process.env.AWS_REGION ?? '',
});

export const handler = async (event: unknown): Promise<void> => rotation.run(event);
