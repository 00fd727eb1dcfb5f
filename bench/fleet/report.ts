// What was counted, as tables: for the terminal and for docs/scaling.md.

import { DESIGNS, type DesignName } from './designs.ts';
import { callsOf, type Figures } from './figures.ts';
import { POPULAR_RENEWAL } from './fleet.ts';
import { type Job, STORM_AT_MS } from './jobs.ts';
import {
  DAY,
  HOUR,
  ITEM_LIMIT,
  LIFETIME_SECONDS,
  MARGIN_MS,
  PRICES,
  SECOND,
  SECRETS_LIMIT,
  TABLE_LIMIT,
} from './model.ts';
import type { PeakOf } from './tally.ts';

export interface Report {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  readonly seed: number;
  /** Of the whole run. */
  readonly seconds: number;
  readonly runs: readonly { readonly job: Job; readonly figures: Figures }[];
}

export function printReport(report: Report): void {
  const callsRun = report.runs.reduce((sum, { figures }) => sum + figures.whole.callsRun, 0);
  console.log(`Seed ${report.seed}, ${report.seconds.toFixed(0)} s; ${whole(callsRun)} calls really run.`);
  for (const { title, text } of tables(report)) console.log(`\n${title}\n\n${text}`);
}

/** Markdown. */
export function tables(report: Report): { readonly title: string; readonly text: string }[] {
  const week = group(report, 'week');
  const [ours] = week;
  if (ours === undefined) throw new Error('nothing was run');
  return [
    {
      title: 'The designs, 10,000 instances',
      text: table(
        ['', ...week.map(name)],
        WEEK_ROWS.map(([what, cell]) => [what, ...week.map(cell)]),
      ),
    },
    { title: 'This design, by the kind of time', text: stretches(ours) },
    { title: 'Fleets of other sizes', text: sizes(report) },
    { title: 'Storms on the most popular item', text: storms(group(report, 'storms')) },
  ];
}

export function group(report: Report, which: Job['group']): Figures[] {
  return report.runs.filter(({ job }) => job.group === which).map(({ figures }) => figures);
}

export function name({ design }: { readonly design: DesignName }): string {
  return DESIGNS[design].name;
}

type Row = readonly [what: string, cell: (figures: Figures) => string];

const WEEK_ROWS: readonly Row[] = [
  ['simulated hours', ({ setting }) => whole(setting.durationMs / HOUR)],
  ['calls stood for (millions)', (figures) => whole(callsOf(figures.whole) / 1e6)],
  ['of these really run', (figures) => whole(figures.whole.callsRun)],
  ['of these not answered by memory', (figures) => whole(figures.whole.flightsRun)],
  ['**mints a day**, table there', ({ mintsPerDay }) => whole(mintsPerDay)],
  ['**mints per scope set and lifetime**, table there', (figures) => mintsPerLifetime(figures).toFixed(2)],
  ['mints in 10 min without table', (figures) => whole(figures.stretches['region away']?.mints ?? 0)],
  ['most requests to the authorization server in a second', (figures) => peak(figures, 'mints')],
  ['answered from memory', ({ whole: counts }) => percent(counts.memory / callsOf(counts))],
  [
    'calls that failed, table and secret away 10 min',
    (figures) => whole(figures.stretches['region away']?.failed ?? 0),
  ],
  [
    'calls that failed, authorization server away 10 min',
    (figures) => whole(figures.stretches['server away']?.failed ?? 0),
  ],
  ['requests to it meanwhile', (figures) => whole(figures.stretches['server away']?.failedMints ?? 0)],
  ['calls that failed, otherwise', failedOtherwise],
  ['expired tokens vended', (figures) => whole(figures.whole.expiredVended)],
  ['latency, median (ms)', ({ latencyMs }) => latencyMs.p50.toFixed(1)],
  ['latency, 99 % (ms)', ({ latencyMs }) => whole(latencyMs.p99)],
  ['latency, 99.9 % (ms)', ({ latencyMs }) => whole(latencyMs.p999)],
  ['table, read units a second, mean', (figures) => perSecond(figures, 'tableReadUnits')],
  [
    `table, read units a second, most (${whole(TABLE_LIMIT.readUnits)} at first)`,
    (figures) => peak(figures, 'readUnits'),
  ],
  [
    `hottest item, read units a second, most (limit ${whole(ITEM_LIMIT.readUnits)})`,
    (figures) => peak(figures, 'itemReadUnits'),
  ],
  ['table, write units a second, mean', (figures) => perSecond(figures, 'tableWriteUnits')],
  [
    `table, write units a second, most (${whole(TABLE_LIMIT.writeUnits)} at first)`,
    (figures) => peak(figures, 'writeUnits'),
  ],
  [
    `hottest item, write units a second, most (limit ${whole(ITEM_LIMIT.writeUnits)})`,
    (figures) => peak(figures, 'itemWriteUnits'),
  ],
  ['table requests throttled', (figures) => whole(figures.whole.throttled)],
  ['Secrets Manager calls a second, mean', (figures) => perSecond(figures, 'secretsCalls')],
  [`Secrets Manager calls a second, most (limit ${whole(SECRETS_LIMIT)})`, (figures) => peak(figures, 'secrets')],
  ['USD a month: table', ({ cost }) => whole(cost.table)],
  ['USD a month: Secrets Manager calls', ({ cost }) => whole(cost.secret)],
  ['USD a month: function requests', ({ cost }) => whole(cost['function requests'])],
  ['USD a month: function time', ({ cost }) => whole(cost['function time'])],
  ['USD a month: log', ({ cost }) => whole(cost.logs)],
  [`**USD a month** (${PRICES.where})`, ({ cost }) => whole(total(cost))],
];

