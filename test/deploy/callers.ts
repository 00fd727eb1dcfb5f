// The roles that may call a function URL can call it, others can't, and there is no other way into the function.

import assert from 'node:assert/strict';
import type { Suite } from '../../testbed/suite.ts';
import { type Account, type Keys, policy } from './account.ts';
import type { Outputs } from './deployment.ts';
import type { FunctionRole } from './function-roles.ts';

/** There is no credential yet, so a call that reaches the function would get 500. */
export async function checkRefusals(suite: Suite, { vend }: Account, outputs: Outputs, caller: Keys, stranger: Keys) {
  const refused: readonly [string, string, Keys?][] = [
    ['a role that was not named', outputs.ProfileOrdersUrl, stranger],
    ['a role named by another profile only', outputs.ProfileReaderUrl, caller],
    ['a wrong secret key', outputs.ProfileOrdersUrl, { ...caller, SecretAccessKey: 'wrong' }],
    ['an unsigned request', outputs.ProfileOrdersUrl],
  ];
  for (const [who, url, keys] of refused) {
    await suite.check(`403 for ${who}`, async () => {
      assert.equal((await vend(url, keys)).status, 403);
    });
  }
}

/** Attaches the profile reader's managed policy to the role `stranger`. */
export async function checkManagedPolicy(suite: Suite, { aws, vend }: Account, outputs: Outputs, stranger: Keys) {
  await suite.check("a role may call once it has the profile's managed policy", async () => {
    const { Policies } = await aws<{ Policies: { Arn: string }[] }>('iam', 'list-policies', '--scope', 'Local');
    const arn = Policies.map(({ Arn }) => Arn).find((name) => name.includes('ProfileReaderVendPolicy'));
    await aws('iam', 'attach-role-policy', '--role-name', 'stranger', '--policy-arn', String(arn));
    const answer = await vend(outputs.ProfileReaderUrl, stranger);
    assert.equal(answer.status, 200, answer.body);
    assert.equal(JSON.parse(answer.body).scope, 'product.product_read_unpublished');
    assert.equal((await vend(outputs.ProfileOrdersUrl, stranger)).status, 403);
  });
}

interface Profiles {
  readonly orders: FunctionRole;
  readonly reader: FunctionRole;
}

/**
 * A direct call could forge the whole event. Both callers have lambda:InvokeFunction, but only on the condition that the
 * call goes through the URL.
 */
export async function checkDirectInvocation(
  suite: Suite,
  account: Account,
  { orders, reader }: Profiles,
  { caller, stranger }: { readonly caller: Keys; readonly stranger: Keys },
) {
  const direct: readonly [string, Keys, FunctionRole][] = [
    ['a role that the profile names as its caller', caller, orders],
    ["a role that has the profile's managed policy", stranger, reader],
  ];
  for (const [who, keys, role] of direct) {
    await suite.check(
      `no direct invocation by ${who}: AccessDenied, of the function and of its alias, whether it waits or not`,
      async () => {
        const refused = /\(AccessDeniedException\).* lambda:InvokeFunction /;
        for (const name of [role.functionName, aliasOf(role)]) {
          await assert.rejects(invokeAs(account, keys, name), refused);
          await assert.rejects(invokeAs(account, keys, name, '--invocation-type', 'Event'), refused);
        }
      },
    );
  }
}

/** A role that has the same action without the condition can call: so it is the condition that refuses the others. */
export async function checkUnconditionalInvocation(suite: Suite, account: Account, { orders, reader }: Profiles) {
  await suite.check(
    'it is the condition that keeps them out: a role that has the action without it gets in',
    async () => {
      const { aws, createRole, keysOf } = account;
      const statement = { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: `${reader.functionArn}:live` };
      const invoker = await keysOf(await createRole('invoker'));
      const document = ['--policy-name', 'Invoke', '--policy-document', policy(statement)];
      await aws('iam', 'put-role-policy', '--role-name', 'invoker', ...document);
      await invokeAs(account, invoker, aliasOf(reader));
      await assert.rejects(invokeAs(account, invoker, aliasOf(orders)), /\(AccessDeniedException\)/);
    },
  );
}

/** MiniStack looks at an alias that is in the function's name, not at one that is in `--qualifier`. */
const aliasOf = ({ functionName }: FunctionRole) => `${functionName}:live`;

function invokeAs({ awsAs }: Account, keys: Keys, functionName: string, ...more: readonly string[]) {
  return awsAs(keys, 'lambda', 'invoke', '--function-name', functionName, ...more, '/dev/null');
}
