// Who may call a function URL, and that whoever may has no other way into the function.

import assert from 'node:assert/strict';
import type { Suite } from '../../testbed/suite.ts';
import { type Account, type Keys, policy } from './account.ts';
import type { Outputs } from './deployment.ts';
import type { FunctionRole } from './function-roles.ts';

/** Before there is a credential: a call that is let in would get 500. */
export async function checkRefusals(checks: Suite, { vend }: Account, outputs: Outputs, caller: Keys, stranger: Keys) {
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

/** Attaches the profile reader's managed policy to the role `stranger`. */
export async function checkManagedPolicy(checks: Suite, { aws, vend }: Account, outputs: Outputs, stranger: Keys) {
  await checks.check("a role may call once it has the profile's managed policy", async () => {
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
 * A direct call could forge the whole event. Both callers have lambda:InvokeFunction, on the condition that it is by way
 * of the URL.
 */
export async function checkDirectInvocation(
  checks: Suite,
  account: Account,
  { orders, reader }: Profiles,
  { caller, stranger }: { readonly caller: Keys; readonly stranger: Keys },
) {
  const direct: readonly [string, Keys, FunctionRole][] = [
    ['a role that the profile names as its caller', caller, orders],
    ["a role that has the profile's managed policy", stranger, reader],
  ];
  for (const [who, keys, role] of direct) {
    await checks.check(
      `no direct invocation by ${who}: AccessDenied, of the function and of its alias, whether it waits or not`,
      async () => {
        const refused = /\(AccessDeniedException\).* lambda:InvokeFunction /;
        await assert.rejects(invokeAs(account, keys, role), refused);
        await assert.rejects(invokeAs(account, keys, role, '--qualifier', 'live'), refused);
        await assert.rejects(
          invokeAs(account, keys, role, '--qualifier', 'live', '--invocation-type', 'Event'),
          refused,
        );
      },
    );
  }
}

/** A role that has the same action without the condition gets in: so it is the condition that keeps the others out. */
export async function checkUnconditionalInvocation(checks: Suite, account: Account, { orders, reader }: Profiles) {
  await checks.check(
    'it is the condition that keeps them out: a role that has the action without it gets in',
    async () => {
      const { aws, createRole, keysOf } = account;
      const statement = { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: `${reader.functionArn}:live` };
      const invoker = await keysOf(await createRole('invoker'));
      const document = ['--policy-name', 'Invoke', '--policy-document', policy(statement)];
      await aws('iam', 'put-role-policy', '--role-name', 'invoker', ...document);
      await invokeAs(account, invoker, reader, '--qualifier', 'live');
      await assert.rejects(invokeAs(account, invoker, orders, '--qualifier', 'live'), /\(AccessDeniedException\)/);
    },
  );
}

function invokeAs({ awsAs }: Account, keys: Keys, { functionName }: FunctionRole, ...more: readonly string[]) {
  return awsAs(keys, 'lambda', 'invoke', '--function-name', functionName, ...more, '/dev/null');
}
