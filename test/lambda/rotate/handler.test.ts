// The bundle as it is deployed, in a process of its own, with its environment and its rotation file.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readSettings } from '../../../lambda/rotate/settings.ts';
import { writeRotateCode } from '../../../lib/vend-code.ts';
import type { Listening } from '../../../local/http.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../../local/names.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { credentialOf, openStage, type Stage } from '../../../testbed/rotating.ts';
import { ROTATION_STEPS } from '../../../testbed/secret-operator.ts';

const FILE = {
  clientAuthentication: 'client_secret_post',
  tenant: 'shop',
  parameters: { audience: 'api' },
  profiles: { orders: { scopes: ['a'] } },
} as const;

let server: Listening;
let stage: Stage;
let folder: string;
beforeAll(async () => {
  server = await startSecretsManager();
  const clients = { old: { scopes: ['a'] }, new: { scopes: ['a'] } };
  stage = await openStage({ endpoint: server.url, clients, profiles: {} });
  folder = await mkdtemp(join(tmpdir(), 'token-vending-rotate-'));
  writeRotateCode(folder, FILE);
});
afterAll(async () => {
  await stage.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Loads the function once and calls it with each event. Returns what it printed, and the error that it threw. */
async function invoke(...events: object[]): Promise<{ printed: string; thrown: string }> {
  const script = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(join(folder, 'index.mjs')).href)});
    for (const event of JSON.parse(process.argv[1])) await handler(event);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(events)], {
    env: {
      PATH: process.env.PATH,
      STACK_NAME: 'TokenVending',
      CREDENTIAL: 'shop',
      SECRET_ID: stage.secretId,
      TOKEN_ENDPOINT: stage.emporix.tokenEndpoint,
      AWS_REGION: LOCAL_REGION,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  const [printed, thrown] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { printed, thrown };
}

test('the events of the four steps make the candidate current', async () => {
  await stage.put(credentialOf('new'), 'CANDIDATE');
  const version = await stage.begin();
  const event = { SecretId: stage.secretId, ClientRequestToken: version };
  const { printed, thrown } = await invoke(...ROTATION_STEPS.map((Step) => ({ ...event, Step })));
  expect(thrown).toBe('');
  expect(printed.trim().split('\n')).toHaveLength(4);
  expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  expect(stage.emporix.requests.map(({ params }) => params)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ client_id: 'new', audience: 'api', scope: 'a' }),
      expect.objectContaining({ client_id: 'old', audience: 'api', scope: 'a' }),
    ]),
  );
});

test('an event for another secret is refused', async () => {
  const { thrown } = await invoke({ Step: 'testSecret', SecretId: 'other', ClientRequestToken: stage.first });
  expect(thrown).toContain(`this function rotates the secret ${stage.secretId}`);
});

test('a missing variable stops the function at its start', () => {
  const env = { STACK_NAME: 'TokenVending', CREDENTIAL: 'shop', SECRET_ID: 'id', TOKEN_ENDPOINT: '' };
  expect(() => readSettings(env, FILE)).toThrow('environment variable TOKEN_ENDPOINT is missing');
});
