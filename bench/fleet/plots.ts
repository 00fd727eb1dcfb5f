// The plots of docs/scaling.md, as SVG on white, so that they read on any page.

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { DESIGNS, type DesignName } from '../../testbed/simulator/designs.ts';
import { Arithmetic, type Report, SIZES } from './arithmetic.ts';
import { ITEM_LIMIT } from './model.ts';
import { callsText } from './texts.ts';

const WIDTH = 800;
const HEIGHT = 400;
const MARGIN_TOP = 30;
const MARGIN_BOTTOM = 45;
const LINE_HEIGHT = 15;
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
  const arithmetic = new Arithmetic(report);
  const points = (Object.keys(DESIGNS) as DesignName[]).flatMap((design) =>
    SIZES.map((instances) => ({
      instances,
      mints: arithmetic.mintsPerDay(design, instances),
      design: DESIGNS[design].name,
    })),
  );
  return svg({
    x: { type: 'log', label: 'instances, each with 1 call/s', tickFormat: ',' },
    y: { type: 'log', label: 'mints per day', grid: true, tickFormat: '~s' },
    color: colours(points.map(({ design }) => design)),
    marginRight: 200,
    marks: lines(points, 'instances', 'mints', 'design'),
  });
}

function storm({ figures }: Report): string {
  const storms = figures
    .filter(({ run }) => run.group === 'storms' && run.design === 'ours')
    .flatMap(({ run, mostPopular }) => {
      const halves = new Map<number, number>();
      for (const [tenth, units] of mostPopular) {
        const half = Math.floor(tenth / 5);
        halves.set(half, (halves.get(half) ?? 0) + units * 2);
      }
      const fleet = callsText(run);
      return Array.from({ length: 14 }, (_, half) => ({
        second: (half + 0.5) / 2,
        units: halves.get(half) ?? 0,
        fleet,
      }));
    });
  const fleet = "DynamoDB's limit for one item";
  const limit = [0, 7].map((second) => ({ second, units: ITEM_LIMIT.read, fleet }));
  const points = [...limit, ...storms.filter(({ units }) => units > 0)];
  return svg({
    x: {
      label: 'seconds since a deploy began that replaces all within 5 s (3,000 instances: within 30 s)',
      domain: [0, 7],
    },
    y: { type: 'log', label: 'read units/s asked of the most popular item', grid: true, tickFormat: ',' },
    color: { ...colours(points.map(({ fleet: name }) => name)), range: ['black', ...COLOURS] },
    marginRight: 310,
    marks: lines(points, 'second', 'units', 'fleet', false),
  });
}

function cost(report: Report): string {
  const arithmetic = new Arithmetic(report);
  const points = SIZES.flatMap((instances) =>
    Object.entries(arithmetic.cost('ours', instances)).map(([part, usd]) => ({ instances, usd, part })),
  );
  return svg({
    x: { type: 'log', label: 'instances, each with 1 call/s', tickFormat: ',' },
    y: { type: 'log', label: 'USD per month', grid: true, tickFormat: ',' },
    color: colours(points.map(({ part }) => part)),
    marginRight: 150,
    marks: lines(points, 'instances', 'usd', 'part'),
  });
}

function colours(names: readonly string[]) {
  return { domain: [...new Set(names)], range: COLOURS };
}

/** One line for each, named at its end. The scale of y is logarithmic. */
function lines<T extends object>(
  points: T[],
  x: keyof T & string,
  y: keyof T & string,
  z: keyof T & string,
  dots = true,
) {
  const ends = apart(
    [...new Map(points.map((point) => [point[z], point])).values()],
    points.map((point) => Number(point[y])),
    y,
  );
  return [
    Plot.line(points, { x, y, z, stroke: z, strokeWidth: 2 }),
    ...(dots ? [Plot.dot(points, { x, y, fill: z, r: 3 })] : []),
    Plot.text(ends, { x, y, text: z, fill: z, textAnchor: 'start', dx: 8, fontWeight: 'bold' }),
  ];
}

/** Labels that would overlap are moved up, from the lowest on. */
function apart<T extends object>(labels: T[], values: readonly number[], y: keyof T & string): T[] {
  const whole = Math.log(Math.max(...values) / Math.min(...values));
  const minFactor = Math.exp((whole * LINE_HEIGHT) / (HEIGHT - MARGIN_TOP - MARGIN_BOTTOM));
  let lowest = 0;
  return labels
    .toSorted((one, other) => Number(one[y]) - Number(other[y]))
    .map((label) => {
      lowest = Math.max(Number(label[y]), lowest * minFactor);
      return { ...label, [y]: lowest };
    });
}

function svg(options: Plot.PlotOptions): string {
  const { document } = parseHTML('<html><body></body></html>');
  const plot = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 60,
    marginTop: MARGIN_TOP,
    marginBottom: MARGIN_BOTTOM,
    style: { background: 'white', color: '#222', fontSize: '12px' },
    ...options,
  });
  plot.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  // Its style sheet is for pages; programs that draw the file on its own stumble over it, and know no background.
  const text = plot.outerHTML.replace(/<style>.*?<\/style>/s, '');
  return `${text.replace(/(<svg[^>]*>)/, '$1<rect width="100%" height="100%" fill="white"/>')}\n`;
}
