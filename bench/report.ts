// What was measured, as a table on the terminal and as the one in docs/performance.md.

import { join } from 'node:path';
import { readAround, writeBetween } from '../testbed/measured-docs.ts';
import { boundText, type Figures, isMet, measuredText, YARDSTICKS } from './yardsticks.ts';

const PAGE = join(import.meta.dirname, '../docs/performance.md');
const MARKERS = { begin: '<!-- bench:start -->', end: '<!-- bench:end -->' };

export interface Run {
  /** The version of Node.js. */
  readonly node: string;
  readonly figures: Figures;
}

export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly runs: readonly Run[];
}

export function printRun({ node, figures }: Run): void {
  console.log(`\nNode.js ${node}`);
  for (const yardstick of YARDSTICKS) {
    const behind = yardstick.behind?.(figures);
    console.log(
      `  ${yardstick.what.padEnd(68)} ${boundText(yardstick).padEnd(22)} ${measuredText(yardstick, figures)}${behind ? ` (${behind})` : ''}`,
    );
  }
}

/** One line: how many yardsticks were met, and which were not. */
export function summary({ runs }: Report): string {
  const all = runs.flatMap((run) => YARDSTICKS.filter(boundText).map((yardstick) => ({ ...run, yardstick })));
  const missed = all.filter(({ yardstick, figures }) => !isMet(yardstick, figures));
  const names = missed.map(({ yardstick, figures, node }) => {
    return `${yardstick.what} (Node.js ${node}): ${measuredText(yardstick, figures)}`;
  });
  return [`${all.length - missed.length} of ${all.length} yardsticks met`, ...names].join('; ');
}

/** Renews the table in docs/performance.md. @throws Error where the page lacks the markers */
export async function writeDocs(report: Report): Promise<void> {
  await writeBetween(PAGE, MARKERS, table(report));
}

/** @throws Error where the table has no place to go, so that it is noticed before the measuring */
export async function assertDocsTakeTable(): Promise<void> {
  await readAround(PAGE, MARKERS);
}

function table({ date, machine, runs }: Report): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const heads = ['what', 'against', 'bound', ...runs.map(({ node }) => `Node.js ${node}`)];
  const rows = YARDSTICKS.map((yardstick) => [
    yardstick.what,
    yardstick.against,
    boundText(yardstick) || '–',
    ...runs.map(({ figures }) => {
      const behind = yardstick.behind?.(figures);
      return `${measuredText(yardstick, figures)}${behind ? ` (${behind})` : ''}`;
    }),
  ]);
  const body = [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
  return `Measured ${date} on ${machine}.\n\n${body}\n`;
}
