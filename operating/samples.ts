// Data points as CloudWatch makes them of the functions' log lines, and of Lambda's own metrics.

import type { Alarm } from './alarms.ts';
import type { Statistic } from './expression.ts';
import type { FunctionMetricName, MetricName } from './metrics.ts';

export const MINUTE_MS = 60_000;

/** A stack, a credential or a profile. */
export interface Subject {
  readonly of: Alarm['of'];
  /** Empty for the stack. */
  readonly name: string;
}

/** A log line in CloudWatch's embedded format, or any other one. */
export interface Line {
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: MetricName }[];
    }[];
  };
  readonly [field: string]: unknown;
}

interface Sample {
  readonly atMs: number;
  readonly value: number;
}

const STATISTICS: Readonly<Record<Statistic, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((total, value) => total + value),
  Maximum: (values) => values.reduce((one, other) => Math.max(one, other)),
  SampleCount: (values) => values.length,
};

function keyOf(metric: string, { of, name }: { readonly of: string; readonly name: string }): string {
  return `${metric} ${of} ${name}`;
}

/** Values with their times, by the metric and what it is of. All are of one stack. */
export class Samples {
  /** By the minute in which they were counted. */
  readonly #samples = new Map<string, Map<number, Sample[]>>();

  /** A line counts as CloudWatch counts it: under the dimensions that it declares. */
  addLine(line: Line): void {
    const { Timestamp: atMs = 0, CloudWatchMetrics = [] } = line._aws ?? {};
    for (const { Dimensions, Metrics } of CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        for (const set of Dimensions) {
          const last = set.at(-1) ?? 'Stack';
          const key = keyOf(Name, { of: last, name: last === 'Stack' ? '' : String(line[last]) });
          this.#add(key, { atMs, value: Number(line[Name]) });
        }
      }
    }
  }

  /** A value of Lambda's own metrics: of a profile's function, or of a credential's rotation function. */
  addLambda(name: FunctionMetricName, subject: Subject, atMs: number, value: number): void {
    this.#add(keyOf(name, subject), { atMs, value });
  }

  forgetBefore(timeMs: number): void {
    for (const minutes of this.#samples.values()) {
      for (const minuteMs of minutes.keys()) if (minuteMs < timeMs) minutes.delete(minuteMs);
    }
  }

  /**
   * The data point of a period that begins with a whole minute.
   * @param seenMs samples of a later time are not there yet
   * @returns undefined if there is none
   */
  valueOf(
    { name, statistic }: { readonly name: MetricName | FunctionMetricName; readonly statistic: Statistic },
    subject: Subject,
    period: { readonly fromMs: number; readonly lengthMs: number; readonly seenMs: number },
  ): number | undefined {
    const minutes = this.#samples.get(keyOf(name, subject));
    const values: number[] = [];
    for (let fromMs = period.fromMs; fromMs < period.fromMs + period.lengthMs; fromMs += MINUTE_MS) {
      for (const { atMs, value } of minutes?.get(fromMs) ?? []) if (atMs <= period.seenMs) values.push(value);
    }
    return values.length === 0 ? undefined : STATISTICS[statistic](values);
  }

  /** When the metric first had a value that satisfies the condition, from a time on. */
  first(
    name: MetricName | FunctionMetricName,
    subject: Subject,
    fromMs: number,
    condition: (value: number) => boolean,
  ): number | undefined {
    const samples = [...(this.#samples.get(keyOf(name, subject))?.values() ?? [])].flat();
    return samples.find(({ atMs, value }) => atMs >= fromMs && condition(value))?.atMs;
  }

  /** The metrics that in this time were something else than 0 for the first time, or 0 (`Vended 0`). */
  moved(fromMs: number, untilMs: number): readonly string[] {
    const [before, meanwhile] = [new Set<string>(), new Set<string>()];
    for (const [key, minutes] of this.#samples) {
      const [name = ''] = key.split(' ');
      for (const { atMs, value } of [...minutes.values()].flat()) {
        const seen = atMs < fromMs ? before : meanwhile;
        if (atMs <= untilMs) seen.add(value === 0 ? `${name} 0` : name);
      }
    }
    return [...meanwhile].filter((each) => !before.has(each));
  }

  #add(key: string, sample: Sample): void {
    const minutes = this.#samples.get(key) ?? new Map<number, Sample[]>();
    this.#samples.set(key, minutes);
    const minuteMs = Math.floor(sample.atMs / MINUTE_MS) * MINUTE_MS;
    const samples = minutes.get(minuteMs);
    if (samples) samples.push(sample);
    else minutes.set(minuteMs, [sample]);
  }
}