function failedOtherwise({ whole: counts, stretches: by }: Figures): string {
  return whole(counts.failed - (by['region away']?.failed ?? 0) - (by['server away']?.failed ?? 0));
}

/** 1: only who had to. Without a shared table, what would be one for the fleet. */
export function mintsPerLifetime({ design, setting, whole: counts, mintsPerDay }: Figures): number {
  const minted = (mintsPerDay * setting.durationMs) / DAY;
  if (DESIGNS[design].sharesTable) return minted / counts.lifetimes;
  return minted / (setting.scopeSets * (setting.durationMs / (LIFETIME_SECONDS * SECOND - MARGIN_MS)));
}

function stretches({ stretches: by }: Figures): string {
  const heads = ['', 'calls run', 'from memory', 'mints', 'failed calls', 'slower than 0.1 s', 'throttled'];
  const peaks = ['table, read units/s', 'hottest item, read units/s', 'secret, calls/s', 'server, requests/s'];
  const rows = Object.entries(by).map(([stretch, counts]) => [
    stretch,
    whole(counts.callsRun),
    percent(counts.memory / callsOf(counts)),
    whole(counts.mints),
    whole(counts.failed),
    whole(counts.slow),
    whole(counts.throttled),
    ...(['readUnits', 'itemReadUnits', 'secrets', 'mints'] as const).map((what) => maybe(counts.peaks[what])),
  ]);
  return table([...heads, ...peaks.map((what) => `most ${what}`)], rows);
}

function sizes(report: Report): string {
  const all = [...group(report, 'sizes'), ...group(report, 'week')];
  const ours = all.filter(({ design }) => design === 'ours');
  const mints = Object.keys(DESIGNS).flatMap((design) => {
    const same = all.filter((figures) => figures.design === design);
    return same.length === 0
      ? []
      : [
          [
            `mints a day, ${name({ design: design as DesignName })}`,
            ...same.map(({ mintsPerDay }) => whole(mintsPerDay)),
          ],
        ];
  });
  const row = ([what, cell]: Row) => [what, ...ours.map(cell)];
  return table(
    ['instances, each with 1 call a second', ...ours.map(({ setting }) => whole(setting.instances))],
    [...mints, ...SIZE_ROWS.map(row)],
  );
}

const SIZE_ROWS: readonly Row[] = [
  ['this design: answered from memory', ({ whole: counts }) => percent(counts.memory / callsOf(counts))],
  ['table, read units a second, mean', (figures) => perSecond(figures, 'tableReadUnits')],
  ['Secrets Manager calls a second, mean', (figures) => perSecond(figures, 'secretsCalls')],
  ['USD a month: table', ({ cost }) => money(cost.table)],
  ['USD a month: Secrets Manager calls', ({ cost }) => money(cost.secret)],
  ['USD a month: function', ({ cost }) => money(cost['function requests'] + cost['function time'])],
  ['USD a month: log', ({ cost }) => money(cost.logs)],
  ['USD a month', ({ cost }) => money(total(cost))],
];

function storms(all: readonly Figures[]): string {
  const heads = [
    '',
    'item, read units/s asked for, most',
    'throttled requests',
    'mints',
    'calls slower than 0.1 s',
    'failed calls',
  ];
  const rows = all.flatMap((figures) =>
    (['deploy', POPULAR_RENEWAL] as const).map((stretch) => {
      const counts = figures.stretches[stretch];
      const what = stretch === 'deploy' ? `deploy within ${withinSeconds(figures)} s` : 'renewal';
      return [
        `${fleetOf(figures)}: ${what}`,
        maybe(counts?.peaks.itemReadUnits),
        whole(counts?.throttled ?? 0),
        whole(counts?.mints ?? 0),
        whole(counts?.slow ?? 0),
        whole(counts?.failed ?? 0),
      ];
    }),
  );
  return table(heads, rows);
}

/** As one says it. */
export function fleetOf({ setting }: Figures): string {
  const calls = setting.callsPerSecond;
  return `${whole(setting.instances)} instances, ${calls} call${calls === 1 ? '' : 's'}/s each`;
}

export function withinSeconds({ setting }: Figures): number {
  const deploy = setting.happenings.find(({ atMs }) => atMs === STORM_AT_MS);
  return deploy?.what === 'deploy' ? deploy.withinMs / SECOND : 0;
}

function peak({ stretches: by }: Figures, what: PeakOf): string {
  const peaks = Object.values(by).flatMap(({ peaks }) => peaks[what] ?? []);
  return peaks.length === 0 ? '–' : whole(Math.max(...peaks));
}

function perSecond(
  { whole: counts, setting }: Figures,
  what: 'tableReadUnits' | 'tableWriteUnits' | 'secretsCalls',
): string {
  const mean = counts[what] / (setting.durationMs / SECOND);
  return mean < 10 ? mean.toFixed(2) : whole(mean);
}

function total(cost: Figures['cost']): number {
  return Object.values(cost).reduce((sum, part) => sum + part);
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
function money(amount: number): string {
  return amount < 10 ? amount.toFixed(2) : whole(amount);
}
function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
function maybe(count: number | undefined): string {
  return count === undefined ? '–' : whole(count);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, place) => (place === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
