// Each secret value is a canary, which is a text that can be searched for. No line that was printed and no error may
// hold one.

import { createHash } from 'node:crypto';
import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../local/authorization-server.ts';
import { LOCAL_CREDENTIALS, STAND_IN_CLIENT } from '../../local/names.ts';
import { sign } from '../../local/sign.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const TOKEN = {
  access_token: 'canary-token',
  token_type: 'Bearer',
  expires_in: 3600,
  id_token: 'canary-id',
  refresh_token: 'canary-refresh',
};

/** Answers of an authorization server, each with a canary in it. */
const ANSWERS: readonly (Misbehaviour | undefined)[] = [
  { status: 500, body: 'canary-body' },
  { status: 401, body: '{"error":"invalid_client","error_description":"canary-body"}' },
  { status: 401, body: '<html>canary-body' },
  { status: 400, body: '{"error":"invalid_scope","error_description":"canary-body"}' },
  { status: 400, body: '{"error":"canary-body"}' },
  { status: 302, headers: { location: 'http://127.0.0.1/canary-header' } },
  { body: 'canary-body' },
  { body: JSON.stringify({ ...TOKEN, expires_in: 'canary-body' }) },
  { body: JSON.stringify({ ...TOKEN, token_type: 'canary-body' }) },
  { body: JSON.stringify({ ...TOKEN, access_token: 'canary-token\n' }) },
  { body: '{"access_token":"canary-token","tok', destroySocket: true },
];

test('no printed line and no error holds a token, a secret, a body of a server or an access key', async () => {
  const printed: string[] = [];
  const answers: (Misbehaviour | undefined)[] = [];
  const mode = await startBundledLocalMode({
    emporix: { clientId: 'canary-client', clientSecret: 'canary-secret', respondWith: () => answers.at(0) },
    instances: 2,
    write: (text) => printed.push(text),
  });
  const secretsManager = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: mode.secretsManager.url });
  const errors: string[] = [];
  const vended: string[] = [];
  async function call(body: string, expected: (status: number) => void) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-canary': 'canary-header' };
    const response = await fetch(`${mode.url}/oauth/token`, await sign(`${mode.url}/oauth/token`, { headers, body }));
    expected(response.status);
    (response.status === 200 ? vended : errors).push(await response.text());
  }
  try {
    // A version that minted a token is refused for one scope set alone.
    answers[0] = { body: JSON.stringify(TOKEN) };
    await call('scope=scope.first', (status) => expect(status).toBe(200));
    // Each has a scope set of its own. Otherwise the back-off of one would answer the next.
    for (const [index, answer] of ANSWERS.entries()) {
      answers[0] = answer;
      await call(`scope=scope.${index}`, (status) => expect(status).toBeGreaterThanOrEqual(400));
    }
    answers[0] = { body: JSON.stringify(TOKEN) };
    await call('scope=scope.good', (status) => expect(status).toBe(200));
    answers[0] = { body: JSON.stringify({ ...TOKEN, scope: 'scope.odd "canary-body"\ncanary-bödy' }) };
    await call('scope=scope.odd', (status) => expect(status).toBe(200));
    answers[0] = { body: JSON.stringify(TOKEN) };
    await call('client_secret=canary-secret', (status) => expect(status).toBe(400));
    const rejected = createHash('sha256').update('canary-token').digest('hex');
    const report = `scope=scope.good&rejected_token_sha256=${rejected}`;
    await call(report, (status) => expect(status).toBe(200));
    await call(report, (status) => expect(status).toBe(429));
    answers[0] = { status: 429, headers: { 'retry-after': 'canary-header' }, body: 'canary-body' };
    await call('scope=scope.throttled', (status) => expect(status).toBe(503));
    const put = { SecretId: mode.secretsManager.secretId, SecretString: '{"client_id":"canary-client"' };
    await secretsManager.send(new PutSecretValueCommand(put));
  } finally {
    secretsManager.destroy();
    await mode.close();
  }
  const everything = printed.join('') + errors.join('');
  expect(everything.length).toBeGreaterThan(5_000);
  expect(vended.join('')).toContain('canary-token'); // so the search would find one
  expect(everything).not.toMatch(/canary/);
  expect(everything).not.toContain(`"${LOCAL_CREDENTIALS.accessKeyId}"`);
});
