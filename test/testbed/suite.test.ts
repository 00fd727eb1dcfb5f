// The runner of the slower suites, in a process of its own as they are.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, jest, test } from '@jest/globals';

// Shorter than the child process of the example lives.
jest.setTimeout(30_000);

const EXAMPLE = join(__dirname, 'example-suite.ts');

/** Ends when nothing holds its output any more: a child process that outlived it would. */
async function runExample(args: readonly string[], signal?: NodeJS.Signals) {
  const child = spawn(process.execPath, ['--import', 'tsx', EXAMPLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (part: Buffer) => {
    if (signal && part.includes('hanging')) child.kill(signal);
  });
  const closed = once(child, 'close');
  const [printed, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { printed, errors, exitCode, lastLine: printed.trimEnd().split('\n').at(-1) };
}

test.each([
  ['all checks and bounds hold', 'passes', 'Tests: 4 passed, 0 failed', 0],
  ['some fail, one of them by throwing, and the others still run', 'fails', 'Tests: 1 passed, 5 failed', 1],
  ['a step fails that all later ones need', 'step', 'Tests: 0 passed, 1 failed', 1],
  ['an error is thrown between the checks', 'throws', 'Tests: 1 passed, 1 failed', 1],
  ['all is skipped', 'skips', 'Tests: 0 passed, 0 failed, 1 skipped', 0],
  ['nothing is checked', 'nothing', 'Tests: 0 passed, 0 failed', 1],
])('where %s, the suite ends with its summary and exit code', async (_, way, summary, code) => {
  const { lastLine, exitCode } = await runExample([`--way=${way}`]);
  expect(lastLine).toBe(summary);
  expect(exitCode).toBe(code);
});

test('a suite that is not done at its time limit fails, and its child processes end with it', async () => {
  const { lastLine, exitCode } = await runExample(['--way=hangs', '--limit-ms=300']);
  expect(lastLine).toBe('Tests: 1 passed, 1 failed');
  expect(exitCode).toBe(1);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends a suite with its child processes, as a failure', async (signal) => {
  const { lastLine, exitCode } = await runExample(['--way=hangs'], signal);
  expect(lastLine).toBe('Tests: 1 passed, 1 failed');
  expect(exitCode).toBe(1);
});

test.each([
  ['a wrong value', '--way=usage', /^--speed is 9; it must be a number from 1 to 6\n$/],
  ['an unknown option', '--ways=usage', /^Unknown option '--ways'.*\n$/],
])('%s on the command line is reported in one line', async (_, arg, line) => {
  const { printed, errors, exitCode } = await runExample([arg]);
  expect(errors).toMatch(line);
  expect(printed).toBe('');
  expect(exitCode).toBe(1);
});
