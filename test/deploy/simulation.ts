// Asks IAM's own simulator what a role may do: every action, on every resource of the suite.

import assert from 'node:assert/strict';
import type { Account } from './account.ts';
import type { FunctionRole } from './function-roles.ts';

const serviceOf = (action: string) => action.split(':')[0];

/**
 * Returns what a role may do, sorted, as `service:Action on RESOURCE`. The resource is `*` if it may do it to anything.
 *
 * Every action is tried on `*`, and the actions of STS and of the resources' services on each resource. What the role's
 * policies name is tried as it is written there, with wildcards, so that nothing in them is missed because a list lacks it.
 */
export async function allowedTo(
  account: Account,
  role: FunctionRole,
  everyAction: readonly string[],
  resources: readonly string[],
): Promise<string[]> {
  const statements = Object.values(role.policies).flatMap(({ Statement }) => Statement);
  const named = statements.flatMap(({ Action }) => Action);
  const everyResource = new Set([...resources, ...statements.flatMap(({ Resource }) => Resource)]);
  everyResource.delete('*');
  const services = new Set(['sts', ...[...everyResource].map((arn) => arn.split(':')[2])]);
  const nearby = everyAction.filter((action) => services.has(serviceOf(action)));

  const onAnything = await simulate(account, role, [...new Set([...everyAction, ...named])], '*');
  const allowed = onAnything.map((action) => `${action} on *`);
  for (const resource of everyResource) {
    const actions = await simulate(account, role, [...new Set([...nearby, ...named])], resource);
    const here = actions.filter((action) => !onAnything.includes(action));
    allowed.push(...here.map((action) => `${action} on ${resource}`));
  }
  return allowed.sort();
}

/** Returns the actions that are allowed on a resource. */
async function simulate(
  { iam }: Account,
  { roleArn }: FunctionRole,
  actions: readonly string[],
  resource: string,
): Promise<string[]> {
  const answer = await iam('SimulatePrincipalPolicy', {
    PolicySourceArn: roleArn,
    'ResourceArns.member.1': resource,
    ...Object.fromEntries(actions.map((action, index) => [`ActionNames.member.${index + 1}`, action])),
  });
  const results = [...answer.matchAll(/<EvalActionName>(.+?)<.*?<EvalDecision>(\w+)</gs)];
  assert.equal(results.length, actions.length);
  return results.flatMap(([, action = '', decision]) => (decision === 'allowed' ? [action] : []));
}
