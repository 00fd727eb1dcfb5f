// What was counted, as tables: for the terminal and for docs/scaling.md.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable, writeBetween } from '../../testbed/measured-docs.ts';
import { DESIGNS, type DesignName } from '../../testbed/simulator/designs.ts';
import { Arithmetic, type Report, SIZES, total } from './arithmetic.ts';
import { designTable, LARGEST } from './design-table.ts';
import type { Figures } from './figures.ts';
import { MINUTE, SECOND } from './model.ts';
import { plots } from './plots.ts';
import { callsText, maybe, money, percent, whole } from './texts.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const MARKERS = {
  begin: '<!-- measured: begin, written by npm run bench:fleet -- --write-docs -->',
  end: '<!-- measured: end -->',
};
const DESIGN_NAMES = Object.keys(DESIGNS) as DesignName[];

export function printReport(report: Report): void {
  console.log(summary(report));
  for (const { title, text } of tables(report)) console.log(`\n${title}\n\n${text}`);
}

/** Renews docs/scaling.md: the tables between its markers, and the plots beside it. */
export async function writeDocs(report: Report): Promise<void> {
  const parts = tables(report).map(({ title, text }) => `### ${title}\n\n${text}`);
  await writeBetween(join(DOCS, 'scaling.md'), MARKERS, [summary(report), ...parts].join('\n\n'));
  await mkdir(join(DOCS, 'scaling'), { recursive: true });
  for (const [file, svg] of Object.entries(plots(report))) await writeFile(join(DOCS, 'scaling', file), svg);
}

function summary({ date, node, machine, seed, seconds, figures }: Report): string {
  const calls = figures.reduce((sum, { callsRun }) => sum + callsRun, 0);
  return `Simulated ${date}, Node.js ${node}, ${machine}, seed ${seed}: ${whole(calls)} calls of \`vend\`, in ${seconds.toFixed(0)} s.`;
}

/** Markdown. */
function tables(report: Report): { readonly title: string; readonly text: string }[] {
  const arithmetic = new Arithmetic(report);
  return [
    { title: 'The designs, 10,000 instances', text: designTable(arithmetic) },
    { title: 'This design, by the kind of time', text: scenes(arithmetic) },
    { title: 'Fleets of other sizes', text: sizes(arithmetic) },
    { title: 'Storms on the most popular item', text: storms(report) },
  ];
}

function scenes(arithmetic: Arithmetic): string {
  const heads = ['', 'instances', 'minutes', 'calls', 'from memory', 'mints', 'failed calls', 'slower than 0.1 s'];
  const peaks = ['table, read units/s', 'hottest item, read units/s', 'secret, calls/s', 'server, requests/s'];
  const fleets = [
    arithmetic.find('quiet', 'ours'),
    arithmetic.find('storms', 'ours', LARGEST),
    arithmetic.find('outages', 'ours'),
  ];
  const rows = fleets.flatMap(({ run, scenes: played }) =>
    Object.entries(played).map(([scene, counts]) => [
      scene,
      whole(run.instances),
      (counts.durationMs / MINUTE).toFixed(1),
      whole(counts.calls),
      percent(counts.memory / counts.calls),
      whole(counts.mints),
      whole(counts.failed),
      whole(counts.slow),
      ...(['read', 'itemRead', 'secret', 'mints'] as const).map((what) => maybe(counts.peaks[what])),
    ]),
  );
  return markdownTable([...heads, ...peaks.map((what) => `${what}, at most`)], rows);
}

function sizes(arithmetic: Arithmetic): string {
  const mints = DESIGN_NAMES.map((design) => [
    `mints a day, ${DESIGNS[design].name}`,
    ...SIZES.map((size) => whole(arithmetic.mintsPerDay(design, size))),
  ]);
  const cost = (size: number) => arithmetic.cost('ours', size);
  const rows: [what: string, cell: (size: number) => string][] = [
    ['table, read units a second, mean', (size) => money(arithmetic.perSecond('ours', 'tableReadUnits', size))],
    [
      "credential's item, read units a second, mean",
      (size) => money(arithmetic.perSecond('ours', 'credentialReadUnits', size)),
    ],
    ['Secrets Manager calls a second, mean', (size) => money(arithmetic.perSecond('ours', 'secretCalls', size))],
    ['USD a month: table', (size) => money(cost(size).table)],
    ['USD a month: Secrets Manager calls', (size) => money(cost(size).secret)],
    ['USD a month: function', (size) => money(cost(size)['function requests'] + cost(size)['function time'])],
    [
      `USD a month: log, ${whole(arithmetic.report.logBytesPerCall.printed)} bytes a call`,
      (size) => money(cost(size).logs),
    ],
    [
      `the same, if each line had both lists of scopes: ${whole(arithmetic.report.logBytesPerCall.withBothLists)} bytes`,
      (size) => money(arithmetic.logCost('ours', size, 'withBothLists')),
    ],
    ['USD a month: traces', (size) => money(cost(size).traces)],
    ['USD a month', (size) => money(total(cost(size)))],
  ];
  return markdownTable(
    ['instances, each with 1 call a second', ...SIZES.map(whole)],
    [...mints, ...rows.map(([what, cell]) => [what, ...SIZES.map(cell)])],
  );
}

function storms({ figures }: Report): string {
  const heads = [
    '',
    'item, read units/s asked for, at most',
    'throttled requests',
    'mints',
    'calls slower than 0.1 s',
    'failed calls',
  ];
  const rows = figures
    .filter(({ run }) => run.group === 'storms' && run.design === 'ours')
    .sort(
      ({ run: one }, { run: other }) => one.callsPerSecond - other.callsPerSecond || one.instances - other.instances,
    )
    .flatMap((fleet) =>
      ['deploy', 'renewal'].map((scene) => {
        const counts = fleet.scenes[scene];
        const what = scene === 'deploy' ? `deploy within ${deployMs(fleet) / SECOND} s` : 'renewal';
        return [
          `${callsText(fleet.run)}: ${what}`,
          maybe(counts?.peaks.itemRead),
          whole(counts?.throttled ?? 0),
          whole(counts?.mints ?? 0),
          whole(counts?.slow ?? 0),
          whole(counts?.failed ?? 0),
        ];
      }),
    );
  return markdownTable(heads, rows);
}

function deployMs({ run }: Figures): number {
  return Math.max(...run.scenes.map(({ event }) => (event?.what === 'deploy' ? event.withinMs : 0)));
}
