// The roles that the deployed functions run under, and the keys that Lambda gives to a function only.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../testbed/processes/children.ts';
import type { Account, Keys } from './account.ts';

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

export interface FunctionRole {
  readonly functionName: string;
  readonly functionArn: string;
  readonly roleName: string;
  readonly roleArn: string;
  /** The log group's, as a policy names it: with `:*` for what is in it. */
  readonly logsArn: string;
  readonly logGroup: string;
  /** Documents of the role's policies by their name. */
  readonly policies: Readonly<Record<string, { readonly Statement: readonly Statement[] }>>;
}

interface FunctionConfiguration {
  readonly FunctionArn: string;
  readonly Role: string;
  readonly LoggingConfig: { readonly LogGroup: string };
}

/** The role of a function as it is now. */
export async function functionRoleOf({ aws }: Account, functionName: string): Promise<FunctionRole> {
  const { FunctionArn, LoggingConfig, Role } = await aws<FunctionConfiguration>(
    ...['lambda', 'get-function-configuration', '--function-name', functionName],
  );
  const roleName = String(Role.split('/').at(-1));
  const { PolicyNames } = await aws<{ PolicyNames: string[] }>('iam', 'list-role-policies', '--role-name', roleName);
  const policies: Record<string, { Statement: Statement[] }> = {};
  for (const name of PolicyNames) {
    const args = ['--role-name', roleName, '--policy-name', name];
    const { PolicyDocument } = await aws<{ PolicyDocument: { Statement: Statement[] } }>(
      'iam',
      'get-role-policy',
      ...args,
    );
    policies[name] = PolicyDocument;
  }
  const { LogGroup: logGroup } = LoggingConfig;
  const logsArn = `${FunctionArn.replace(/:function:.*/, '').replace(':lambda:', ':logs:')}:log-group:${logGroup}:*`;
  return { functionName, functionArn: FunctionArn, roleName, roleArn: Role, logsArn, logGroup, policies };
}

const PROBE = `export const handler = async () => ({
  AccessKeyId: process.env.AWS_ACCESS_KEY_ID,
  SecretAccessKey: process.env.AWS_SECRET_ACCESS_KEY,
  SessionToken: process.env.AWS_SESSION_TOKEN,
});`;

/** The temporary keys of a role. Only a function gets them, so one is deployed under the role for the moment. */
export async function keysOfFunctionRole(
  { aws, invoke }: Account,
  directory: string,
  { roleArn }: FunctionRole,
): Promise<Keys> {
  const [source, zip] = [join(directory, 'index.mjs'), join(directory, 'probe.zip')];
  await writeFile(source, PROBE);
  await run('python3', ['-m', 'zipfile', '-c', zip, source]);
  const name = ['--function-name', 'probe'];
  const code = ['--runtime', 'nodejs24.x', '--handler', 'index.handler', '--zip-file', `fileb://${zip}`];
  await aws('lambda', 'create-function', ...name, '--role', roleArn, ...code);
  try {
    return JSON.parse(await invoke('probe', {})) as Keys;
  } finally {
    await aws('lambda', 'delete-function', ...name);
  }
}
