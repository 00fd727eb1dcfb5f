// docs/runbook.md: its names are those of the stack, and its configurations are accepted. `npm run test:runbook` runs its
// commands.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { ALARM_VARIABLES, CONFIGURATIONS, TASKS, VARIABLES } from '../runbook/page.ts';
import { type Resource, resourcesOf, synthesize } from './synth.ts';

const COMMANDS = [VARIABLES, ...TASKS.flatMap(({ blocks }) => blocks)].join('\n');
const PURGE = readFileSync(join(import.meta.dirname, '../../bin/purge.sh'), 'utf8');
const template = synthesize({ profiles: { orders: {} } });
const names = (pattern: RegExp) => [...COMMANDS.matchAll(pattern)].map(([, name]) => String(name));

test('each output that the commands read is one of the stack', () => {
  const read = names(/\(output (\w+)\)/g);
  expect(read.length).toBeGreaterThan(2);
  expect(Object.keys(template.toJSON().Outputs)).toEqual(expect.arrayContaining(read));
});

test('so is each one that the commands of the alarms read', () => {
  const read = [...ALARM_VARIABLES.matchAll(/\(output "([^"]+)"\)/g)].map(([, name]) => String(name));
  expect(read).toHaveLength(3);
  const expected = read.map((name) => name.replace(/\$.PROFILE./, 'Orders').replace(/\$.CREDENTIAL./, 'Emporix'));
  expect(Object.keys(template.toJSON().Outputs)).toEqual(expect.arrayContaining(expected));
});

test('the managed policy of a profile and the parameter of its URL have the names that the commands use', () => {
  const [policyName = ''] = names(/contains\(PolicyName, '(\w+)'\)/g);
  // CloudFormation puts the logical ID into the name.
  expect(Object.keys(resourcesOf(template, 'AWS::IAM::ManagedPolicy', policyName))).toHaveLength(1);
  const parameters = Object.values(resourcesOf(template, 'AWS::SSM::Parameter'));
  const [parameter = ''] = names(/get-parameter --name "([^"]+)"/g);
  expect(parameters.map(({ Properties }) => Properties.Name)).toEqual([parameter.replace('$STACK', 'TokenVending')]);
});

test('each saved query that the commands run is there', () => {
  const queries = Object.values(resourcesOf(template, 'AWS::Logs::QueryDefinition')).map(
    ({ Properties }) => Properties.Name,
  );
  for (const name of names(/saved (\w+) /g)) expect(queries).toContain(`TokenVending/${name}`);
});

test("a profile's function has the variables by which the commands and the purge script find it, and no other has all", () => {
  const found = [...`${COMMANDS}${PURGE}`.matchAll(/Environment\.Variables\.(\w+)|\b(TABLE_NAME)==/g)];
  const variables = new Set(found.map(([, name, first]) => String(name ?? first)));
  variables.delete('$functions');
  expect(variables).toEqual(new Set(['TABLE_NAME', 'CREDENTIAL', 'PROFILE']));
  const functions = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
  const withAll = functions.filter(({ Properties }) => {
    const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: object };
    return [...variables].every((name) => name in Variables);
  });
  expect([withAll.length, functions.length]).toEqual([1, 2]);
});

test("the canary's log is that of the one function of the stack with its URL, under the names that the commands use", () => {
  const found = [...ALARM_VARIABLES.matchAll(/Environment\.Variables\.(\w+)=='([^']+)'/g)];
  expect(found.map(([, name]) => name)).toEqual(['STACK_NAME', 'TOKEN_VENDING_URL']);
  const { Resources, Outputs } = synthesize({ profiles: { orders: { canaryEveryMinutes: 5 }, reader: {} } }).toJSON();
  const wanted = { STACK_NAME: 'TokenVending', TOKEN_VENDING_URL: Outputs.ProfileOrdersTokenEndpoint.Value };
  const functions = Object.entries<Resource>(Resources).filter(([, { Properties }]) => {
    const { Variables = {} } = (Properties?.Environment ?? {}) as { Variables?: Record<string, unknown> };
    return isDeepStrictEqual({ ...Variables, ...wanted }, Variables);
  });
  expect(functions.map(([id]) => id)).toEqual([expect.stringMatching(/^ProfileOrdersCanary/)]);
});

test.each(CONFIGURATIONS)('its configuration is accepted: %j', (configuration) => {
  expect(loadConfig(configuration)).toMatchObject(configuration as object);
});
