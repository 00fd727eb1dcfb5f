// What an operator and the callers do and see, from the first deploy to the last destroy.

import assert from 'node:assert/strict';
import { ACCOUNT } from '../../testbed/ministack.ts';
import { until } from '../../testbed/processes/children.ts';
import type { Suite } from '../../testbed/suite.ts';
import type { Account, Answer, Keys } from './account.ts';
import { checkDirectInvocation, checkManagedPolicy, checkRefusals, checkUnconditionalInvocation } from './callers.ts';
import { checkCanary } from './canary.ts';
import { allowSecretByArn, deploy, functionNameOf, type Outputs } from './deployment.ts';
import { functionRoleOf } from './function-roles.ts';
import { type AuditedProfile, checkAudit, checkLogs } from './logs.ts';
import { checkMonitoring } from './monitoring.ts';
import { checkRoles, type Roles } from './roles.ts';
import { checkRotation } from './rotation.ts';
import type { Setup } from './setup.ts';

const EXPIRES_IN_SECONDS = 14_399;
const jsonOf = (answer: Answer) => JSON.parse(answer.body) as Record<string, unknown>;

/** The first deployment: callers that are permitted or refused, the credential, tokens from the server and the table. */
export async function checkVending(suite: Suite, setup: Setup): Promise<void> {
  const { account } = setup;
  const callerArn = await account.createRole('orders-service');
  const strangerArn = await account.createRole('stranger');
  const outputs = await suite.step('cdk deploy, with two profiles and the outputs named', () => {
    return deploy(setup.account, setup.directory, setup.emporix.tokenEndpoint, callerArn);
  });
  const secretName = outputs.CredentialEmporixSecretName;
  const secretArn = await allowSecretByArn(account, secretName, Object.values(await rolesOf(account, outputs)));
  const roles = await rolesOf(account, outputs);
  const caller = await account.keysOf(callerArn);
  const stranger = await account.keysOf(strangerArn);
  const orders = { profile: 'orders', url: outputs.ProfileOrdersUrl, role: roles.orders, keys: caller };
  const reader = { profile: 'reader', url: outputs.ProfileReaderUrl, role: roles.reader, keys: stranger };
  await checkRefusals(suite, account, outputs, caller, stranger);
  await checkCredential(suite, setup, outputs, caller);
  await checkTokens(suite, setup, outputs, caller);
  await checkAudit(suite, setup, orders, secretName);
  await checkNewInstance(suite, setup, orders);
  await checkManagedPolicy(suite, account, outputs, stranger);
  await checkDirectInvocation(suite, account, roles, { caller, stranger });
  await checkAudit(suite, setup, orders, secretName);
  await checkAudit(suite, setup, reader, secretName);
  await checkUnconditionalInvocation(suite, account, roles);
  await checkCanary(suite, setup, outputs.ProfileReaderUrl);
  await checkMonitoring(suite, account, outputs.ProfileOrdersFunctionName);
  await checkRoles(suite, setup, roles, outputs.TokenTableName, secretArn);
  await checkRotation(suite, setup, secretName, roles.rotation.functionName);
  await checkLogs(suite, setup);
  await suite.step('cdk destroy', () => account.cdk('destroy', '--force'));
}

/** The app can be deployed again after it was destroyed, although the secret of the first deployment is kept. */
export async function checkSecondDeployment(suite: Suite, setup: Setup): Promise<void> {
  const { account } = setup;
  await suite.check('the secret is kept when the stack is gone', async () => {
    const { SecretList } = await account.aws<{ SecretList: unknown[] }>('secretsmanager', 'list-secrets');
    assert.equal(SecretList.length, 1);
  });
  await suite.step('cdk deploy once more, beside the secret that was kept', () => {
    return deploy(account, setup.directory, setup.emporix.tokenEndpoint, `arn:aws:iam::${ACCOUNT}:role/orders-service`);
  });
  await suite.step('cdk destroy once more', () => account.cdk('destroy', '--force'));
  await suite.check('no function, table or log group is left', async () => {
    const { Functions } = await account.aws<{ Functions: unknown[] }>('lambda', 'list-functions');
    const { TableNames } = await account.aws<{ TableNames: string[] }>('dynamodb', 'list-tables');
    const { logGroups } = await account.aws<{ logGroups: { logGroupName: string }[] }>('logs', 'describe-log-groups');
    const ours = logGroups.filter(({ logGroupName }) => logGroupName.includes('TokenVending'));
    assert.deepEqual([Functions, TableNames, ours], [[], [], []]);
  });
}

async function rolesOf(account: Account, outputs: Outputs): Promise<Roles> {
  return {
    orders: await functionRoleOf(account, outputs.ProfileOrdersFunctionName),
    reader: await functionRoleOf(account, outputs.ProfileReaderFunctionName),
    rotation: await functionRoleOf(account, await functionNameOf(account, /Rotation/)),
  };
}

