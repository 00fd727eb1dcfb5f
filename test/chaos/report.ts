// The measured figures as tables in docs/guarantees.md.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { boundText, type Figure, numberText, type Scenario } from '../../testbed/figures.ts';
import { markdownTable } from '../../testbed/measured-docs.ts';

export const DOCS = join(import.meta.dirname, '../../docs/guarantees.md');
export const MARKERS = {
  begin: '<!-- measured: begin, written by npm run test:chaos -- --write-docs -->',
  end: '<!-- measured: end -->',
};

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
  /** The same with each process caching for itself. The bounds are not meant for it. */
  readonly ownCache: readonly Scenario[];
}

export function reportOf(runs: readonly Run[], ownCache: readonly Scenario[]): Report {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.versions.node,
    machine: `${availableParallelism()} cores for all processes`,
    runs,
    ownCache,
  };
}

export function reportText({ date, node, machine, runs, ownCache }: Report): string {
  const names = runs[0]?.scenarios.map(({ name }) => name) ?? [];
  const tables = names.map((name) => {
    const ours = runs.map(({ scenarios }) => figuresOf(scenarios, name));
    return `### ${name}\n\n${table(runs, ours, figuresOf(ownCache, name))}\n`;
  });
  return `Measured ${date}, Node.js ${node}, ${machine}.\n\n${tables.join('\n')}`;
}

function table(runs: readonly Run[], ours: readonly (readonly Figure[])[], own: readonly Figure[]): string {
  const rows = (ours[0] ?? []).map((figure) => {
    const cells = [...ours, own].map((figures) => {
      const measured = figures.find(({ name }) => name === figure.name)?.measured;
      return measured === undefined || !Number.isFinite(measured) ? '–' : numberText(measured);
    });
    return [figure.name, boundText(figure), ...cells];
  });
  return markdownTable(['', 'bound', ...runs.map(({ database }) => database), 'each process for itself'], rows);
}

function figuresOf(scenarios: readonly Scenario[], name: string): readonly Figure[] {
  return scenarios.find((scenario) => scenario.name === name)?.figures ?? [];
}
