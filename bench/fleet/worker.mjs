// Runs one job after the other, as they are sent.

import { figuresOf } from './figures.ts';

// Millions of requests fail in outages; nobody looks at where.
Error.stackTraceLimit = 0;

process.on('message', async (/** @type {import('./jobs.ts').Job} */ { design, setting }) => {
  process.send?.(await figuresOf(design, setting));
});
