// What `npm run bench:fleet` runs. Each run is one fleet, and a list of scenes that it plays one after the other.

import type { DesignName } from '../../testbed/simulator/designs.ts';
import { HOUR, INSTANCE_LIFE_MS, MINUTE, SECOND } from './model.ts';

export type Event =
  /** Each within this time. */
  | { readonly what: 'start' | 'deploy'; readonly withinMs: number }
  | { readonly what: 'rotation' }
  | { readonly what: 'outage'; readonly of: 'region' | 'server'; readonly isOver: boolean }
  /**
   * Nobody calls for hours. Then calls come back within some time, so that the instances' checks of the credential are
   * spread over it, and shortly after that it is time to renew: the most popular token, or at this part of the lifetime.
   */
  | { readonly what: 'idle hours'; readonly until: 'renewal' | number; readonly backWithinMs: number };

interface Scene {
  /** What is counted goes under this name. Left out: it is not counted. */
  readonly name?: string;
  readonly event?: Event;
  readonly durationMs: number;
}

export interface Run {
  readonly group: 'quiet' | 'storms' | 'outages';
  readonly design: DesignName;
  readonly seed: number;
  readonly instances: number;
  /** To each instance. */
  readonly callsPerSecond: number;
  /** @default instances live on until they are replaced by a deploy */
  readonly instanceLifeMs?: number;
  readonly scenes: readonly Scene[];
}

/** After calls have come back, until it is time to renew. */
export const BEFORE_RENEWAL_MS = 2 * SECOND;
export const OUTAGE_INSTANCES = 300;
const ALL: readonly DesignName[] = ['ours', 'own', 'shared', 'lease'];
const WITH_TABLE: readonly DesignName[] = ['ours', 'shared', 'lease'];
/** In this design, instances read a renewed token each at its own time, over 72 s. The seconds are all alike. */
const RENEWAL_MS = 15 * SECOND;

/** The longest first, so that two workers end at about the same time. */
export function runs(seed: number): Run[] {
  const busy = { callsPerSecond: 10, watchedMs: SECOND, backWithinMs: 5 * SECOND, renewalMs: 3 * SECOND };
  return [
    quiet(seed, 'ours', 50),
    ...ALL.map((design) => storm(seed, design, { instances: 10_000 })),
    storm(seed, 'ours', { instances: 10_000, ...busy, withoutRotation: true }),
    storm(seed, 'ours', { instances: 3_000, ...busy, deployWithinMs: 30 * SECOND, withoutRotation: true }),
    ...WITH_TABLE.map((design) => serverOutage(seed, design, OUTAGE_INSTANCES)),
    ...[1_000, 100].flatMap((instances) => WITH_TABLE.map((design) => storm(seed, design, { instances }))),
    ...ALL.map((design) => quiet(seed, design, 10)),
    ...ALL.map((design) => quiet(seed, design, 1)),
  ];
}

/** A lifetime in which instances only come and go; then the region's outage, and for design (a) also the server's. */
function quiet(seed: number, design: DesignName, instances: number): Run {
  const region = { what: 'outage', of: 'region' } as const;
  return {
    group: 'quiet',
    design,
    seed,
    instances,
    callsPerSecond: 1,
    instanceLifeMs: INSTANCE_LIFE_MS,
    scenes: [
      { event: { what: 'start', withinMs: MINUTE }, durationMs: HOUR },
      { name: 'quiet', durationMs: 4 * HOUR },
      { name: 'region away', event: { ...region, isOver: false }, durationMs: 10 * MINUTE },
      { name: 'region back', event: { ...region, isOver: true }, durationMs: MINUTE },
      ...(design === 'own' ? serverAway() : []),
    ],
  };
}

interface Storm {
  readonly instances: number;
  readonly callsPerSecond?: number;
  readonly deployWithinMs?: number;
  /** How long the fleet is watched after all instances were started. */
  readonly watchedMs?: number;
  readonly backWithinMs?: number;
  readonly renewalMs?: number;
  readonly withoutRotation?: boolean;
}

function storm(seed: number, design: DesignName, options: Storm): Run {
  const { instances, callsPerSecond = 1, deployWithinMs = 5 * SECOND, watchedMs = 5 * SECOND } = options;
  const { backWithinMs = 20 * SECOND, renewalMs = RENEWAL_MS, withoutRotation = false } = options;
  const renewal: Scene[] = [
    { event: { what: 'idle hours', until: 'renewal', backWithinMs }, durationMs: backWithinMs },
    { name: 'renewal', durationMs: BEFORE_RENEWAL_MS + renewalMs },
  ];
  const rotation: Scene = { name: 'rotation', event: { what: 'rotation' }, durationMs: 10 * SECOND };
  return {
    group: 'storms',
    design,
    seed,
    instances,
    callsPerSecond,
    scenes: [
      { name: 'start', event: { what: 'start', withinMs: 5 * SECOND }, durationMs: 5 * SECOND + watchedMs },
      { name: 'deploy', event: { what: 'deploy', withinMs: deployWithinMs }, durationMs: deployWithinMs + watchedMs },
      ...(design === 'own' ? [] : renewal),
      ...(design === 'own' || withoutRotation ? [] : [rotation]),
    ],
  };
}

/** The server's outage falls into the time in which most tokens are to be renewed. */
function serverOutage(seed: number, design: DesignName, instances: number): Run {
  const until = design === 'ours' ? 0.77 : 0.997;
  return {
    group: 'outages',
    design,
    seed,
    instances,
    callsPerSecond: 1,
    scenes: [
      { event: { what: 'start', withinMs: MINUTE }, durationMs: 2 * MINUTE },
      { event: { what: 'idle hours', until, backWithinMs: MINUTE }, durationMs: MINUTE },
      ...serverAway(),
    ],
  };
}

function serverAway(): Scene[] {
  const server = { what: 'outage', of: 'server' } as const;
  return [
    { name: 'server away', event: { ...server, isOver: false }, durationMs: 10 * MINUTE },
    { name: 'server back', event: { ...server, isOver: true }, durationMs: MINUTE },
  ];
}
