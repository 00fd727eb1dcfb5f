// The designs side by side, for the largest fleet.

import { markdownTable } from '../../testbed/measured-docs.ts';
import { DESIGNS, type DesignName } from '../../testbed/simulator/designs.ts';
import { type Arithmetic, type Cost, total } from './arithmetic.ts';
import type { Figures } from './figures.ts';
import { ITEM_LIMIT, PRICES, SECRET_LIMIT, TABLE_LIMIT } from './model.ts';
import { OUTAGE_INSTANCES } from './runs.ts';
import type { PeakOf } from './tally.ts';
import { maybe, money, percent, whole } from './texts.ts';

export const LARGEST = 10_000;

type Row = readonly [what: string, cell: (design: DesignName) => string];

export function designTable(arithmetic: Arithmetic): string {
  const designs = Object.keys(DESIGNS) as DesignName[];
  const rows = [...mintRows(arithmetic), ...callRows(arithmetic), ...loadRows(arithmetic), ...costRows(arithmetic)];
  return markdownTable(
    ['', ...designs.map((design) => DESIGNS[design].name)],
    rows.map(([what, cell]) => [what, ...designs.map(cell)]),
  );
}

function mintRows(arithmetic: Arithmetic): Row[] {
  const withoutTable = (design: DesignName) => {
    const { run, scenes } = arithmetic.find('quiet', design);
    return ((scenes['region away']?.mints ?? 0) * LARGEST) / run.instances;
  };
  return [
    ['**mints a day**', (design) => whole(arithmetic.mintsPerDay(design, LARGEST))],
    ['**mints per scope set and lifetime**', (design) => arithmetic.mintsPerLifetime(design, LARGEST).toFixed(2)],
    ['mints in 10 min without table', (design) => whole(withoutTable(design))],
    ['requests to the authorization server in a second, at most', peak(arithmetic, 'mints')],
  ];
}

function callRows(arithmetic: Arithmetic): Row[] {
  const quiet = (design: DesignName) => arithmetic.find('quiet', design);
  const serverOutage = (design: DesignName) => (design === 'own' ? quiet(design) : arithmetic.find('outages', design));
  const requests = (design: DesignName) => {
    const { run, scenes } = serverOutage(design);
    return ((scenes['server away']?.failedMints ?? 0) * OUTAGE_INSTANCES) / run.instances;
  };
  const latency = (quantile: 'p50' | 'p99' | 'p999', digits: number) => (design: DesignName) =>
    quiet(design).latencyMs[quantile].toFixed(digits);
  return [
    ['answered from memory', (design) => percent(arithmetic.share(quiet(design), 'quiet', 'memory'))],
    [
      'calls that failed, table and secret away 10 min',
      (design) => percent(arithmetic.share(quiet(design), 'region away', 'failed')),
    ],
    [
      `calls that failed, authorization server down 10 min, ${OUTAGE_INSTANCES} instances`,
      (design) => percent(arithmetic.share(serverOutage(design), 'server away', 'failed')),
    ],
    ['requests to it meanwhile', (design) => whole(requests(design))],
    ['expired tokens vended', (design) => whole(expired(arithmetic, design))],
    ['latency, median (ms)', latency('p50', 1)],
    ['latency, 99 % (ms)', latency('p99', 0)],
    ['latency, 99.9 % (ms)', latency('p999', 0)],
  ];
}

function loadRows(arithmetic: Arithmetic): Row[] {
  const perSecond = (count: 'tableReadUnits' | 'credentialReadUnits' | 'secretCalls') => (design: DesignName) =>
    money(arithmetic.perSecond(design, count, LARGEST));
  return [
    ['table, read units a second, mean', perSecond('tableReadUnits')],
    [`table, read units a second, at most (${whole(TABLE_LIMIT.read)} at first)`, peak(arithmetic, 'read')],
    [`hottest item, read units a second, at most (limit ${whole(ITEM_LIMIT.read)})`, peak(arithmetic, 'itemRead')],
    ["credential's item, read units a second, mean", perSecond('credentialReadUnits')],
    [
      `credential's item, read units a second, at most (limit ${whole(ITEM_LIMIT.read)})`,
      peak(arithmetic, 'credentialRead'),
    ],
    ['table, write units a second, mean', (design) => money(arithmetic.writeUnitsPerSecond(design, LARGEST))],
    [`table, write units a second, at most (${whole(TABLE_LIMIT.write)} at first)`, peak(arithmetic, 'write')],
    [`hottest item, write units a second, at most (limit ${whole(ITEM_LIMIT.write)})`, peak(arithmetic, 'itemWrite')],
    ['table requests throttled', (design) => whole(throttled(arithmetic.find('storms', design, LARGEST)))],
    ['Secrets Manager calls a second, mean', perSecond('secretCalls')],
    [`Secrets Manager calls a second, at most (limit ${whole(SECRET_LIMIT)})`, peak(arithmetic, 'secret')],
  ];
}

function costRows(arithmetic: Arithmetic): Row[] {
  const cost = (part: keyof Cost) => (design: DesignName) => whole(arithmetic.cost(design, LARGEST)[part]);
  return [
    ['USD a month: table', cost('table')],
    ['USD a month: Secrets Manager calls', cost('secret')],
    ['USD a month: function requests', cost('function requests')],
    ['USD a month: function time', cost('function time')],
    ['USD a month: log', cost('logs')],
    ['USD a month: traces', cost('traces')],
    [`**USD a month** (${PRICES.where})`, (design) => whole(total(arithmetic.cost(design, LARGEST)))],
  ];
}

function peak(arithmetic: Arithmetic, what: PeakOf): Row[1] {
  return (design) => {
    const { scenes } = arithmetic.find('storms', design, LARGEST);
    return maybe(Math.max(...Object.values(scenes).map(({ peaks }) => peaks[what] ?? 0)));
  };
}

function throttled({ scenes }: Figures): number {
  return Object.values(scenes).reduce((sum, counts) => sum + counts.throttled, 0);
}

/** In all fleets of the design. */
function expired({ report }: Arithmetic, design: DesignName): number {
  const ofDesign = report.figures.filter(({ run }) => run.design === design);
  const counts = ofDesign.flatMap(({ scenes }) => Object.values(scenes));
  return counts.reduce((sum, { expiredVended }) => sum + expiredVended, 0);
}
