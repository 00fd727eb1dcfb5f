// Signers of others that most machines have, as the fast tests call them. test/signers/ installs more.

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

function works(command: string, args: readonly string[], expected: string): boolean {
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

export const SIGNERS: readonly Signer[] = [curl, smithy];
