// `npm run bench:fleet`: fleets of up to 10,000 instances of the real TokenVendor over a simulated week, beside what
// others do. model.ts says what is taken for granted.
//
//   npm run bench:fleet -- --seed 2         (another seed; the same one gives the same figures)
//   npm run bench:fleet -- --json FILE      (also writes the figures)
//   npm run bench:fleet -- --write-docs     (also renews docs/scaling.md and its plots)

import { fork } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figures } from './figures.ts';
import { type Job, jobs } from './jobs.ts';
import { printReport, type Report } from './report.ts';

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
const runs = await runAll(jobs(seed));
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  machine: `${availableParallelism()} cores`,
  seed,
  seconds: (performance.now() - startedAt) / 1000,
  runs,
};
printReport(report);
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options['write-docs']) await (await import('./docs.ts')).writeDocs(report);

/** In two processes, in whatever order they get to it. */
async function runAll(all: readonly Job[]): Promise<Report['runs']> {
  const rest = [...all.entries()];
  const done: { job: Job; figures: Figures }[] = [];
  const work = async () => {
    // Most objects live for one call: with more room for new ones, fewer are copied.
    const execArgv = [...process.execArgv, '--max-semi-space-size=64'];
    const worker = fork(join(import.meta.dirname, 'worker.mjs'), { execArgv });
    for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
      const [place, job] = next;
      const answer = new Promise<Figures>((resolve, reject) => {
        worker.removeAllListeners().once('message', resolve);
        worker.once('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
      });
      worker.send(job);
      done[place] = { job, figures: await answer };
      process.stderr.write('.');
    }
    worker.removeAllListeners();
    worker.disconnect();
  };
  await Promise.all([work(), work()]);
  process.stderr.write('\n');
  return done;
}
