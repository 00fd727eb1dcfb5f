// What was measured, as a table on the terminal and as the one in docs/performance.md.

import { join } from 'node:path';
import { markdownTable, readAround, writeBetween } from '../testbed/measured-docs.ts';
import { PRICES, SECOND } from './fleet/model.ts';
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
  const body = markdownTable(heads, rows);
  return `Measured ${date} on ${machine}.\n\n${body}\n${memoryTable(runs)}`;
}

/** What more memory brings and costs, on the newest Node.js. */
function memoryTable(runs: readonly Run[]): string {
  const { node, figures } = runs.at(-1) ?? {};
  const { firstAnswers } = figures ?? {};
  if (firstAnswers === undefined) return '';
  const heads = [
    `\`memoryMb\`, Node.js ${node}`,
    'INIT',
    'first answer: from memory',
    'from the table',
    'by minting',
    'later answers from the table',
    'a million answers from memory',
    'a million from the table',
  ];
  const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
  // Lambda bills whole milliseconds.
  const usd = (answerMs: number, memoryMb: number) =>
    `${(Math.max(1, Math.ceil(answerMs)) * (memoryMb / 1024) * (1e6 / SECOND) * PRICES.functionGbSeconds).toFixed(4)} USD`;
  const rows = Object.entries(firstAnswers).map(([memory, { vend, vendTable, vendFirstMint }]) => {
    const [memoryMb, times] = [Number(memory), [vendTable.initMs, vend.answerMs, vendTable.answerMs]];
    return [
      memory,
      ...[...times, vendFirstMint.answerMs, vendTable.laterMs].map(ms),
      ...[usd(0, memoryMb), usd(vendTable.laterMs, memoryMb)],
    ];
  });
  return `\n${markdownTable(heads, rows)}\n`;
}
