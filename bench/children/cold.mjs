// A cold start: from before the code is imported to the first answer. Node's own boot is the same for all, and not in it.
// CPU time is the whole process's, with V8's own threads.

import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { load } from './load.mjs';

const [file = '', scope = ''] = process.argv.slice(2);
const event = tokenRequestEvent({ scope: scope });

const cpuAtStart = process.cpuUsage();
const startedMs = performance.now();
const { handler } = await load(file);
const importCpu = process.cpuUsage(cpuAtStart);
const answer = await handler?.(event, invocationContext('bench'));
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
