// How much a vend writes to its log: the function's own audit line, for each scope set.

import { Scopes } from '../../lambda/oauth/scopes.ts';
import { createVendFunction } from '../../lambda/vend/vend-function.ts';
import { invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';
import { Fleet } from '../../testbed/simulator/fleet.ts';
import { NO_FAULTS } from '../../testbed/simulator/network.ts';
import { LATENCIES, LIFETIME_SECONDS, PLATFORM_LOG_BYTES } from './model.ts';
import { SETS, SHARES, TENANT_SCOPES } from './scope-sets.ts';

/** Bytes per call, with Lambda's own lines: the mean over what callers ask for. */
export interface LogBytes {
  readonly printed: number;
  /** What it would be if each line had both lists of scopes, the requested and the given ones. */
  readonly withBothLists: number;
}

export async function logBytesPerCall(): Promise<LogBytes> {
  let line = '';
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
      const write = (text: string) => {
        if (text.includes('"vended"')) line = text;
      };
      const composed = createVendFunction(settings, { ...world, write });
      handlers.push(composed.handler);
      return composed;
    },
  });
  const mean = { printed: PLATFORM_LOG_BYTES, withBothLists: PLATFORM_LOG_BYTES };
  for (const [rank, scopes] of SETS.entries()) {
    // The first line of a token may be longer. Nearly all lines are later ones.
    for (let call = 0; call < 2; call++) {
      void handlers[0]?.(tokenRequestEvent(scopes && { scope: scopes.toString() }), invocationContext());
      await fleet.time.run(fleet.time.elapsedMs + 60_000);
    }
    const share = SHARES[rank] ?? 0;
    mean.printed += line.length * share;
    mean.withBothLists += withBothLists(line).length * share;
  }
  return { printed: Math.round(mean.printed), withBothLists: Math.round(mean.withBothLists) };
}

function withBothLists(line: string): string {
  const { scopes_given_sha256_prefix: _, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const scopes_given = fields.scopes_asked ?? Scopes.of(TENANT_SCOPES).toString();
  return `${JSON.stringify({ ...fields, scopes_given })}\n`;
}
