// `npm run bench`: how fast and how large the deployed bundle is. Each figure stands beside another one of the same run:
// of a program that does only what any such program has to do, and of one as it is usually written by hand. It measures
// and doesn't test: the table and the last line say which yardsticks were missed.
//
//   npm run bench -- --node PATH      (only with that Node.js; else with the one that runs this, and with 24)
//   npm run bench -- --json FILE      (where the figures are written; else .cache/bench.json)
//   npm run bench -- --write-docs     (also renews bench/results.json and the table in docs/performance.md)

import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureClient } from './client.ts';
import { measureCold } from './cold.ts';
import { DEFAULT_MB, MEMORIES_MB, measureFirstAnswers } from './first-answer.ts';
import { measureMemory } from './memory.ts';
import { nodeVersions, versionOf } from './node-versions.ts';
import { assertDocsTakeTable, printRun, type Report, type Run, summary, writeDocs } from './report.ts';
import { type Setup, setUp } from './setup.ts';
import { measureSizes } from './sizes.ts';
import { measureThroughput } from './throughput.ts';
import { measureWarm } from './warm.ts';

const BUSY = 1;

const { values: options } = parseArgs({
  options: {
    node: { type: 'string' },
    json: { type: 'string', default: join(import.meta.dirname, '../.cache/bench.json') },
    'write-docs': { type: 'boolean', default: false },
  },
});

// The processes that were started are ended on every exit.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

if (options['write-docs']) await assertDocsTakeTable();

// Other work on the machine makes the figures worse.
const [load = 0] = loadavg();
if (load > BUSY) console.log(`The machine is busy (load ${load.toFixed(1)}): the figures will be of little use.`);

const setup = await setUp();
const runs: Run[] = [];
const nodes = options.node === undefined ? nodeVersions() : [options.node];
for (const node of nodes) {
  const run = { node: versionOf(node), figures: await measure(setup, node, node === nodes.at(-1)) };
  printRun(run);
  runs.push(run);
}
await setup.close();

const report: Report = { date: new Date().toISOString().slice(0, 10), machine: machine(), runs };
const json = `${JSON.stringify(report, null, 2)}\n`;
await mkdir(dirname(options.json), { recursive: true });
await writeFile(options.json, json);
if (options['write-docs']) {
  await writeFile(join(import.meta.dirname, 'results.json'), json);
  await writeDocs(report);
}
console.log(`\n${summary(report)}`);

/** One after the other, because measurements side by side would slow each other down. */
async function measure(setup: Setup, node: string, isNewest: boolean): Promise<Run['figures']> {
  return {
    sizes: measureSizes(setup.code.vend),
    cold: await measureCold(setup, node),
    firstAnswers: await measureFirstAnswers(setup, node, isNewest ? MEMORIES_MB : [DEFAULT_MB]),
    warm: await measureWarm(setup, node),
    throughput: await measureThroughput(setup, node),
    memory: await measureMemory(setup, node),
    client: await measureClient(setup, node),
  };
}

function machine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model ?? 'an unknown processor'}, ${availableParallelism()} cores, ${gigabytes} GB, ${type()} ${release()}, load ${load.toFixed(1)} at the start`;
}
