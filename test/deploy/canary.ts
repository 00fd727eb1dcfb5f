// The canary that is deployed, with its own role and its own code, passes. Without its permissions it fails.

import assert from 'node:assert/strict';
import type { Suite } from '../../testbed/suite.ts';
import { functionNameOf } from './deployment.ts';
import { type FunctionRole, functionRoleOf } from './function-roles.ts';
import { jsonOf, linesOf, TRIES } from './logs.ts';
import type { Setup } from './setup.ts';

/** Its schedule runs it an hour after the deploy, which this suite doesn't last. So it is called as the schedule does. */
export async function checkCanary(suite: Suite, setup: Setup, functionUrl: string) {
  const { account } = setup;
  const role = await functionRoleOf(account, await functionNameOf(account, /Canary/));
  const name = ['--function-name', role.functionName];
  await suite.check('the canary passes: a token, a refused scope, and 403 without a signature', async () => {
    const { Environment } = await account.aws<{ Environment: { Variables: Record<string, string> } }>(
      ...(['lambda', 'get-function-configuration', ...name] as const),
    );
    const { PROFILE, TOKEN_VENDING_URL } = Environment.Variables;
    assert.deepEqual([PROFILE, TOKEN_VENDING_URL], ['reader', `${functionUrl}oauth/token`]);
    const Variables = { ...Environment.Variables, TOKEN_VENDING_URL: account.reachable(functionUrl) };
    const environment = ['--environment', JSON.stringify({ Variables })];
    await account.aws('lambda', 'update-function-configuration', ...name, ...environment);
    assert.deepEqual(await runOf(setup, role, 'canary_passed'), { CanaryPassed: 1, failures: undefined });
  });
  await suite.check('the canary fails without the permissions of its role', async () => {
    for (const policy of Object.keys(role.policies)) {
      await account.aws('iam', 'delete-role-policy', '--role-name', role.roleName, '--policy-name', policy);
    }
    const { CanaryPassed, failures } = await runOf(setup, role, 'canary_failed');
    const errors = failures?.map(({ check, error }) => [check, error]);
    assert.deepEqual([CanaryPassed, errors], [0, ['token', 'refused_scope'].map((check) => [check, 'forbidden'])]);
  });
}

interface Run {
  readonly CanaryPassed: unknown;
  readonly failures: readonly { readonly check: string; readonly error: string }[] | undefined;
}

/** Calls the canary until its log holds a line of this event, which may come late. */
async function runOf({ account }: Setup, { functionName, logGroup }: FunctionRole, event: string): Promise<Run> {
  for (let tries = 1; ; tries += 1) {
    await account.invoke(functionName, { 'detail-type': 'Scheduled Event' });
    const lines = (await linesOf({ account }, logGroup)).flatMap(jsonOf);
    const line = lines.find((each) => each.event === event);
    if (line !== undefined) return { CanaryPassed: line.CanaryPassed, failures: line.failures as Run['failures'] };
    assert.ok(tries < TRIES, `the log has no line ${event}, but ${JSON.stringify(lines)}`);
  }
}
