// `npm run test:guards`: each guard of the promises is taken away in turn, and a test must notice.
//
//   npm run test:guards -- lease     (only the guards whose promises contain that)

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import jestConfig from '../../../jest.config.js';
import { GUARDS, SIMULATION } from './guards.ts';

const ROOT = join(import.meta.dirname, '../../..');
const HISTORIES = 3_000;
const CONFIG = JSON.stringify({
  ...jestConfig,
  rootDir: ROOT,
  testPathIgnorePatterns: [],
  setupFiles: [join(import.meta.dirname, 'remove-guard.ts')],
});

/** The kinds of calls in histories, by a word of the test's title. A guard needs to be noticed with one of them. */
const KINDS = ['plain', 'min_ttl', 'rejected'];

/** How the test notices that the guard is gone. Undefined: it does not. */
function notice(index: number, test: string): string | undefined {
  if (test !== SIMULATION) return /^ +● .+ › |^ +✕ /m.test(run(index, [test])) ? `by ${test}` : undefined;
  for (const kind of KINDS) {
    const histories = /failed after (\d+) tests/.exec(run(index, [test, '--testNamePattern', kind]))?.[1];
    if (histories) return `after ${histories} histories`;
  }
  return undefined;
}

/** Returns what Jest prints. */
function run(index: number, args: readonly string[]): string {
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const { stderr } = spawnSync(process.execPath, [jest, '--config', CONFIG, '--runInBand', ...args], {
    cwd: ROOT,
    env: { ...process.env, REMOVED_GUARD: String(index), SIMULATION_RUNS: String(HISTORIES) },
    encoding: 'utf8',
  });
  return stderr;
}

const [only = ''] = process.argv.slice(2);
let [passed, failed] = [0, 0];
for (const [index, { promise, test = SIMULATION }] of GUARDS.entries()) {
  if (!promise.includes(only)) continue;
  const noticed = notice(index, test);
  if (noticed) passed++;
  else failed++;
  process.stdout.write(`${noticed ? `✓ ${noticed}` : `✗ NOT noticed by ${test}`}: ${promise}\n`);
}
process.stdout.write(`Tests: ${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
