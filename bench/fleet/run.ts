// `npm run bench:fleet`: fleets of up to 10,000 instances of the real function, each run whole in the minutes that
// matter, beside what others do. model.ts says what is taken for granted, and runs.ts what is run.
//
//   npm run bench:fleet -- --seed 2         (another seed; the same one gives the same figures)
//   npm run bench:fleet -- --json FILE      (also writes the figures)
//   npm run bench:fleet -- --write-docs     (also renews docs/scaling.md and its plots)

import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from './arithmetic.ts';
import type { Figures } from './figures.ts';
import { logBytesPerCall } from './log-lines.ts';
import { printReport, writeDocs } from './report.ts';
import { type Run, runs } from './runs.ts';
import { callsText } from './texts.ts';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    json: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});
const seed = Number(options.seed);
if (!Number.isSafeInteger(seed)) {
  console.error(`--seed is ${options.seed}; it must be a whole number`);
  process.exit(1);
}

const startedAt = performance.now();
const figures = await runAll(runs(seed));
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  machine: `${availableParallelism()} cores`,
  seed,
  seconds: (performance.now() - startedAt) / 1000,
  logBytesPerCall: await logBytesPerCall(),
  figures,
};
printReport(report);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options['write-docs']) await writeDocs(report);

/** In two processes, in whatever order they get to it. */
async function runAll(all: readonly Run[]): Promise<Figures[]> {
  const rest = [...all.entries()];
  const done: Figures[] = [];
  const work = async () => {
    // Most objects live for one call: with more room for new ones, fewer are copied.
    const execArgv = [...process.execArgv, '--max-semi-space-size=64'];
    const worker = fork(join(import.meta.dirname, 'worker.mjs'), { execArgv });
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [index, run] = next;
      const startedAtMs = performance.now();
      const answer = new Promise<Figures>((resolve, reject) => {
        worker.removeAllListeners().once('message', resolve);
        worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
      });
      worker.send(run);
      done[index] = await answer;
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      process.stderr.write(`${run.group}, ${run.design}, ${callsText(run)}: ${seconds} s\n`);
    }
    worker.removeAllListeners();
    worker.disconnect();
  };
  await Promise.all([work(), work()]);
  return done;
}
