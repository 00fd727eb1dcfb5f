// The entry point of the canary in Lambda. It reads the environment.

import { TokenClient } from '../../client/index.ts';
import { systemClock } from '../clock.ts';
import { VEND_TIMEOUT_MS } from '../time-limits.ts';
import { createCanary } from './canary.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env);

export const handler = createCanary(settings, {
  createClient: () => new TokenClient({ url: settings.tokenEndpoint, timeoutMs: VEND_TIMEOUT_MS }),
  fetch,
  clock: systemClock,
  write: (line) => process.stdout.write(line),
});
