// What was counted, as tables: for the terminal and for docs/scaling.md.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markdownTable, writeBetween } from '../../testbed/measured-docs.ts';
import { DESIGNS, type DesignName } from '../../testbed/simulator/designs.ts';
import { Arithmetic, type Cost, type Report, SIZES, total } from './arithmetic.ts';
import type { Figures } from './figures.ts';
import { ITEM_LIMIT, MINUTE, PRICES, SECOND, SECRET_LIMIT, TABLE_LIMIT } from './model.ts';
import { plots } from './plots.ts';
import { OUTAGE_INSTANCES } from './runs.ts';
import type { PeakOf } from './tally.ts';
import { callsText, maybe, money, percent, whole } from './texts.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const MARKERS = {
  begin: '<!-- measured: begin, written by npm run bench:fleet -- --write-docs -->',
  end: '<!-- measured: end -->',
};
const LARGEST = 10_000;
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
    { title: 'The designs, 10,000 instances', text: designs(arithmetic) },
    { title: 'This design, by the kind of time', text: scenes(arithmetic) },
    { title: 'Fleets of other sizes', text: sizes(arithmetic) },
    { title: 'Storms on the most popular item', text: storms(report) },
  ];
}

function designs(arithmetic: Arithmetic): string {
  const quiet = (design: DesignName) => arithmetic.find('quiet', design);
  const peak = (what: PeakOf) => (design: DesignName) => {
    const { scenes } = arithmetic.find('storms', design, LARGEST);
    return maybe(Math.max(...Object.values(scenes).map(({ peaks }) => peaks[what] ?? 0)));
  };
  const perSecond = (count: 'tableReadUnits' | 'secretCalls') => (design: DesignName) =>
    money(arithmetic.perSecond(design, count, LARGEST));
  const withoutTable = (design: DesignName) => {
    const { run, scenes } = quiet(design);
    return ((scenes['region away']?.mints ?? 0) * LARGEST) / run.instances;
  };
  const serverOutage = (design: DesignName) => (design === 'own' ? quiet(design) : arithmetic.find('outages', design));
  const cost = (part: keyof Cost) => (design: DesignName) => whole(arithmetic.cost(design, LARGEST)[part]);
  const latency = (quantile: 'p50' | 'p99' | 'p999', digits: number) => (design: DesignName) =>
    quiet(design).latencyMs[quantile].toFixed(digits);
  const rows: [what: string, cell: (design: DesignName) => string][] = [
    ['**mints a day**', (design) => whole(arithmetic.mintsPerDay(design, LARGEST))],
    ['**mints per scope set and lifetime**', (design) => arithmetic.mintsPerLifetime(design, LARGEST).toFixed(2)],
    ['mints in 10 min without table', (design) => whole(withoutTable(design))],
    ['requests to the authorization server in a second, at most', peak('mints')],
    ['answered from memory', (design) => percent(arithmetic.share(quiet(design), 'quiet', 'memory'))],
    [
      'calls that failed, table and secret away 10 min',
      (design) => percent(arithmetic.share(quiet(design), 'region away', 'failed')),
    ],
    [
      `calls that failed, authorization server down 10 min, ${OUTAGE_INSTANCES} instances`,
      (design) => percent(arithmetic.share(serverOutage(design), 'server away', 'failed')),
    ],
    [
      'requests to it meanwhile',
      (design) => {
        const { run, scenes } = serverOutage(design);
        return whole(((scenes['server away']?.failedMints ?? 0) * OUTAGE_INSTANCES) / run.instances);
      },
    ],
    ['expired tokens vended', (design) => whole(expired(arithmetic.report, design))],
    ['latency, median (ms)', latency('p50', 1)],
    ['latency, 99 % (ms)', latency('p99', 0)],
    ['latency, 99.9 % (ms)', latency('p999', 0)],
    ['table, read units a second, mean', perSecond('tableReadUnits')],
    [`table, read units a second, at most (${whole(TABLE_LIMIT.read)} at first)`, peak('read')],
    [`hottest item, read units a second, at most (limit ${whole(ITEM_LIMIT.read)})`, peak('itemRead')],
    ['table, write units a second, mean', (design) => money(arithmetic.writeUnitsPerSecond(design, LARGEST))],
    [`table, write units a second, at most (${whole(TABLE_LIMIT.write)} at first)`, peak('write')],
    [`hottest item, write units a second, at most (limit ${whole(ITEM_LIMIT.write)})`, peak('itemWrite')],
    ['table requests throttled', (design) => whole(throttled(arithmetic.find('storms', design, LARGEST)))],
    ['Secrets Manager calls a second, mean', perSecond('secretCalls')],
    [`Secrets Manager calls a second, at most (limit ${whole(SECRET_LIMIT)})`, peak('secret')],
    ['USD a month: table', cost('table')],
    ['USD a month: Secrets Manager calls', cost('secret')],
    ['USD a month: function requests', cost('function requests')],
    ['USD a month: function time', cost('function time')],
    ['USD a month: log', cost('logs')],
    [`**USD a month** (${PRICES.where})`, (design) => whole(total(arithmetic.cost(design, LARGEST)))],
  ];
  const heads = ['', ...DESIGN_NAMES.map((design) => DESIGNS[design].name)];
  return markdownTable(
    heads,
    rows.map(([what, cell]) => [what, ...DESIGN_NAMES.map(cell)]),
  );
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
    ['Secrets Manager calls a second, mean', (size) => money(arithmetic.perSecond('ours', 'secretCalls', size))],
    ['USD a month: table', (size) => money(cost(size).table)],
    ['USD a month: Secrets Manager calls', (size) => money(cost(size).secret)],
    ['USD a month: function', (size) => money(cost(size)['function requests'] + cost(size)['function time'])],
    ['USD a month: log', (size) => money(cost(size).logs)],
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

function throttled({ scenes: played }: Figures): number {
  return Object.values(played).reduce((sum, counts) => sum + counts.throttled, 0);
}

function expired({ figures }: Report, design: DesignName): number {
  const counts = figures
    .filter(({ run }) => run.design === design)
    .flatMap(({ scenes: played }) => Object.values(played));
  return counts.reduce((sum, { expiredVended }) => sum + expiredVended, 0);
}
