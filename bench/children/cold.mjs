// A cold start: from before the code is imported to the first answer. Node's own boot is the same for all, and is not
// included. CPU time is that of the whole process, with V8's own threads. This file imports nothing that a handler might
// import, because that would be loaded already when the measurement begins.

import { load } from './load.mjs';

const [file = '', event = ''] = process.argv.slice(2);
const context = { awsRequestId: 'cold', getRemainingTimeInMillis: () => 25_000 };

const cpuAtStart = process.cpuUsage();
const startedMs = performance.now();
const { handler } = await load(file);
const importCpu = process.cpuUsage(cpuAtStart);
const answer = await handler?.(JSON.parse(event), context);
const answeredMs = performance.now();
const answerCpu = process.cpuUsage(cpuAtStart);
if (answer && answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);

process.send?.({
  importCpuMs: milliseconds(importCpu),
  answerMs: answeredMs - startedMs,
  answerCpuMs: milliseconds(answerCpu),
  source: answer?.headers?.['x-token-source'],
});

function milliseconds(/** @type {NodeJS.CpuUsage} */ { user, system }) {
  return (user + system) / 1000;
}
