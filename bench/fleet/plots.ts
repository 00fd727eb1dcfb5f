// The plots of docs/scaling.md, as SVG on white, so that they read on any page.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { STORM_AT_MS } from './jobs.ts';
import { ITEM_LIMIT } from './model.ts';
import { fleetOf, group, name, type Report, withinSeconds } from './report.ts';

const WIDTH = 760;
const HEIGHT = 400;
const COLOURS = ['#1b6ca8', '#c44536', '#d98e04', '#5f7f3b', '#6b4e9b'];

/** By file name. */
export function plots(report: Report): Readonly<Record<string, string>> {
  return {
    'mints.svg': mints(report),
    'storm.svg': storm(report),
    'cost.svg': cost(report),
  };
}

function mints(report: Report): string {
  const points = [...group(report, 'sizes'), ...group(report, 'week')].map((figures) => ({
    instances: figures.setting.instances,
    mints: figures.mintsPerDay,
    design: name(figures),
  }));
  return svg({
    x: { type: 'log', label: 'instances, each with 1 call/s', tickFormat: ',' },
    y: { type: 'log', label: 'mints per day', grid: true, tickFormat: '~s' },
    color: { range: COLOURS },
    marginRight: 170,
    marks: lines(points, 'instances', 'mints', 'design'),
  });
}

function storm(report: Report): string {
  const points = group(report, 'storms').flatMap((figures) => {
    const fleet = `${fleetOf(figures)}, within ${withinSeconds(figures)} s`;
    return figures.mostPopular
      .map(([tenth, units]) => ({ second: tenth / 10 - STORM_AT_MS / 1000, units: units * 10, fleet }))
      .filter(({ second }) => second >= 0 && second < 8);
  });
  return svg({
    x: { label: 'seconds since the deploy began' },
    y: { type: 'log', label: 'read units/s asked of the most popular item', grid: true, tickFormat: ',' },
    color: { range: COLOURS, legend: false },
    marginRight: 230,
    marks: [
      Plot.ruleY([ITEM_LIMIT.readUnits], { stroke: 'black', strokeDasharray: '4,3' }),
      Plot.text([{ second: 0.1, units: ITEM_LIMIT.readUnits }], {
        x: 'second',
        y: 'units',
        text: () => `DynamoDB's limit for one item: ${ITEM_LIMIT.readUnits.toLocaleString('en-US')}/s`,
        textAnchor: 'start',
        dy: -7,
      }),
      ...lines(points, 'second', 'units', 'fleet', false),
    ],
  });
}

function cost(report: Report): string {
  const points = [...group(report, 'sizes'), ...group(report, 'week')]
    .filter(({ design }) => design === 'ours')
    .flatMap(({ setting, cost: parts }) =>
      Object.entries(parts).map(([part, usd]) => ({ instances: setting.instances, usd, part })),
    );
  return svg({
    x: { type: 'log', label: 'instances, each with 1 call/s', tickFormat: ',' },
    y: { type: 'log', label: 'USD per month', grid: true, tickFormat: ',' },
    color: { range: COLOURS },
    marginRight: 150,
    marks: lines(points, 'instances', 'usd', 'part'),
  });
}

/** One line for each, named at its end. */
function lines<T extends object>(
  points: T[],
  x: keyof T & string,
  y: keyof T & string,
  z: keyof T & string,
  dots = true,
) {
  return [
    Plot.line(points, { x, y, z, stroke: z, strokeWidth: 2 }),
    ...(dots ? [Plot.dot(points, { x, y, fill: z, r: 3 })] : []),
    Plot.text(points, Plot.selectLast({ x, y, z, text: z, fill: z, textAnchor: 'start', dx: 8, fontWeight: 'bold' })),
  ];
}

function svg(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>');
  const plot = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 60,
    marginTop: 30,
    marginBottom: 40,
    style: { background: 'white', color: '#222', fontSize: '12px' },
    ...options,
  });
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const text = plot.outerHTML;
  // The style's background is none for programs that draw the file on its own.
  return `${text.replace(/(<svg[^>]*>)/, '$1<rect width="100%" height="100%" fill="white"/>')}\n`;
}
