// The curl example is run as it is, against local mode. test/readme.test.ts shows that the README has the same code.

import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { LocalMode } from '../local/local-mode.ts';
import { startBundledLocalMode } from '../testing/bundled-local-mode.ts';

const EXAMPLES = join(import.meta.dirname, '../examples');
const run = promisify(execFile);

// Each example is a process of its own.
jest.setTimeout(60_000);

let mode: LocalMode;
beforeAll(async () => {
  mode = await startBundledLocalMode({ instances: 1, write: () => {} });
});
afterAll(() => mode.close());

const hasCurl = spawnSync('curl', ['--help', 'all'], { encoding: 'utf8' }).stdout?.includes('--aws-sigv4') === true;

const tried = hasCurl ? '' : ' (not tried: this machine has no curl that signs)';

/** Runs the example with programs of these names in the place of the machine's. */
async function runExample(programs: Readonly<Record<string, string>>, environment: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'token-vending-examples-'));
  try {
    for (const [name, script] of Object.entries(programs)) writeFileSync(join(folder, name), script, { mode: 0o755 });
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, NO_PROXY: '*', ...environment };
    return (await run(join(EXAMPLES, 'vend.sh'), [], { env })).stdout;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** In place of the AWS CLI: it prints what `aws configure export-credentials --format env` prints. */
function aws(sessionToken: string): string {
  const lines = [
    `export AWS_ACCESS_KEY_ID=${mode.accessKeyId}`,
    `export AWS_SECRET_ACCESS_KEY=${mode.secretAccessKey}`,
    ...(sessionToken ? [`export AWS_SESSION_TOKEN=${sessionToken}`] : []),
  ];
  return `#!/bin/sh\necho '${lines.join('\n')}'\n`;
}

test.each([
  ['of a user', ''],
  ['of a role', 'session/+token=='],
])(`the curl example vends a token with the keys %s${tried}`, async (_, sessionToken) => {
  if (!hasCurl) return;
  // The URL ends in a slash, like the stack's output.
  const environment = { TOKEN_VENDING_URL: `${mode.url}/`, AWS_REGION: mode.region };
  const stdout = await runExample({ aws: aws(sessionToken) }, environment);
  expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'product.product_read_unpublished' });
});

test.each(['', '/', '/oauth/token'])(
  "the curl example signs for the URL's region, and calls its token endpoint: %j",
  async (path) => {
    const environment = {
      TOKEN_VENDING_URL: `https://abc.lambda-url.eu-west-1.on.aws${path}`,
      AWS_REGION: 'us-east-1',
    };
    const stdout = await runExample({ aws: aws(''), curl: '#!/bin/sh\necho "$@"\n' }, environment);
    expect(stdout).toContain('--aws-sigv4 aws:amz:eu-west-1:lambda ');
    expect(stdout).toMatch(/ https:\/\/abc\.lambda-url\.eu-west-1\.on\.aws\/oauth\/token\n$/);
  },
);
