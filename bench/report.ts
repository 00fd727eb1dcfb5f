// What was measured, as a table on the terminal and as the one in README.md.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundText, type Figures, isMet, measuredText, YARDSTICKS } from './yardsticks.ts';

const README = join(import.meta.dirname, '../README.md');
const START = '<!-- bench:start -->';
const END = '<!-- bench:end -->';

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

/** Puts the table between the two marks in README.md. @throws where they are missing */
export async function writeDocs(report: Report): Promise<void> {
  const { before, after } = await readDocs();
  await writeFile(README, `${before}\n${table(report)}\n${after}`);
}

/** README.md up to the table, and from its end on. @throws where the marks are missing */
export async function readDocs(): Promise<{ readonly before: string; readonly after: string }> {
  const text = await readFile(README, 'utf8');
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start < 0 || end < start) {
    throw new Error(`README.md lacks the marks ${START} and ${END}, between which the table goes`);
  }
  return { before: text.slice(0, start + START.length), after: text.slice(end) };
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
