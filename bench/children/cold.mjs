// A cold start: from before the code is imported to the first answer. Node's own boot is the same for all, and not in it.

import { context, tokenRequest } from './event.mjs';
import { load } from './load.mjs';

const [file = '', scope = ''] = process.argv.slice(2);
const event = tokenRequest(scope);

const startedMs = performance.now();
const { handler } = await load(file);
const importedMs = performance.now();
const answer = await handler?.(event, context());
const answeredMs = performance.now();

process.send?.({
  importMs: importedMs - startedMs,
  answerMs: answeredMs - startedMs,
  status: answer?.statusCode,
  source: answer?.headers?.['x-token-source'],
});
