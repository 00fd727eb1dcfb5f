// One instance of the function, in a process of its own, by the run's clock.

import { RunClock } from './clock.mjs';

new RunClock(Number(process.env.CLOCK_ORIGIN_MS), Number(process.env.CLOCK_SPEED)).install();
await import('../chaos/instance.mjs');
