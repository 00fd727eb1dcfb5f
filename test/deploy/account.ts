// The emulated AWS account: the AWS CLI, the CDK's CLI, roles, and function URLs called with curl's own signature.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';
import { ACCOUNT, type MiniStack, REGION } from './ministack.ts';

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

export type Account = ReturnType<typeof accountOf>;

export function accountOf({ env, port }: MiniStack, outdir: string, signal: AbortSignal) {
  /** A call of the AWS CLI; its answer, if it has one. */
  async function aws<Output>(...args: readonly string[]): Promise<Output> {
    const printed = await run('aws', [...args, '--output', 'json'], { env, signal });
    return JSON.parse(printed || 'null') as Output;
  }

  /** The CDK's CLI, as `npx cdk` runs it. */
  const cdk = (...args: readonly string[]) => run(CDK, [...args, '--output', outdir], { env, signal });

  /** Exactly what a person would paste into a shell. */
  const shell = (line: string) => run('bash', ['-c', line], { env, signal });

  async function createRole(name: string): Promise<string> {
    const args = ['--role-name', name, '--assume-role-policy-document', ANYONE_OF_THE_ACCOUNT];
    return (await aws<{ Role: { Arn: string } }>('iam', 'create-role', ...args)).Role.Arn;
  }

  async function keysOf(roleArn: string): Promise<Keys> {
    const args = ['--role-arn', roleArn, '--role-session-name', 'deploy-test'];
    return (await aws<{ Credentials: Keys }>('sts', 'assume-role', ...args)).Credentials;
  }

  /** POST /oauth/token on a function URL, signed by curl; unsigned without keys. */
  async function vend(functionUrl: string, keys?: Keys, form = 'grant_type=client_credentials'): Promise<Answer> {
    const url = `${functionUrl.replace('https:', 'http:')}oauth/token`;
    const signature = keys === undefined ? [] : signatureArgs(keys);
    const args = ['--silent', '--include', '--max-time', '30', '--connect-to', `::127.0.0.1:${port}`, ...signature];
    return parseAnswer(await run('curl', [...args, '--data', form, url], { env, signal }));
  }

  /** Calls a function as AWS's own services do: not by its URL. Its answer, or what it threw. */
  async function invoke(functionName: string, event: object): Promise<string> {
    const file = join(outdir, '../invoked.json');
    const args = ['lambda', 'invoke', '--function-name', functionName, '--payload', JSON.stringify(event), file];
    await run('aws', args, { env, signal });
    return await readFile(file, 'utf8');
  }

  return { aws, cdk, outdir, shell, createRole, keysOf, invoke, vend };
}

export function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
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
