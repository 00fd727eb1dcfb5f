// The figures of one fleet, as plain data: what a worker hands over, what is printed, plotted and written to the docs.

import { DESIGNS, type DesignName } from './designs.ts';
import { Fleet } from './fleet.ts';
import { logBytesPerCall } from './log-lines.ts';
import { DAY, FUNCTION_GB, MONTH_SECONDS, PRICES, type Setting } from './model.ts';
import { type Counts, PEAKS, type PeakOf, type Tally } from './tally.ts';

/** USD a month. */
type Cost = Readonly<Record<'function requests' | 'function time' | 'logs' | 'table' | 'secret', number>>;

export interface Figures {
  readonly design: DesignName;
  readonly setting: Setting;
  /** By the kind of time. */
  readonly stretches: Readonly<Record<string, Counts & { readonly peaks: Readonly<Partial<Record<PeakOf, number>>> }>>;
  readonly whole: Counts;
  /** But for those made while the table was away. */
  readonly mintsPerDay: number;
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly p999: number };
  readonly cost: Cost;
  /** Of the most popular token, and of another. */
  readonly itemBytes: readonly [number, number];
  readonly logBytesPerCall: number;
  /** Read units asked of the most popular token's item, [tenth of a second since the start, units]. */
  readonly mostPopular: readonly (readonly [number, number])[];
}

export async function figuresOf(design: DesignName, setting: Setting): Promise<Figures> {
  const fleet = new Fleet(DESIGNS[design], setting);
  await fleet.run();
  const { tally, scopeSets, services } = fleet;
  const whole = tally.whole;
  const bytesPerCall = await logBytesPerCall(fleet);
  return {
    design,
    setting,
    stretches: Object.fromEntries(
      [...tally.counts].map(([name, counts]) => [name, { ...counts, peaks: peaksOf(tally, name) }]),
    ),
    whole,
    mintsPerDay: ((whole.mints - (tally.counts.get('region away')?.mints ?? 0)) / setting.durationMs) * DAY,
    latencyMs: { p50: tally.latencyMs(0.5), p99: tally.latencyMs(0.99), p999: tally.latencyMs(0.999) },
    cost: costOf(whole, bytesPerCall, setting.durationMs),
    itemBytes: [services.sizeOf(scopeSets.pk(0)), services.sizeOf(scopeSets.pk(Math.min(1, setting.scopeSets - 1)))],
    logBytesPerCall: bytesPerCall,
    mostPopular: [...tally.mostPopular],
  };
}

function peaksOf(tally: Tally, stretch: string): Partial<Record<PeakOf, number>> {
  return Object.fromEntries(PEAKS.map((what) => [what, tally.peak(what, stretch)]));
}

function costOf(counts: Counts, bytesPerCall: number, durationMs: number): Cost {
  const months = durationMs / 1000 / MONTH_SECONDS;
  const calls = callsOf(counts);
  return {
    'function requests': (calls * PRICES.functionRequests) / months,
    'function time': ((counts.billedMs / 1000) * FUNCTION_GB * PRICES.functionGbSeconds) / months,
    logs: (calls * bytesPerCall * PRICES.logBytes) / months,
    table: (counts.tableReadUnits * PRICES.tableReadUnits + counts.tableWriteUnits * PRICES.tableWriteUnits) / months,
    secret: (counts.secretsCalls * PRICES.secretsCalls) / months,
  };
}

export function callsOf({ memory, table, mint, failed }: Counts): number {
  return memory + table + mint + failed;
}
