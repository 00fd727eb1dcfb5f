// The table of what each fault did. It is printed from the runs that assert it.

import type { AlarmName } from '../../operating/alarms.ts';
import { markdownTable } from '../../testbed/measured-docs.ts';

export interface Effect {
  readonly fault: string;
  /** The metrics that were something else than 0 for the first time, or 0 (`Vended 0`). */
  readonly moved: readonly string[];
  /** The alarms that it was to set off. The times are NaN where one did not go on. */
  readonly fired: readonly {
    readonly name: AlarmName;
    readonly afterMs: number;
    readonly afterFirstTroubleMs: number;
  }[];
  /** The alarms that it was not to set off. */
  readonly others: readonly string[];
}

const HEADS = [
  'fault',
  'metrics that moved',
  'alarms that fired',
  'seconds since the fault began',
  'seconds since a metric first showed it',
  'what else fired',
];

export function tableOf(effects: readonly Effect[]): string {
  return `\n${markdownTable(HEADS, effects.map(rowOf))}\n`;
}

function rowOf({ fault, moved, fired, others }: Effect): string[] {
  const hasFired = fired.filter(({ afterMs }) => afterMs >= 0);
  const cells = [
    moved,
    hasFired.map(({ name }) => name),
    hasFired.map(({ afterMs }) => seconds(afterMs)),
    hasFired.map(({ afterFirstTroubleMs }) => seconds(afterFirstTroubleMs)),
    [...new Set(others)],
  ];
  return [fault, ...cells.map((cell) => cell.join(', ') || 'nothing')];
}

const seconds = (ms: number) => String(Math.round(ms / 1000));
