// Suites that end in different ways, for suite.test.ts: `node --import tsx example-suite.ts WAY`.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { startProgram } from '../../testbed/processes/children.ts';
import { runSuite, type Suite, UsageError } from '../../testbed/suite.ts';

const passes = async () => {};
const fails = async () => assert.equal(1, 2);

const WAYS: Readonly<Record<string, (suite: Suite) => Promise<void>>> = {
  async passes(suite) {
    await suite.check('one is one', passes);
    await suite.measure('(a) bounds', async () => [
      { name: 'exactly', measured: 1, bound: { exactly: 1 } },
      { name: 'at most', measured: 2, bound: { max: 2 } },
      { name: 'at least', measured: 3, bound: { min: 3 } },
      { name: 'no bound', measured: 4 },
    ]);
  },
  async fails(suite) {
    await suite.check('one is two', fails);
    await suite.measure('(a) throws', async () => {
      throw new Error('the scenario threw');
    });
    await suite.measure('(b) bounds', async () => [
      { name: 'exactly', measured: 2, bound: { exactly: 1 } },
      { name: 'at most', measured: 2.1, bound: { max: 2 } },
      { name: 'at least', measured: 2.9, bound: { min: 3 } },
    ]);
    await suite.check('one is one', passes);
  },
  async step(suite) {
    await suite.step('one is two', fails);
    await suite.check('never made', passes);
  },
  async throws(suite) {
    await suite.check('one is one', passes);
    throw new Error('between the checks');
  },
  async skips(suite) {
    suite.skip('one is one', 'numbers are not found');
  },
  nothing: async () => {},
  async hangs(suite) {
    await suite.check('one is one', passes);
    startProgram('sleep', ['60'], { stdio: 'inherit' });
    console.log('hanging');
    await setTimeout(60_000);
  },
  async usage() {
    throw new UsageError('--speed is 9; it must be a number from 1 to 6');
  },
};

const options = { way: { type: 'string' }, 'limit-ms': { type: 'string' } } as const;
const limitMs = process.argv.find((arg) => arg.startsWith('--limit-ms='))?.split('=')[1];
await runSuite(
  { options, ...(limitMs !== undefined && { limitMinutes: Number(limitMs) / 60_000 }) },
  async (suite, { way = '' }) => await WAYS[way]?.(suite),
);
