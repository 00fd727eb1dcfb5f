// How much a vend writes to its log: the function's own audit line, for each scope set.

import { createVendFunction } from '../../lambda/vend/vend-function.ts';
import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { Fleet } from '../../testbed/simulator/fleet.ts';
import { NO_FAULTS } from '../../testbed/simulator/network.ts';
import { LATENCIES, LIFETIME_SECONDS, PLATFORM_LOG_BYTES } from './model.ts';
import { SETS, SHARES, TENANT_SCOPES } from './scope-sets.ts';

/** Bytes per call, with Lambda's own lines: the mean over what callers ask for. */
export async function logBytesPerCall(): Promise<number> {
  let bytes = 0;
  const handlers: ReturnType<typeof createVendFunction>['handler'][] = [];
  const fleet = new Fleet({
    seed: 1,
    instances: 1,
    scopes: TENANT_SCOPES,
    lifetimeSeconds: LIFETIME_SECONDS,
    clockSkewMs: 0,
    latencies: LATENCIES,
    faults: NO_FAULTS,
    compose: (settings, world) => {
      const write = (line: string) => {
        if (line.includes('"vended"')) bytes += line.length;
      };
      const composed = createVendFunction(settings, { ...world, write });
      handlers.push(composed.handler);
      return composed;
    },
  });
  let mean = PLATFORM_LOG_BYTES;
  for (const [rank, scopes] of SETS.entries()) {
    bytes = 0;
    const event = tokenRequestEvent(scopes && { scope: scopes.toString() });
    void handlers[0]?.(event, invocationContext());
    await fleet.time.run(fleet.time.elapsedMs + 60_000);
    mean += bytes * (SHARES[rank] ?? 0);
  }
  return Math.round(mean);
}
