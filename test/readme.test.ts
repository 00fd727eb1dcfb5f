// What the README says to paste is pasted here, against local mode.

import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type LocalMode, startLocalMode } from '../local/local-mode.ts';

const ROOT = join(import.meta.dirname, '..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);

let mode: LocalMode;
beforeAll(async () => {
  mode = await startLocalMode({ instances: 1, write: () => {} });
});
afterAll(() => mode.close());

/** The code block in the language that holds the text. */
function block(language: string, text: string): string {
  const blocks = [...README.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
  const found = blocks.find(([, of, code]) => of === language && code?.includes(text))?.[2];
  if (found === undefined) throw new Error(`README.md has no ${language} block with ${text}`);
  return found;
}

test('the TypeScript example vends a token', async () => {
  // Below node_modules, so that it finds its packages as it would in a project.
  const folder = join(ROOT, 'node_modules/.cache/token-vending');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `readme-${process.pid}.mts`);
  writeFileSync(file, block('ts', 'SignatureV4'));
  const env = {
    PATH: process.env.PATH,
    TOKEN_VENDING_URL: mode.url,
    AWS_REGION: mode.region,
    AWS_ACCESS_KEY_ID: mode.accessKeyId,
    AWS_SECRET_ACCESS_KEY: mode.secretAccessKey,
  };
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file], { env, cwd: ROOT });
  expect(stdout).toMatch(/^a token for product\.product_read_unpublished, valid for 1439\d s, of 32 characters\n$/);
});

const curl = spawnSync('curl', ['--version']).status === 0;
test(`the curl example vends a token${curl ? '' : ' (not tried: there is no curl here)'}`, async () => {
  if (!curl) return;
  const example = block('bash', '--aws-sigv4').replace(/^URL=.*$/m, `URL=${mode.url}/`);
  // In place of the AWS CLI: what `aws configure export-credentials --format env` prints for keys of a user.
  const aws = `aws() { printf 'export AWS_ACCESS_KEY_ID=%s\\nexport AWS_SECRET_ACCESS_KEY=%s\\n' ${mode.accessKeyId} ${mode.secretAccessKey}; }`;
  const { stdout } = await run('bash', ['-c', `${aws}\n${example}`], { env: { PATH: process.env.PATH } });
  expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'product.product_read_unpublished' });
});

test('each npm script that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const named = [...README.matchAll(/`npm run ([\w:]+)`/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(2);
  for (const name of named) expect(scripts).toHaveProperty([String(name)]);
});
