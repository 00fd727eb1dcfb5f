// Vends a token for each of many scope sets, all different, and reports how much memory the process holds after the
// first and after the last; with --expose-gc, after a garbage collection.

import { setTimeout } from 'node:timers/promises';
import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { load } from './load.mjs';
import { scopeSets } from './scope-sets.mjs';

/** Lambda gives an instance one request at a time; several at once only save time here. */
const AT_ONCE = 8;

const [file = '', sets = '', mustBeFrom] = process.argv.slice(2);
const { handler } = await load(file);
const waiting = scopeSets(JSON.parse(sets));

await vend(String(waiting.next().value));
const first = await held();
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    for (const scope of waiting) await vend(scope);
  }),
);
process.send?.({ first, last: await held() });

async function vend(/** @type {string} */ scope) {
  const answer = await handler?.(tokenRequestEvent({ scope }), invocationContext());
  const source = answer?.headers?.['x-token-source'];
  if (answer?.statusCode !== 200 || source !== mustBeFrom) {
    throw new Error(`answered ${answer?.statusCode} from ${source}, must be 200 from ${mustBeFrom}`);
  }
}

async function held() {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await setTimeout(50); // V8 gives pages back on threads of its own
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { residentBytes: rss, liveBytes: heapUsed };
}
