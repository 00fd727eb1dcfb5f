// The functions' own roles may do what they must and nothing else: by IAM's simulator for every action of AWS, and at run
// time, with the keys that Lambda gives them, for the calls that an intruder in the function would try first.

import assert from 'node:assert/strict';
import { ACCOUNT, REGION } from '../../testbed/ministack.ts';
import type { Suite } from '../../testbed/suite.ts';
import { type Keys, policy } from './account.ts';
import { everyAction } from './actions.ts';
import { type FunctionRole, keysOfFunctionRole } from './function-roles.ts';
import { attemptsOf, type Things } from './role-attempts.ts';
import type { Setup } from './setup.ts';
import { allowedTo } from './simulation.ts';

export interface Roles {
  readonly orders: FunctionRole;
  readonly reader: FunctionRole;
  readonly rotation: FunctionRole;
}

const OTHER = 'not-of-token-vending';
/** Resources that don't belong to token vending. */
const ELSEWHERE = [
  `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${OTHER}`,
  `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
  `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${OTHER}`,
  `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${OTHER}:*`,
  `arn:aws:s3:::cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`,
  `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${OTHER}-AbCd12`,
  `arn:aws:sns:${REGION}:${ACCOUNT}:${OTHER}`,
  `arn:aws:sqs:${REGION}:${ACCOUNT}:${OTHER}`,
  `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${OTHER}`,
  `arn:aws:iam::${ACCOUNT}:role/orders-service`,
];

export async function checkRoles(suite: Suite, setup: Setup, roles: Roles, tableName: string, secretArn: string) {
  await checkEveryAction(suite, setup, roles, tableName, secretArn);
  await checkWhoMayTakeThem(suite, setup, roles);
  await checkAtRunTime(suite, setup, roles, { tableName, secretArn });
}

async function checkEveryAction(suite: Suite, { account }: Setup, roles: Roles, tableName: string, secretArn: string) {
  const tableArn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${tableName}`;
  const ofFunctions = Object.values(roles).flatMap(({ functionArn, logsArn, roleArn }) => [
    functionArn,
    `${functionArn}:live`,
    logsArn,
    roleArn,
  ]);
  const resources = [tableArn, secretArn, ...ofFunctions, ...ELSEWHERE];
  const actions = await everyAction();
  /** X-Ray's two actions have no resource. */
  const common = ({ logsArn }: FunctionRole) => [
    `logs:CreateLogStream on ${logsArn}`,
    `logs:PutLogEvents on ${logsArn}`,
    'xray:PutTelemetryRecords on *',
    'xray:PutTraceSegments on *',
  ];
  const vend = [
    `dynamodb:GetItem on ${tableArn}`,
    `dynamodb:UpdateItem on ${tableArn}`,
    `secretsmanager:GetSecretValue on ${secretArn}`,
  ];
  const rotate = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
    (operation) => `secretsmanager:${operation} on ${secretArn}`,
  );
  const expected: readonly [string, FunctionRole, readonly string[]][] = [
    ['the function of the profile orders', roles.orders, vend],
    ['the function of the profile reader', roles.reader, vend],
    ['the rotation function', roles.rotation, rotate],
  ];
  for (const [whose, role, own] of expected) {
    const may = [...own, ...common(role)].sort();
    const tried = `of ${actions.length} actions, on ${resources.length} resources`;
    await suite.check(`the role of ${whose} may do ${may.length} things, ${tried}`, async () => {
      assert.deepEqual(await allowedTo(account, role, actions, resources), may);
    });
  }
}

/** The roles trust only Lambda: not even somebody who may take any role can take them. */
async function checkWhoMayTakeThem(suite: Suite, { account }: Setup, roles: Roles) {
  await suite.check(
    "nobody may take the functions' roles, not even who may take any role that trusts the account",
    async () => {
      const { aws, awsAs, createRole, keysOf } = account;
      const anyRole = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' });
      const intruder = await keysOf(await createRole('intruder'));
      await aws(
        'iam',
        'put-role-policy',
        '--role-name',
        'intruder',
        '--policy-name',
        'Any',
        '--policy-document',
        anyRole,
      );
      const take = (arn: string) =>
        awsAs(intruder, 'sts', 'assume-role', '--role-arn', arn, '--role-session-name', 'deploy-test');
      await take(`arn:aws:iam::${ACCOUNT}:role/orders-service`);
      for (const { roleArn } of Object.values(roles)) await assert.rejects(take(roleArn), /\(AccessDenied\)/);
    },
  );
}

async function checkAtRunTime(suite: Suite, setup: Setup, roles: Roles, own: Pick<Things, 'tableName' | 'secretArn'>) {
  const { aws } = setup.account;
  const value = ['--name', OTHER, '--secret-string', 'of others'];
  const { ARN } = await aws<{ ARN: string }>('secretsmanager', 'create-secret', ...value);
  const key = ['--key-schema', 'AttributeName=pk,KeyType=HASH', '--billing-mode', 'PAY_PER_REQUEST'];
  const attribute = ['--attribute-definitions', 'AttributeName=pk,AttributeType=S'];
  await aws('dynamodb', 'create-table', '--table-name', OTHER, ...attribute, ...key);
  const things = { ...own, otherTableName: OTHER, otherSecretArn: ARN, otherFunction: roles.reader };
  try {
    await checkAttempts(
      suite,
      setup,
      'the function of the profile orders',
      roles.orders,
      attemptsOf.vend({ ...things, role: roles.orders }),
    );
    await checkAttempts(
      suite,
      setup,
      'the rotation function',
      roles.rotation,
      attemptsOf.rotation({ ...things, role: roles.rotation }),
    );
  } finally {
    await aws('secretsmanager', 'delete-secret', '--secret-id', ARN, '--force-delete-without-recovery');
    await aws('dynamodb', 'delete-table', '--table-name', OTHER);
  }
}

interface Attempts {
  readonly allowed: readonly (readonly string[])[];
  readonly refused: readonly (readonly string[])[];
}

async function checkAttempts(
  suite: Suite,
  { account, directory }: Setup,
  whose: string,
  role: FunctionRole,
  { allowed, refused }: Attempts,
) {
  const may = `reads with its own keys (${allowed.length} calls), and is refused ${refused.length} others`;
  await suite.check(`${whose} ${may}`, async () => {
    const keys: Keys = await keysOfFunctionRole(account, directory, role);
    for (const args of allowed) await account.awsAs(keys, ...args);
    const notRefused: string[] = [];
    await forEach(refused, async (args) => {
      const outcome = await account.awsAs(keys, ...args).then(
        () => 'done',
        (error: Error) => error.message,
      );
      if (!/\(AccessDenied(Exception)?\) when calling/.test(outcome)) notRefused.push(`${args.join(' ')}: ${outcome}`);
    });
    assert.deepEqual(notRefused, []);
  });
}

/** Does something with each of many, three at a time. */
async function forEach<Item>(items: readonly Item[], action: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await action(item);
  };
  await Promise.all(Array.from({ length: 3 }, worker));
}
