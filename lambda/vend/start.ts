// Starts the vend function. Lambda waits for it before the first request.

import { INIT_LIMIT_MS } from '../time-limits.ts';
import type { Settings } from './settings.ts';
import { createVendFunction, type VendFunction, type VendWorld } from './vend-function.ts';

/**
 * Returns after a second at the latest. If not everything could be read by then, or a read reported a failure, what was
 * read is forgotten: the first request reads it all again, and reports what fails. Nothing is printed before.
 */
export async function startVendFunction(settings: Settings, world: VendWorld): Promise<VendFunction> {
  let isStarted = false;
  let hasReported = false;
  const write = (line: string) => {
    if (isStarted) world.write(line);
    else hasReported = true;
  };
  const started = createVendFunction(settings, { ...world, write });
  const warmingUp = started.warmUp().catch(() => false);
  const isWarm = await world.clock.waitAtMost(INIT_LIMIT_MS, warmingUp);
  if (!isWarm || hasReported) return createVendFunction(settings, world);
  isStarted = true;
  return started;
}
