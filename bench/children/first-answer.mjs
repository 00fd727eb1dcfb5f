// An instance's start, its first answer, and later ones. The parent limits this process in between, as Lambda does.

import { once } from 'node:events';
import { load } from './load.mjs';

/** @type {{ file: string, first: object, later: object[] }} */
const { file, first, later } = JSON.parse(String(process.argv[2]));
const context = { awsRequestId: 'first', getRemainingTimeInMillis: () => 25_000 };

const startedMs = performance.now();
const { handler } = await load(file);
process.send?.({ initMs: performance.now() - startedMs });
await once(process, 'message');

const { ms: answerMs, source } = await answer(first);
const laterMs = [];
for (const event of later) laterMs.push((await answer(event)).ms);
process.send?.({ answerMs, laterMs, source });
process.disconnect();

async function answer(/** @type {object} */ event) {
  const invokedMs = performance.now();
  const response = await handler?.(event, context);
  const ms = performance.now() - invokedMs;
  if (response?.statusCode !== 200) throw new Error(`answered ${response?.statusCode}`);
  return { ms, source: response.headers?.['x-token-source'] };
}
