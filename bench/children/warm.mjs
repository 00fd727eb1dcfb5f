// Warm calls: several handlers in one process, called in turn and in changing order, so that whatever the machine does
// affects them alike. An event is parsed anew for each call, as Lambda's runtime does; the time does not include that.

import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { load } from './load.mjs';

/**
 * @typedef {object} Job
 * @property {{ file: string, source: string | null }[]} candidates and where each one's token must come from
 * @property {string[]} scopes named in turn, space-delimited
 * @property {number} warmUpCalls
 * @property {number} calls of each
 */

/** @type {Job} */
const { candidates, scopes, warmUpCalls, calls } = JSON.parse(process.argv[2] ?? '');
const events = scopes.map((scope) => JSON.stringify(tokenRequestEvent({ scope })));

const runners = await Promise.all(
  candidates.map(async ({ file, source }) => {
    const { handler } = await load(file);
    if (!handler) throw new Error(`${file} exports no handler`);
    return { handler, source, timesMs: /** @type {number[]} */ ([]) };
  }),
);

for (let call = 0; call < warmUpCalls + calls; call++) {
  const event = String(events[call % events.length]);
  for (const { handler, source, timesMs } of call % 2 === 0 ? runners : runners.toReversed()) {
    const parsed = JSON.parse(event);
    const startedMs = performance.now();
    const answer = await handler(parsed, invocationContext());
    const tookMs = performance.now() - startedMs;
    if (call < warmUpCalls) continue;
    timesMs.push(tookMs);
    const cameFrom = answer.headers?.['x-token-source'] ?? null;
    if (answer.statusCode !== 200 || cameFrom !== source) {
      throw new Error(`answered ${answer.statusCode} from ${cameFrom}, must be 200 from ${source}`);
    }
  }
}

process.send?.(
  runners.map(({ timesMs }) => {
    timesMs.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => timesMs[Math.floor(share * timesMs.length)];
    return { medianMs: at(0.5), p99Ms: at(0.99) };
  }),
);
