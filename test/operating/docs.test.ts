// docs/operating.md has the tables of the catalogs, and docs/runbook.md has a heading for each alarm.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ALARMS, type AlarmName, DEFAULT_THRESHOLDS, runbookAnchor } from '../../operating/alarms.ts';
import { METRICS } from '../../operating/metrics.ts';
import { alarmRow } from './alarm-rows.ts';

const read = (page: string) => readFileSync(join(import.meta.dirname, '../../docs', page), 'utf8');
const PAGE = read('operating.md');
const RUNBOOK = read('runbook.md');

/** The anchor of the heading that a section begins with. */
function anchorOf(section: string): string {
  return (section.split('\n')[0] ?? '').toLowerCase().replaceAll(' ', '-');
}

/** The cells of the rows of the table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = PAGE.split(new RegExp(`\\n###? ${heading}\\n`));
  const [, ...rows] = (/(?:^\|.*\n)+/m.exec(section)?.[0] ?? '').trim().split('\n').toSpliced(1, 1);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('each metric is in the table, with its unit, dimensions and meaning, and with what is normal and what to do', () => {
  const rows = rowsUnder('Metrics');
  const expected = Object.entries(METRICS).map(([name, { unit, dimensions, meaning }]) => {
    const [own, bySource] = dimensions.map((set) => set.map((dimension) => `\`${dimension}\``).join(', '));
    return [`\`${name}\``, unit, `${own}${bySource === undefined ? '' : '; also by `Source`'}`, meaning];
  });
  expect(rows.map((row) => row.slice(0, 4))).toEqual(expected);
  for (const row of rows) expect(row.slice(4).every((cell) => cell.length > 0)).toBe(true);
});

const ALARM_NAMES = Object.keys(ALARMS) as AlarmName[];

test('each alarm is in the table, with what it means and when it goes on', () => {
  expect(rowsUnder('Alarms')).toEqual(ALARM_NAMES.map(alarmRow));
});

test('each threshold is in the table, with its default and the arithmetic behind it', () => {
  const rows = rowsUnder('Thresholds');
  expect(rows.map(([setting, value]) => [setting, value])).toEqual(
    Object.entries(DEFAULT_THRESHOLDS).map(([setting, value]) => [`\`${setting}\``, String(value)]),
  );
  for (const [, , why = ''] of rows) expect(why).toMatch(/\d|two|twice|third/);
});

test.each(ALARM_NAMES)(
  'the runbook has symptom, check and fix for %s, under the heading that its description names',
  (name) => {
    const section = RUNBOOK.split(/^#+ /m).find((text) => anchorOf(text) === runbookAnchor(name)) ?? '';
    for (const part of ['Symptom', 'Check', 'Fix']) expect(section).toContain(`- **${part}`);
  },
);

test.each([
  ['operating.md', PAGE],
  ['runbook.md', RUNBOOK],
])('each command within a sentence of %s stands on one line, so that it can be pasted from the file', (_, page) => {
  const commands = page.replaceAll(/^```[\s\S]*?^```/gm, '').match(/`aws [^`]+`/g) ?? [];
  expect(commands).not.toEqual([]);
  expect(commands.filter((command) => command.includes('\n'))).toEqual([]);
});
