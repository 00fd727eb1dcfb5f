// The emulated AWS account: the AWS CLI, the CDK's CLI, roles, and calls of function URLs that curl signs itself.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sign } from '../../local/sign.ts';
import { ACCOUNT, type MiniStack, REGION, ROOT_KEYS } from '../../testbed/ministack.ts';
import { run } from '../../testbed/processes/children.ts';

const CDK = join(import.meta.dirname, '../../node_modules/.bin/cdk');
const ANYONE_OF_THE_ACCOUNT = policy({
  Effect: 'Allow',
  Action: 'sts:AssumeRole',
  Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
});

/** Keys of a session, as `sts assume-role` gives them. */
export interface Keys {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request to a function URL, and its answer. */
export interface Exchange {
  readonly functionUrl: string;
  readonly form: string;
  readonly answer: Answer;
}

export type Account = ReturnType<typeof accountOf>;

export function accountOf({ env, port }: MiniStack, outdir: string) {
  const exchanges: Exchange[] = [];

  /** Calls the AWS CLI as the account's root. Returns its answer, or null if it prints none. */
  async function aws<Output>(...args: readonly string[]): Promise<Output> {
    const printed = await run('aws', [...args, '--output', 'json'], { env });
    return JSON.parse(printed || 'null') as Output;
  }

  /** Calls the AWS CLI with these keys. Returns what it prints. */
  const awsAs = (keys: Keys, ...args: readonly string[]) =>
    run('aws', args, { env: { ...env, ...environmentOf(keys) } });

  /** Calls IAM's API, for requests that are too long for a command line. Returns its answer, which is XML. */
  async function iam(action: string, parameters: Readonly<Record<string, string>>): Promise<string> {
    const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `http://127.0.0.1:${port}/`;
    const request = await sign(url, { body, headers, credentials: ROOT_KEYS, service: 'iam', region: 'us-east-1' });
    const response = await fetch(url, request);
    const answer = await response.text();
    if (!response.ok) throw new Error(`${action} is answered with ${response.status}: ${answer.slice(0, 300)}`);
    return answer;
  }

  /** Calls the CDK's CLI as `npx cdk` does. */
  const cdk = (...args: readonly string[]) => run(CDK, [...args, '--output', outdir], { env });

  /** Runs a line as a person would paste it into a shell. */
  const shell = (line: string) => run('bash', ['-c', line], { env });

  async function createRole(name: string): Promise<string> {
    const args = ['--role-name', name, '--assume-role-policy-document', ANYONE_OF_THE_ACCOUNT];
    return (await aws<{ Role: { Arn: string } }>('iam', 'create-role', ...args)).Role.Arn;
  }

  async function keysOf(roleArn: string): Promise<Keys> {
    const args = ['--role-arn', roleArn, '--role-session-name', 'deploy-test'];
    return (await aws<{ Credentials: Keys }>('sts', 'assume-role', ...args)).Credentials;
  }

  /** Sends POST /oauth/token to a function URL. curl signs it, unless there are no keys. */
  async function vend(functionUrl: string, keys?: Keys, form = 'grant_type=client_credentials'): Promise<Answer> {
    const url = `${functionUrl.replace('https:', 'http:')}oauth/token`;
    const signature = keys === undefined ? [] : signatureArgs(keys);
    const args = ['--silent', '--include', '--max-time', '30', '--connect-to', `::127.0.0.1:${port}`, ...signature];
    const answer = parseAnswer(await run('curl', [...args, '--data', form, url], { env }));
    exchanges.push({ functionUrl, form, answer });
    return answer;
  }

  /** The token endpoint of a function URL at MiniStack's own address, which a client reaches without DNS. */
  const reachable = (functionUrl: string) =>
    `http://127.0.0.1:${port}/_aws/lambda-url/${new URL(functionUrl).hostname.split('.')[0]}/oauth/token`;

  /** Calls a function as AWS's own services do, without its URL. Returns its answer, or the error that it threw. */
  async function invoke(functionName: string, event: object): Promise<string> {
    const file = join(outdir, '../invoked.json');
    const args = ['lambda', 'invoke', '--function-name', functionName, '--payload', JSON.stringify(event), file];
    await run('aws', args, { env });
    return await readFile(file, 'utf8');
  }

  return { aws, awsAs, cdk, exchanges, iam, outdir, shell, createRole, keysOf, invoke, reachable, vend };
}

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

function environmentOf({ AccessKeyId, SecretAccessKey, SessionToken }: Keys): NodeJS.ProcessEnv {
  return {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: SessionToken,
  };
}

function signatureArgs({ AccessKeyId, SecretAccessKey, SessionToken }: Keys): string[] {
  const user = `${AccessKeyId}:${SecretAccessKey}`;
  return [
    '--aws-sigv4',
    `aws:amz:${REGION}:lambda`,
    '--user',
    user,
    '--header',
    `x-amz-security-token: ${SessionToken}`,
  ];
}

function parseAnswer(printed: string): Answer {
  const [head = '', ...rest] = printed.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => /^([^:]+):\s*(.*)$/.exec(line)?.slice(1) ?? []);
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers.map(([name = '', value = '']) => [name.toLowerCase(), value])),
    body: rest.join('\r\n\r\n'),
  };
}
