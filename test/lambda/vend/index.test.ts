// The vend function's bundle as it is deployed, in a process of its own.

import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { writeVendCode } from '../../../lib/vend-code.ts';
import { lambdaEnvironment, vendEnvironment } from '../../../local/function-environment.ts';
import { listen } from '../../../local/http.ts';
import { temporaryFolder } from '../../../local/temporary-folder.ts';
import { Opened } from '../../../testbed/opened.ts';

const opened = new Opened();
afterEach(() => opened.close());

test('an instance reads the table and the secret while it starts, before any call', async () => {
  const targets: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    targets.push(headers['x-amz-target']);
    response.writeHead(400).end('{}');
  });
  const { url } = await opened.keep(listen(server));
  const code = await opened.keep(temporaryFolder());
  writeVendCode(code.path, { clientAuthentication: 'client_secret_post' });
  const env = {
    PATH: process.env.PATH,
    ...lambdaEnvironment('token-vending-start', code.path),
    ...vendEnvironment({
      profileName: 'default',
      credentialName: 'emporix',
      tokenEndpoint: `${url}/oauth/token`,
      dynamodb: { url, tableName: 'tokens' },
      secretsManager: { url, secretId: 'emporix' },
    }),
  };
  const script = `await import(${JSON.stringify(pathToFileURL(join(code.path, 'index.mjs')).href)})`;
  const printed = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(printed).toEqual({ stdout: '', stderr: '' });
  expect(new Set(targets)).toEqual(new Set(['DynamoDB_20120810.GetItem', 'secretsmanager.GetSecretValue']));
});
