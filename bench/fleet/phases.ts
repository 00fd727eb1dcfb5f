// How many instances are run call by call, and when: see model.ts.

import type { Design } from './designs.ts';
import { MINUTE, SECOND, type Setting } from './model.ts';

/** The fleet's first start. */
export const START_WITHIN_MS = 5 * SECOND;
/** After the last instance was started. */
const STORM_TAIL_MS = 2 * SECOND;

interface Phase {
  readonly fromMs: number;
  readonly toMs: number;
  readonly running: number;
}

export function phasesOf({ instances, panel, crowd, durationMs, happenings }: Setting, design: Design): Phase[] {
  const phases: Phase[] = [
    { fromMs: 0, toMs: durationMs, running: Math.min(panel, instances) },
    { fromMs: 0, toMs: START_WITHIN_MS + STORM_TAIL_MS, running: instances },
  ];
  const some = Math.min(crowd, instances);
  for (const happening of happenings) {
    const fromMs = happening.atMs;
    if (happening.what === 'deploy') {
      phases.push({ fromMs, toMs: fromMs + happening.withinMs + STORM_TAIL_MS, running: instances });
    } else if (!design.sharesTable) {
      // Each is on its own, and the panel speaks for all.
    } else if (happening.what === 'rotation') {
      phases.push({ fromMs, toMs: fromMs + 4 * SECOND, running: instances });
      phases.push({ fromMs, toMs: fromMs + 75 * SECOND, running: some });
    } else {
      const endMs = fromMs + happening.durationMs;
      phases.push({ fromMs, toMs: endMs + MINUTE, running: some });
      phases.push({ fromMs: endMs, toMs: endMs + 2 * SECOND, running: instances });
    }
  }
  return phases;
}

export function runningAt(phases: readonly Phase[], atMs: number): number {
  return Math.max(
    ...phases.filter(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs).map(({ running }) => running),
    0,
  );
}

/** The kinds of time, from their beginnings on. */
export function stretchesOf({ happenings }: Setting): { readonly atMs: number; readonly name: string }[] {
  const special = happenings.flatMap((happening): { atMs: number; name: string; durationMs: number }[] => {
    const { atMs } = happening;
    if (happening.what === 'deploy') return [{ atMs, name: 'deploy', durationMs: MINUTE }];
    if (happening.what === 'rotation') return [{ atMs, name: 'rotation', durationMs: 2 * MINUTE }];
    const { durationMs, of } = happening;
    return [
      { atMs, name: `${of} away`, durationMs },
      { atMs: atMs + durationMs, name: `${of} back`, durationMs: MINUTE },
    ];
  });
  const all = [{ atMs: 0, name: 'start', durationMs: MINUTE }, ...special];
  const ends = all.map(({ atMs, durationMs }) => atMs + durationMs);
  const quiet = ends.filter((end) => all.every(({ atMs }) => atMs !== end)).map((atMs) => ({ atMs, name: 'quiet' }));
  return [...all, ...quiet].sort((one, other) => one.atMs - other.atMs);
}
