// What follows for a fleet of any size from the figures of the fleets that were run. What an instance does for itself
// grows with their number: calls, reads of the table and of the secret, the log. What it does for all does not: a shared
// token is minted by the scope set and lifetime, so that only mints in excess of that can grow.

import type { DesignName } from '../../testbed/simulator/designs.ts';
import type { Figures } from './figures.ts';
import type { LogBytes } from './log-lines.ts';
import { DAY, FUNCTION_GB, LIFETIME_SECONDS, MONTH_MS, PRICES, SCOPE_SETS, SECOND, TRACED_SHARE } from './model.ts';
import type { Run } from './runs.ts';
import { type Count, Counts } from './tally.ts';

export interface Report {
  readonly date: string;
  readonly node: string;
  readonly machine: string;
  readonly seed: number;
  /** Of the whole benchmark. */
  readonly seconds: number;
  readonly logBytesPerCall: LogBytes;
  readonly figures: readonly Figures[];
}

/** USD a month. */
export type Cost = Readonly<
  Record<'function requests' | 'function time' | 'logs' | 'traces' | 'table' | 'secret', number>
>;

export const SIZES = [1, 10, 100, 1_000, 10_000] as const;
/** The mean: drawn from 75 to 85 % of the lifetime, or 30 s before its end. */
const RENEWED_AFTER_MS = {
  ours: 0.8 * LIFETIME_SECONDS * SECOND,
  own: LIFETIME_SECONDS * SECOND - 30 * SECOND,
  shared: LIFETIME_SECONDS * SECOND - 30 * SECOND,
  lease: LIFETIME_SECONDS * SECOND - 30 * SECOND,
};

export class Arithmetic {
  readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  /** @param instances default: of the largest fleet */
  find(group: Run['group'], design: DesignName, instances?: number): Figures {
    const found = this.report.figures
      .filter(({ run }) => run.group === group && run.design === design && run.callsPerSecond === 1)
      .filter(({ run }) => instances === undefined || run.instances === instances)
      .sort((one, other) => other.run.instances - one.run.instances)[0];
    if (found === undefined) throw new Error(`no fleet was run: ${group}, ${design}, ${instances}`);
    return found;
  }

  counts(figures: Figures, scene: string): Counts {
    return figures.scenes[scene] ?? new Counts();
  }

  /** The part of the calls in a scene that was counted so. */
  share(figures: Figures, scene: string, count: Count): number {
    const counts = this.counts(figures, scene);
    return counts[count] / counts.calls;
  }

  /** Of what grows with the instances, in quiet times. */
  perSecond(design: DesignName, count: Count, instances: number): number {
    const figures = this.find('quiet', design);
    const counts = this.counts(figures, 'quiet');
    return (counts[count] / (counts.durationMs / SECOND)) * (instances / figures.run.instances);
  }

  /** 1: no more than necessary. */
  mintsPerLifetime(design: DesignName, instances: number): number {
    if (design === 'own') return this.mintsPerDay(design, instances) / (SCOPE_SETS * (DAY / RENEWED_AFTER_MS.own));
    const [group, scene] = instances <= 10 ? (['quiet', 'quiet'] as const) : (['storms', 'renewal'] as const);
    const { mints, mintsDue } = this.counts(this.find(group, design, instances), scene);
    return mints / mintsDue;
  }

  mintsPerDay(design: DesignName, instances: number): number {
    if (design === 'own') return this.perSecond(design, 'mints', instances) * (DAY / SECOND);
    return this.mintsPerLifetime(design, instances) * SCOPE_SETS * (DAY / RENEWED_AFTER_MS[design]);
  }

  /** Each mint writes a lease, where there is one, and a token. */
  writeUnitsPerSecond(design: DesignName, instances: number): number {
    const { tableWriteUnits, mints } = this.counts(this.find('quiet', design), 'quiet');
    return ((tableWriteUnits / mints) * this.mintsPerDay(design, instances)) / (DAY / SECOND);
  }

  /** USD a month. */
  logCost(design: DesignName, instances: number, lines: keyof LogBytes): number {
    const calls = this.perSecond(design, 'calls', instances) * (MONTH_MS / SECOND);
    return calls * this.report.logBytesPerCall[lines] * PRICES.logBytes;
  }

  cost(design: DesignName, instances: number): Cost {
    const month = (count: Count) => this.perSecond(design, count, instances) * (MONTH_MS / SECOND);
    const writeUnits = this.writeUnitsPerSecond(design, instances) * (MONTH_MS / SECOND);
    return {
      'function requests': month('calls') * PRICES.functionRequests,
      'function time': (month('billedMs') / SECOND) * FUNCTION_GB * PRICES.functionGbSeconds,
      logs: this.logCost(design, instances, 'printed'),
      traces: tracesOf(month('calls')) * PRICES.traces,
      table: month('tableReadUnits') * PRICES.tableReadUnits + writeUnits * PRICES.tableWriteUnits,
      secret: month('secretCalls') * PRICES.secretCalls,
    };
  }
}

/** What X-Ray records of the calls of a month, which come evenly: one a second, and a share of the others. */
export function tracesOf(calls: number): number {
  const seconds = MONTH_MS / SECOND;
  return Math.min(calls, seconds + TRACED_SHARE * Math.max(0, calls - seconds));
}

export function total(cost: Cost): number {
  return Object.values(cost).reduce((sum, part) => sum + part);
}
