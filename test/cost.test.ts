// docs/cost.md has what the arithmetic says now, and what the arithmetic takes from other pages stands there.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, jest, test } from '@jest/globals';
import { resourcesOf, synthesize } from './lib/synth.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

// The arithmetic is a process of its own, because tests import nothing of bench/.
jest.setTimeout(60_000);

test('the tables are those of the prices, durations and log lines that are measured now', async () => {
  const args = ['--import', 'tsx', 'bench/cost/run.ts', '--check'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT });
  expect(stdout).toContain('**a million uses**');
});

test('the share of calls from memory is the one of docs/scaling.md', () => {
  const [, share] = /FROM_MEMORY_SHARE = (0\.\d+);/.exec(read('bench/cost/model.ts')) ?? [];
  const [, percent] = /^\| answered from memory \| ([\d.]+) % \|/m.exec(read('docs/scaling.md')) ?? [];
  expect(Number(percent)).toBeGreaterThan(0);
  expect(Number(share)).toBeCloseTo(Number(percent) / 100, 3);
});

test('gradual deployments add as many alarms to each profile as the model says, and each reads one metric', () => {
  const profiles = { orders: {}, reader: {}, admin: {} };
  const alarms = (options: object) => resourcesOf(synthesize({ profiles, ...options }), 'AWS::CloudWatch::Alarm');
  const without = alarms({});
  const added = Object.entries(alarms({ deployment: { strategy: 'canary' } })).filter(([id]) => !(id in without));
  expect(added).toHaveLength(3 * Number(/ROLLBACK_ALARMS = (\d+);/.exec(read('bench/cost/model.ts'))?.[1]));
  for (const [, { Properties }] of added) expect(Properties).toMatchObject({ MetricName: expect.any(String) });
});

test.each([
  ['SERVER_MS', 1, (ms: number) => `takes ${ms} ms more`],
  ['CALLS_PER_SECOND', 1, (calls: number) => `each instance gets ${calls} call a second`],
  ['FROM_MEMORY_SHARE', 100, (share: number) => `answers ${share} % of the calls from memory`],
  ['CHECK_SECONDS', 1, (seconds: number) => `at the first call after ${seconds} s`],
  ['TOKEN_READ_UNITS', 1, (units: number) => `item costs ${units} read units`],
  ['TRACED_SHARE', 100, (share: number) => `one call a second and ${share} % of the others`],
  ['SCOPE_SETS', 1, (sets: number) => `has ${sets} scope sets in use`],
])('the page says the %s of the model', (name, factor, sentence) => {
  const models = read('bench/cost/model.ts') + read('bench/fleet/model.ts');
  const [, number] = new RegExp(`^export const ${name} = ([\\d_.]+);`, 'm').exec(models) ?? [];
  expect(read('docs/cost.md').replaceAll('\n', ' ')).toContain(sentence(Math.round(Number(number) * factor)));
});
