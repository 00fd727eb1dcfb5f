// docs/operating.md has the tables of the catalogs.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { METRICS } from '../../operating/metrics.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');

/** The cells of the rows of the table under a heading, without its head. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = PAGE.split(`\n## ${heading}\n`);
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
