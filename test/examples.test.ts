// The examples are run as they are, against local mode. test/readme.test.ts shows that the README has the same code.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { LocalMode } from '../local/local-mode.ts';
import { startBundledLocalMode } from '../testbed/local-mode.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const run = promisify(execFile);

// Each example is a process of its own.
jest.setTimeout(60_000);

let mode: LocalMode;
beforeAll(async () => {
  mode = await startBundledLocalMode({ instances: 1, write: () => {} });
});
afterAll(() => mode.close());

/** What whoever runs an example has set. The URL ends in a slash, like the stack's output. */
const environment = () => ({
  PATH: process.env.PATH,
  TOKEN_VENDING_URL: `${mode.url}/`,
  AWS_REGION: mode.region,
  AWS_ACCESS_KEY_ID: mode.accessKeyId,
  AWS_SECRET_ACCESS_KEY: mode.secretAccessKey,
});

test('the TypeScript example vends a token', async () => {
  const args = ['--import', 'tsx', join(EXAMPLES, 'vend.ts')];
  const { stdout } = await run(process.execPath, args, { env: environment() });
  expect(stdout).toMatch(/^a token for product\.product_read_unpublished, valid for 1439\d s, of 32 characters\n$/);
});

const hasCurl = spawnSync('curl', ['--help', 'all'], { encoding: 'utf8' }).stdout?.includes('--aws-sigv4') === true;

const tried = hasCurl ? '' : ' (not tried: this machine has no curl that signs)';

test.each([
  ['of a user', ''],
  ['of a role', 'session/+token=='],
])(`the curl example vends a token with the keys %s${tried}`, async (_, sessionToken) => {
  if (!hasCurl) return;
  const folder = mkdtempSync(join(tmpdir(), 'token-vending-examples-'));
  try {
    // In place of the AWS CLI: it prints what `aws configure export-credentials --format env` prints.
    const lines = [
      `export AWS_ACCESS_KEY_ID=${mode.accessKeyId}`,
      `export AWS_SECRET_ACCESS_KEY=${mode.secretAccessKey}`,
      ...(sessionToken ? [`export AWS_SESSION_TOKEN=${sessionToken}`] : []),
    ];
    writeFileSync(join(folder, 'aws'), `#!/bin/sh\necho '${lines.join('\n')}'\n`, { mode: 0o755 });
    const { PATH, TOKEN_VENDING_URL, AWS_REGION } = environment();
    const env = { PATH: `${folder}${delimiter}${PATH}`, TOKEN_VENDING_URL, AWS_REGION, NO_PROXY: '*' };
    const { stdout } = await run(join(EXAMPLES, 'vend.sh'), [], { env });
    expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'product.product_read_unpublished' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
