// `npm run bench`: how fast and how large the deployed bundle is, each figure beside another of the same run: what it costs
// over the least that any such program has to do, and beside what is usually written by hand. A measurement, not a
// test: a yardstick that is missed is said so in the table and in the last line.
//
//   npm run bench -- --node PATH      (only with that Node.js; else with the one that runs this, and with 24)
//   npm run bench -- --json FILE      (where the figures are written; else .cache/bench.json)
//   npm run bench -- --write-docs     (also renews bench/results.json and the table in docs/performance.md)

import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCold } from './cold.ts';
import { measureMemory } from './memory.ts';
import { nodeVersions, versionOf } from './node-versions.ts';
import { assertDocsTakeTable, printRun, type Report, type Run, summary, writeDocs } from './report.ts';
import { measureSizes } from './sizes.ts';
import { type Stage, setStage } from './stage.ts';
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

// The processes that were started are ended on exit, however it comes.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));

if (options['write-docs']) await assertDocsTakeTable();

// What others do on the machine meanwhile gets into the figures.
const [load = 0] = loadavg();
if (load > BUSY) console.log(`The machine is busy (load ${load.toFixed(1)}): the figures will be worth little.`);

const stage = await setStage();
const runs: Run[] = [];
for (const node of options.node === undefined ? nodeVersions() : [options.node]) {
  const run = { node: versionOf(node), figures: await measure(stage, node) };
  printRun(run);
  runs.push(run);
}
await stage.close();

const report: Report = { date: new Date().toISOString().slice(0, 10), machine: machine(), runs };
const json = `${JSON.stringify(report, null, 2)}\n`;
await mkdir(dirname(options.json), { recursive: true });
await writeFile(options.json, json);
if (options['write-docs']) {
  await writeFile(join(import.meta.dirname, 'results.json'), json);
  await writeDocs(report);
}
console.log(`\n${summary(report)}`);

/** One after the other: side by side they would measure each other. */
async function measure(stage: Stage, node: string): Promise<Run['figures']> {
  return {
    sizes: measureSizes(stage.code.vend),
    cold: await measureCold(stage, node),
    warm: await measureWarm(stage, node),
    throughput: await measureThroughput(stage, node),
    memory: await measureMemory(stage, node),
  };
}

function machine(): string {
  const gigabytes = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model ?? 'an unknown processor'}, ${availableParallelism()} cores, ${gigabytes} GB, ${type()} ${release()}, load ${load.toFixed(1)} at the start`;
}
