// Other people's programs and libraries that sign requests with Signature Version 4, as the tests call them.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { LOCAL_REGION } from '../../local/names.ts';
import { sign } from '../../local/sign.ts';

export interface SignerRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly contentType?: string;
  readonly body?: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface Signer {
  readonly name: string;
  readonly isInstalled: boolean;
  send(request: SignerRequest): Promise<Answer>;
}

/** A proxy of this machine must not come between a signer and 127.0.0.1. */
const ENVIRONMENT = { ...process.env, NO_PROXY: '*', no_proxy: '*' };

async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { env: ENVIRONMENT });
  return stdout;
}

function works(command: string, args: readonly string[], expected = ''): boolean {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', env: ENVIRONMENT });
  return status === 0 && stdout.includes(expected);
}

function headersOf({ contentType }: SignerRequest): Record<string, string> {
  return contentType === undefined ? {} : { 'content-type': contentType };
}

const curl: Signer = {
  name: 'curl',
  isInstalled: works('curl', ['--help', 'all'], '--aws-sigv4'),
  async send(request) {
    const { method, url, body, secretAccessKey, sessionToken } = request;
    const headers = { ...headersOf(request), ...(sessionToken && { 'x-amz-security-token': sessionToken }) };
    const output = await run('curl', [
      ...['-s', '-X', method, '--aws-sigv4', `aws:amz:${LOCAL_REGION}:lambda`, '--user', `local:${secretAccessKey}`],
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      ...(body === undefined ? [] : ['--data-binary', body]),
      ...['-w', '\\n%{http_code}', url],
    ]);
    const end = output.lastIndexOf('\n');
    return { status: Number(output.slice(end)), body: output.slice(0, end) };
  },
};

const PYTHON = ['python3', '/usr/bin/python3'].find((python) => works(python, ['-c', 'import botocore.httpsession']));

const BOTOCORE_PROGRAM = `
import json, sys
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
given = json.loads(sys.argv[1])
request = AWSRequest(given['method'], given['url'], given['headers'], given['body'].encode())
SigV4Auth(Credentials('local', given['secret'], given['session']), 'lambda', given['region']).add_auth(request)
response = URLLib3Session().send(request.prepare())
print(json.dumps({'status': response.status_code, 'body': response.text}))
`;

const botocore: Signer = {
  name: 'botocore',
  isInstalled: PYTHON !== undefined,
  async send(request) {
    const given = {
      method: request.method,
      url: request.url,
      headers: headersOf(request),
      body: request.body ?? '',
      region: LOCAL_REGION,
      secret: request.secretAccessKey,
      session: request.sessionToken ?? null,
    };
    return JSON.parse(await run(PYTHON ?? '', ['-c', BOTOCORE_PROGRAM, JSON.stringify(given)]));
  },
};

const awscurl: Signer = {
  name: 'awscurl',
  isInstalled: works('awscurl', ['--help'], '--session_token'),
  async send(request) {
    const { method, url, body, secretAccessKey, sessionToken } = request;
    const args = [
      ...['--service', 'lambda', '--region', LOCAL_REGION, '--access_key', 'local', '--secret_key', secretAccessKey],
      ...(sessionToken ? ['--session_token', sessionToken] : []),
      ...Object.entries(headersOf(request)).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      // awscurl escapes the query itself: it would escape an escaped one twice.
      ...['-X', method, ...(body === undefined ? [] : ['-d', body]), decodeURI(url)],
    ];
    // awscurl prints only the body. With --fail-with-body, it exits with an error for a status of 400 or more.
    try {
      return { status: 200, body: await run('awscurl', ['--fail-with-body', ...args]) };
    } catch (error) {
      return { status: 403, body: String((error as { stdout?: string }).stdout) };
    }
  },
};

const smithy: Signer = {
  name: '@smithy/signature-v4',
  isInstalled: true,
  async send(request) {
    const { method, url, body, secretAccessKey, sessionToken } = request;
    const credentials = { accessKeyId: 'local', secretAccessKey, ...(sessionToken && { sessionToken }) };
    const toSign = { method, headers: headersOf(request), credentials, ...(body !== undefined && { body }) };
    const response = await fetch(url, await sign(url, toSign));
    return { status: response.status, body: await response.text() };
  },
};

export const SIGNERS: readonly Signer[] = [curl, botocore, awscurl, smithy];
