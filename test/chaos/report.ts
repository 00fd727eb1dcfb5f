// What was measured, as a table on the terminal and as the tables in docs/guarantees.md.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boundText, type Figure, holds, number, type Scenario } from './figures.ts';

const DOCS = join(import.meta.dirname, '../../docs/guarantees.md');
const BEGIN = '<!-- measured: begin, written by npm run test:chaos -- --write-docs -->';
const END = '<!-- measured: end -->';

export interface Run {
  /** The database's name and version. */
  readonly database: string;
  readonly scenarios: readonly Scenario[];
}

export interface Report {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  readonly runs: readonly Run[];
  /** The same with each process caching for itself, which no bound applies to. */
  readonly ownCache: readonly Scenario[];
}

export function printScenario({ name, figures }: Scenario, withBounds = true): void {
  console.log(`\n  ${name}`);
  for (const figure of figures) {
    const sign = !withBounds || figure.bound === undefined ? ' ' : holds(figure) ? '✓' : '✗';
    const bound = withBounds ? boundText(figure) : '';
    console.log(`  ${sign} ${figure.what.padEnd(44)} ${bound.padStart(9)} ${number(figure.measured).padStart(9)}`);
  }
}

export async function writeDocs(report: Report): Promise<void> {
  const text = await readFile(DOCS, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${DOCS} lacks the lines that say where the figures go`);
  await writeFile(DOCS, `${text.slice(0, before + BEGIN.length)}\n\n${measured(report)}\n${text.slice(after)}`);
}

function measured({ date, node, machine, runs, ownCache }: Report): string {
  const names = runs[0]?.scenarios.map(({ name }) => name) ?? [];
  const tables = names.map((name) => {
    const ours = runs.map(({ scenarios }) => figuresOf(scenarios, name));
    return `### ${name}\n\n${table(runs, ours, figuresOf(ownCache, name))}\n`;
  });
  return `Measured ${date}, Node.js ${node}, ${machine}.\n\n${tables.join('\n')}`;
}

function table(runs: readonly Run[], ours: readonly (readonly Figure[])[], own: readonly Figure[]): string {
  const heads = ['', 'bound', ...runs.map(({ database }) => database), 'each process for itself'];
  const rows = (ours[0] ?? []).map((figure) => {
    const same = (figures: readonly Figure[]) => figures.find(({ what }) => what === figure.what);
    const cells = [...ours, own].map((figures) => {
      const measuredThere = same(figures)?.measured;
      return measuredThere === undefined || !Number.isFinite(measuredThere) ? '–' : number(measuredThere);
    });
    return [figure.what, boundText(figure), ...cells];
  });
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function figuresOf(scenarios: readonly Scenario[], name: string): readonly Figure[] {
  return scenarios.find((scenario) => scenario.name === name)?.figures ?? [];
}
