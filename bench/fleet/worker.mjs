// Runs one fleet after the other, as they are sent.

import { figuresOf } from './figures.ts';

// Millions of requests fail in outages, and nobody reads where.
Error.stackTraceLimit = 0;

process.on('message', async (/** @type {import('./runs.ts').Run} */ run) => {
  process.send?.(await figuresOf(run));
});
