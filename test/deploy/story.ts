// What an operator and the callers do and see, from the first deploy to the last destroy.

import assert from 'node:assert/strict';
import type { Emporix } from '../../local/emporix.ts';
import type { Account, Answer, Keys } from './account.ts';
import type { Checks } from './checks.ts';
import { allowSecretByArn, deploy, type Outputs, rotationFunctionOf } from './deployment.ts';
import { ACCOUNT } from './ministack.ts';
import { checkRotation } from './rotation.ts';

export interface Stage {
  readonly account: Account;
  /** For files of the run. */
  readonly directory: string;
  readonly emporix: Emporix;
}

const EXPIRES_IN_SECONDS = 14_399;
const jsonOf = (answer: Answer) => JSON.parse(answer.body) as Record<string, unknown>;

/** The first deployment: who may call and who may not, the credential, the token from the server and from the table. */
export async function checkVending(checks: Checks, stage: Stage): Promise<void> {
  const { account } = stage;
  const callerArn = await account.createRole('orders-service');
  const strangerArn = await account.createRole('stranger');
  const outputs = await checks.step('cdk deploy, with two profiles and the outputs named', () => {
    return deploy(stage.account, stage.directory, stage.emporix.tokenEndpoint, callerArn);
  });
  const rotationFunction = await rotationFunctionOf(account);
  await allowSecretByArn(account, outputs, rotationFunction);
  const caller = await account.keysOf(callerArn);
  await checkRefusals(checks, account, outputs, caller, await account.keysOf(strangerArn));
  await checkCredential(checks, stage, outputs, caller);
  await checkTokens(checks, stage, outputs, caller);
  await checkManagedPolicy(checks, account, outputs, await account.keysOf(strangerArn));
  await checkRotation(checks, stage, outputs.CredentialEmporixSecretName, rotationFunction);
  await checkLogs(checks, stage);
  await checks.step('cdk destroy', () => account.cdk('destroy', '--force'));
}

/** Deploy, destroy, deploy works, although the secret of the first deployment is kept. */
export async function checkSecondDeployment(checks: Checks, stage: Stage): Promise<void> {
  const { account } = stage;
  await checks.check('the secret is kept when the stack is gone', async () => {
    const { SecretList } = await account.aws<{ SecretList: unknown[] }>('secretsmanager', 'list-secrets');
    assert.equal(SecretList.length, 1);
  });
  await checks.step('cdk deploy once more, beside the secret that was kept', () => {
    return deploy(account, stage.directory, stage.emporix.tokenEndpoint, `arn:aws:iam::${ACCOUNT}:role/orders-service`);
  });
  await checks.step('cdk destroy once more', () => account.cdk('destroy', '--force'));
  await checks.check('no function, table or log group is left', async () => {
    const { Functions } = await account.aws<{ Functions: unknown[] }>('lambda', 'list-functions');
    const { TableNames } = await account.aws<{ TableNames: string[] }>('dynamodb', 'list-tables');
    const { logGroups } = await account.aws<{ logGroups: { logGroupName: string }[] }>('logs', 'describe-log-groups');
    const ours = logGroups.filter(({ logGroupName }) => logGroupName.startsWith('TokenVending'));
    assert.deepEqual([Functions, TableNames, ours], [[], [], []]);
  });
}

async function checkRefusals(checks: Checks, { vend }: Account, outputs: Outputs, caller: Keys, stranger: Keys) {
  const refused: readonly [string, string, Keys?][] = [
    ['a role that was not named', outputs.ProfileOrdersUrl, stranger],
    ['a role named by another profile only', outputs.ProfileReaderUrl, caller],
    ['a wrong secret key', outputs.ProfileOrdersUrl, { ...caller, SecretAccessKey: 'wrong' }],
    ['an unsigned request', outputs.ProfileOrdersUrl],
  ];
  for (const [who, url, keys] of refused) {
    await checks.check(`403 for ${who}`, async () => {
      assert.equal((await vend(url, keys)).status, 403);
    });
  }
}

