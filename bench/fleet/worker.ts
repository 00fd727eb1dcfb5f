// Runs one job after the other, as they are sent.

import { figuresOf } from './figures.ts';
import type { Job } from './jobs.ts';

process.on('message', async ({ design, setting }: Job) => {
  process.send?.(await figuresOf(design, setting));
});
