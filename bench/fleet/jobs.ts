// What `npm run bench:fleet` runs: the week with each design, fleets of other sizes, and storms on the most popular item.

import { DESIGNS, type DesignName } from './designs.ts';
import { COMPARED_MS, HOUR, MINUTE, SECOND, type Setting, WEEK } from './model.ts';

export interface Job {
  readonly group: 'week' | 'sizes' | 'storms';
  readonly design: DesignName;
  readonly setting: Setting;
}

export const STORM_AT_MS = 2 * MINUTE;
const COMPARED: readonly DesignName[] = ['ours', 'own', 'shared', 'lease'];

/** The longest first, so that two workers end at about the same time. */
export function jobs(seed: number): Job[] {
  return [...week(seed), ...storms(seed), ...sizes(seed)];
}

function week(seed: number): Job[] {
  const happenings = WEEK.happenings.filter(({ atMs }) => atMs < COMPARED_MS);
  return COMPARED.map((design) => {
    const compared = design === 'ours' ? {} : { durationMs: COMPARED_MS, happenings };
    // Where all is counted from the panel, it is larger.
    const setting = { ...WEEK, seed, ...compared, ...(!DESIGNS[design].sharesTable && { panel: 5 }) };
    return { group: 'week', design, setting };
  });
}

/** Twelve hours in which nothing happens but that instances come and go. */
function sizes(seed: number): Job[] {
  const quiet = { ...WEEK, seed, durationMs: 12 * HOUR, happenings: [], panel: 1 };
  return [1, 10, 100, 1_000].flatMap((instances) =>
    COMPARED.map((design): Job => ({ group: 'sizes', design, setting: { ...quiet, instances } })),
  );
}

/** Only the calls for the most popular scope set, for as long as its first token lasts. */
function storms(seed: number): Job[] {
  const fleets = [
    { instances: 100, callsPerSecond: 1, withinMs: 5 * SECOND },
    { instances: 1_000, callsPerSecond: 1, withinMs: 5 * SECOND },
    { instances: 10_000, callsPerSecond: 1, withinMs: 5 * SECOND },
    { instances: 10_000, callsPerSecond: 10, withinMs: 5 * SECOND },
    { instances: 3_000, callsPerSecond: 10, withinMs: 30 * SECOND },
  ];
  return fleets.map(({ instances, callsPerSecond, withinMs }) => ({
    group: 'storms',
    design: 'ours',
    setting: {
      ...WEEK,
      seed,
      instances,
      callsPerSecond,
      scopeSetsRun: 1,
      durationMs: 3.5 * HOUR,
      panel: 1,
      happenings: [{ atMs: STORM_AT_MS, what: 'deploy', withinMs }],
    },
  }));
}
