// Runs one fleet and gives its figures as plain data: what a worker hands over, what is printed, plotted and written to
// the docs.

import { DESIGNS, MARGIN_MS } from '../../testbed/simulator/designs.ts';
import { Fleet } from '../../testbed/simulator/fleet.ts';
import { NO_FAULTS } from '../../testbed/simulator/network.ts';
import { Traffic } from '../../testbed/simulator/traffic.ts';
import { ITEM_LIMIT, LATENCIES, LIFETIME_SECONDS, SECOND } from './model.ts';
import { BEFORE_RENEWAL_MS, type Event, type Run } from './runs.ts';
import { drawSet, TENANT_SCOPES } from './scope-sets.ts';
import { type Counts, type PeakOf, Tally } from './tally.ts';

export interface Figures {
  readonly run: Run;
  /** By scene. */
  readonly scenes: Readonly<Record<string, Counts & { readonly peaks: Readonly<Partial<Record<PeakOf, number>>> }>>;
  /** Of all calls, also those that are not counted. */
  readonly callsRun: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  /** Read units asked of the most popular token's item in a deploy, [tenth of a second since it began, units]. */
  readonly mostPopular: readonly (readonly [number, number])[];
}

export async function figuresOf(run: Run): Promise<Figures> {
  const fleet = new Fleet({
    seed: run.seed,
    instances: 0,
    scopes: TENANT_SCOPES,
    lifetimeSeconds: LIFETIME_SECONDS,
    clockSkewMs: 0,
    latencies: LATENCIES,
    faults: NO_FAULTS,
    itemCapacity: ITEM_LIMIT,
    ...DESIGNS[run.design],
  });
  const { callsPerSecond, instanceLifeMs } = run;
  const scopesOfCall = () => drawSet(fleet.chance.random());
  const traffic = new Traffic(fleet, { callsPerSecond, instanceLifeMs, scopesOfCall });
  const tally = new Tally(fleet);
  let callsRun = 0;
  fleet.observers.push({ callEnded: () => callsRun++ });
  for (const { name, event, durationMs } of run.scenes) {
    tally.scene = undefined;
    if (event) await happen(event, run, fleet, traffic);
    tally.begin(name, durationMs);
    await fleet.time.run(fleet.time.elapsedMs + durationMs);
  }
  const scenes = [...tally.counts].map(([name, counts]) => [name, { ...counts, peaks: tally.peaks.get(name) ?? {} }]);
  return {
    run,
    scenes: Object.fromEntries(scenes),
    callsRun,
    latencyMs: { p50: tally.latencyMs(0.5), p99: tally.latencyMs(0.99), p999: tally.latencyMs(0.999) },
    mostPopular: [...tally.mostPopular],
  };
}

async function happen(event: Event, run: Run, fleet: Fleet, traffic: Traffic): Promise<void> {
  switch (event.what) {
    case 'start':
      traffic.startInstances(run.instances, event.withinMs);
      break;
    case 'deploy':
      traffic.deploy(event.withinMs);
      break;
    case 'rotation':
      fleet.replaceSecret();
      break;
    case 'outage':
      if (event.of === 'region') fleet.regionIsAway = !event.isOver;
      else fleet.serverIsDown = !event.isOver;
      break;
    case 'idle hours': {
      const untilMs = event.until === 'renewal' ? renewalMs(fleet) : event.until * LIFETIME_SECONDS * SECOND;
      traffic.stop();
      await fleet.time.run(untilMs - event.backWithinMs - BEFORE_RENEWAL_MS);
      traffic.resume(event.backWithinMs);
    }
  }
}

/** When the most popular token is to be renewed, in milliseconds since the start. */
function renewalMs(fleet: Fleet): number {
  const token = fleet.tokenInTable(undefined);
  if (token === undefined) throw new Error('nobody has minted the most popular token');
  return Math.min(token.renewAtMs, token.expiresAtMs - MARGIN_MS) - fleet.time.nowMs() + fleet.time.elapsedMs;
}