async function checkCredential(checks: Checks, { account, emporix }: Stage, outputs: Outputs, caller: Keys) {
  const command = await checks.step('without a credential: 500 that names the command to run', async () => {
    const answer = await account.vend(outputs.ProfileOrdersUrl, caller);
    assert.equal(answer.status, 500, answer.body);
    const { error, error_description } = jsonOf(answer);
    assert.equal(error, 'server_error');
    const [found] = /aws secretsmanager put-secret-value .+$/.exec(String(error_description)) ?? [];
    assert.ok(found, `no command in: ${error_description}`);
    return found;
  });
  await checks.step('that command, with the client in it, puts the credential', async () => {
    const filledIn = command
      .replace('YOUR_CLIENT_ID', emporix.clientId)
      .replace('YOUR_CLIENT_SECRET', emporix.clientSecret);
    assert.ok(filledIn.includes(emporix.clientSecret), `no place for the client secret in: ${command}`);
    await account.shell(filledIn);
  });
}

async function checkTokens(checks: Checks, { account, emporix }: Stage, outputs: Outputs, caller: Keys) {
  const vend = async (source: string, form?: string) => {
    const answer = await account.vend(outputs.ProfileOrdersUrl, caller, form);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(answer.headers['x-token-source'], source);
    return jsonOf(answer);
  };
  const tokens: unknown[] = [];
  await checks.check('the first token is minted, with the scopes of the profile', async () => {
    const token = await vend('mint');
    tokens.push(token.access_token);
    assert.equal(token.token_type, 'Bearer');
    assert.equal(token.scope, 'order.order_read product.product_manage');
  });
  await checks.check('its item in the table expires with it', async () => {
    const args = ['--table-name', outputs.TokenTableName, '--consistent-read'];
    const { Items } = await account.aws<{ Items: Record<string, Record<string, string>>[] }>(
      'dynamodb',
      'scan',
      ...args,
    );
    assert.deepEqual(
      Items.map(({ pk }) => pk?.S?.replace(/#[\w-]{43}$/, '#HASH')),
      ['orders#HASH'],
    );
    const requestedAtSeconds = Number(emporix.requests.at(-1)?.receivedAtMs) / 1000;
    const aliveSeconds = Number(Items[0]?.expires_at?.N) - requestedAtSeconds;
    assert.ok(Math.abs(aliveSeconds - EXPIRES_IN_SECONDS) <= 1.5, `expires_at is ${aliveSeconds} s after the request`);
  });
  await checks.check('the next is the same, from memory', async () => {
    assert.deepEqual([(await vend('memory')).access_token], tokens);
  });
  await checks.check('a new instance has it from the table', async () => {
    const name = outputs.ProfileOrdersFunctionName;
    await account.aws('lambda', 'update-function-configuration', '--function-name', name, '--memory-size', '640');
    assert.deepEqual([(await vend('table')).access_token], tokens);
    assert.equal(emporix.mints.length, 1);
  });
  await checks.check('a scope of its own is a token of its own', async () => {
    const token = await vend('mint', 'grant_type=client_credentials&scope=order.order_read');
    assert.equal(token.scope, 'order.order_read');
    assert.notEqual(token.access_token, tokens[0]);
  });
}

async function checkManagedPolicy(checks: Checks, { aws, vend }: Account, outputs: Outputs, stranger: Keys) {
  await checks.check("a role may call once it has the profile's managed policy", async () => {
    const { Policies } = await aws<{ Policies: { Arn: string }[] }>('iam', 'list-policies', '--scope', 'Local');
    const arn = Policies.map(({ Arn }) => Arn).find((name) => name.includes('ProfileReaderVendPolicy'));
    await aws('iam', 'attach-role-policy', '--role-name', 'stranger', '--policy-arn', String(arn));
    const answer = await vend(outputs.ProfileReaderUrl, stranger);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(jsonOf(answer).scope, 'product.product_read_unpublished');
    assert.equal((await vend(outputs.ProfileOrdersUrl, stranger)).status, 403);
  });
}

async function checkLogs(checks: Checks, { account, emporix }: Stage) {
  await checks.check('no log line holds a token or the client secret', async () => {
    const { logGroups } = await account.aws<{ logGroups: { logGroupName: string }[] }>('logs', 'describe-log-groups');
    const lines: string[] = [];
    for (const { logGroupName } of logGroups) {
      const { events } = await account.aws<{ events: { message: string }[] }>(
        ...['logs', 'filter-log-events', '--log-group-name', logGroupName],
      );
      lines.push(...events.map(({ message }) => message));
    }
    assert.ok(lines.length > 0, 'no log line at all');
    const secrets = [emporix.clientSecret, ...emporix.mints.map(({ accessToken }) => accessToken)];
    const shown = lines.filter((line) => secrets.some((secret) => line.includes(secret)));
    assert.deepEqual(shown, []);
  });
}