async function checkCredential(suite: Suite, { account, emporix }: Setup, outputs: Outputs, caller: Keys) {
  const command = await suite.step('without a credential: 500 that names the command to run', async () => {
    const answer = await account.vend(outputs.ProfileOrdersUrl, caller);
    assert.equal(answer.status, 500, answer.body);
    const { error, error_description } = jsonOf(answer);
    assert.equal(error, 'server_error');
    const [found] = /aws secretsmanager put-secret-value .+$/.exec(String(error_description)) ?? [];
    assert.ok(found, `no command in: ${error_description}`);
    return found;
  });
  await suite.step('that command, with the client in it, puts the credential', async () => {
    const filledIn = command
      .replace('YOUR_CLIENT_ID', emporix.clientId)
      .replace('YOUR_CLIENT_SECRET', emporix.clientSecret);
    assert.ok(filledIn.includes(emporix.clientSecret), `no place for the client secret in: ${command}`);
    await account.shell(filledIn);
  });
}

async function checkTokens(suite: Suite, { account, emporix }: Setup, outputs: Outputs, caller: Keys) {
  const vend = async (source: string, form?: string) => {
    let answer = await account.vend(outputs.ProfileOrdersUrl, caller, form);
    // A secret that held no credential is read again after 5 s.
    await until('the function has read the credential', 15_000, async () => {
      if (answer.status === 500) answer = await account.vend(outputs.ProfileOrdersUrl, caller, form);
      return answer.status !== 500;
    });
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers['x-token-source'], source);
    return jsonOf(answer);
  };
  const tokens: unknown[] = [];
  await suite.check('the first token is minted, with the scopes of the profile', async () => {
    const token = await vend('mint');
    tokens.push(token.access_token);
    assert.equal(token.token_type, 'Bearer');
    assert.equal(token.scope, 'order.order_read product.product_manage');
  });
  await suite.check('its item in the table expires with it', async () => {
    const args = ['--table-name', outputs.TokenTableName, '--consistent-read'];
    const { Items } = await account.aws<{ Items: Record<string, Record<string, string>>[] }>(
      'dynamodb',
      'scan',
      ...args,
    );
    const items = new Map(Items.map((item) => [item.pk?.S?.replace(/#[\w-]{43}$/, '#HASH'), item]));
    // The credential's item stays.
    assert.deepEqual([...items.keys()].sort(), ['CREDENTIAL#emporix', 'orders#HASH']);
    assert.equal(items.get('CREDENTIAL#emporix')?.expires_at, undefined);
    const requestedAtSeconds = Number(emporix.requests.at(-1)?.receivedAtMs) / 1000;
    const aliveSeconds = Number(items.get('orders#HASH')?.expires_at?.N) - requestedAtSeconds;
    assert.ok(Math.abs(aliveSeconds - EXPIRES_IN_SECONDS) <= 1.5, `expires_at is ${aliveSeconds} s after the request`);
  });
  await suite.check('the next is the same, from memory', async () => {
    assert.deepEqual([(await vend('memory')).access_token], tokens);
  });
  await suite.check('a scope of its own is a token of its own', async () => {
    const token = await vend('mint', 'grant_type=client_credentials&scope=order.order_read');
    assert.equal(token.scope, 'order.order_read');
    assert.notEqual(token.access_token, tokens[0]);
  });
  await suite.check('a scope that the profile does not allow: 400', async () => {
    const answer = await account.vend(outputs.ProfileOrdersUrl, caller, 'scope=order.order_manage');
    assert.deepEqual([answer.status, jsonOf(answer).error], [400, 'invalid_scope']);
  });
}

async function checkNewInstance(suite: Suite, { account, emporix }: Setup, { role, url, keys }: AuditedProfile) {
  await suite.check('a new instance has read the token from the table before its first request', async () => {
    const before = account.exchanges.find(({ functionUrl, answer }) => functionUrl === url && answer.status === 200);
    const mints = emporix.tokens.length;
    const name = ['--function-name', role.functionName];
    await account.aws('lambda', 'update-function-configuration', ...name, '--memory-size', '640');
    const { Version } = await account.aws<{ Version: string }>('lambda', 'publish-version', ...name);
    await account.aws('lambda', 'update-alias', ...name, '--name', 'live', '--function-version', Version);
    const answer = await account.vend(url, keys);
    assert.equal(answer.headers['x-token-source'], 'memory', answer.body);
    assert.equal(jsonOf(answer).access_token, before && jsonOf(before.answer).access_token);
    assert.equal(emporix.tokens.length, mints);
  });
}
