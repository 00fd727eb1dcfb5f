// The rows of the table of alarms in docs/operating.md.

import { ALARMS, type Alarm, type AlarmName, runbookAnchor } from '../../operating/alarms.ts';

/** The cells of an alarm's row. */
export function alarmRow(name: AlarmName): string[] {
  const alarm: Alarm = ALARMS[name];
  return [`[\`${name}\`](runbook.md#${runbookAnchor(name)})`, subjectOf(alarm), alarm.means, condition(alarm)];
}

function subjectOf({ of, only }: Alarm): string {
  return of.toLowerCase() + (only === undefined ? '' : ` with ${only === 'canary' ? 'a ' : ''}${only}`);
}

function condition({ on, atLeast, below, periods, only }: Alarm): string {
  const [toAlarm, evaluated] = periods;
  const metrics = on.metrics.map(({ name }) => `\`${name}\``);
  const watched = metrics.length === 1 ? `${metrics[0]}` : 'an answer 5xx, an error or a throttle, and no `Vended`';
  const threshold = below === undefined ? `at least ${atLeast}` : 'all 0';
  const range = toAlarm === evaluated ? `in each of ${evaluated}` : `in ${toAlarm} of ${evaluated}`;
  return `${watched}: ${threshold} ${range} ${only === 'canary' ? 'runs' : 'minutes'}`;
}
