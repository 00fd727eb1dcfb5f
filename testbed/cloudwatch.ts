// What CloudWatch makes of the functions' log lines and of Lambda's own metrics: data points by minute, the states of
// all alarms of the catalog, and what the pagers notify. Data may come late.

import { ALARMS, type Alarm, type AlarmName, alarmsOf, SUPPRESSION } from '../operating/alarms.ts';
import { type AlarmState, Pager, stateOf } from '../operating/evaluation.ts';
import type { Statistic, WatchedMetric } from '../operating/expression.ts';
import { type FunctionMetricName, isOfFunction, type MetricName } from '../operating/metrics.ts';

export const MINUTE_MS = 60_000;

/** What AWS may do, and doesn't say. Alarms must be right under each of them. */
export interface Circumstances {
  /** How late the metrics of log lines are. */
  readonly logsLateMs: number;
  /** How late Lambda's own metrics are. */
  readonly lambdaLateMs: number;
  /** Whether FILL also fills a metric without any data point. */
  readonly fillsWithoutData: boolean;
}

export const CIRCUMSTANCES: readonly Circumstances[] = [0, 2 * MINUTE_MS].flatMap((logsLateMs) =>
  [0, 2 * MINUTE_MS].flatMap((lambdaLateMs) =>
    [true, false].map((fillsWithoutData) => ({ logsLateMs, lambdaLateMs, fillsWithoutData })),
  ),
);

interface Subject {
  readonly of: Alarm['of'];
  readonly name: string;
  readonly alarms: readonly AlarmName[];
}

export interface Change {
  /** `orders/Failures`, or the name of a pager. */
  readonly alarm: string;
  readonly state: AlarmState;
  readonly atMs: number;
}

interface Line {
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

/** Values with their times, by the metric and what it is of. */
export class Metrics {
  /** By the minute in which they were counted. */
  readonly #samples = new Map<string, Map<number, Sample[]>>();

  /** A line counts as CloudWatch counts it: under the dimensions that it declares. */
  addLine(line: Line): void {
    const { Timestamp: atMs = 0, CloudWatchMetrics = [] } = line._aws ?? {};
    for (const { Dimensions, Metrics } of CloudWatchMetrics) {
      for (const { Name } of Metrics) {
        for (const set of Dimensions) {
          const of = set.map((dimension) => `${dimension}=${line[dimension]}`).join();
          this.#add(Name, of, { atMs, value: Number(line[Name]) });
        }
      }
    }
  }

  addLambda(name: FunctionMetricName, profile: string, atMs: number, value: number): void {
    this.#add(name, profile, { atMs, value });
  }

  /** The values of the minute that begins at `fromMs`, as far as they were there at `seenMs`. */
  values(name: string, of: string, fromMs: number, seenMs: number): readonly number[] {
    const samples = this.#samples.get(`${name} ${of}`)?.get(fromMs) ?? [];
    return samples.flatMap(({ atMs, value }) => (atMs <= seenMs ? [value] : []));
  }

  /** When the metric first had a value that satisfies the condition, from a time on. */
  first(name: string, of: string, fromMs: number, condition: (value: number) => boolean): number | undefined {
    const samples = [...(this.#samples.get(`${name} ${of}`)?.values() ?? [])].flat();
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

  #add(name: string, of: string, sample: Sample): void {
    const key = `${name} ${of}`;
    const minutes = this.#samples.get(key) ?? new Map<number, Sample[]>();
    this.#samples.set(key, minutes);
    const minuteMs = Math.floor(sample.atMs / MINUTE_MS) * MINUTE_MS;
    minutes.set(minuteMs, [...(minutes.get(minuteMs) ?? []), sample]);
  }
}

const STATISTICS: Readonly<Record<Statistic, (values: readonly number[]) => number>> = {
  Sum: (values) => values.reduce((total, value) => total + value),
  Maximum: (values) => Math.max(...values),
  SampleCount: (values) => values.length,
};

export const STACK = 'TokenVending';
export const SHARED = 'Shared';

/** By its own dimensions, as the first set of the catalog has them. */
export function dimensionsOf({ of, name }: Pick<Subject, 'of' | 'name'>): string {
  return of === 'Stack' ? `Stack=${STACK}` : `Stack=${STACK},${of}=${name}`;
}

/** The alarms of a stack under certain circumstances. */
export class Alarms {
  readonly changes: Change[] = [];
  /** The pagers that have notified, each time they went on. */
  readonly notified: { readonly pager: string; readonly atMs: number }[] = [];
  readonly #metrics: Metrics;
  readonly #circumstances: Circumstances;
  readonly #subjects: readonly Subject[];
  readonly #states = new Map<string, AlarmState>();
  readonly #pagers: ReadonlyMap<string, Pager>;

  constructor(metrics: Metrics, circumstances: Circumstances, profiles: readonly string[], credential: string) {
    this.#metrics = metrics;
    this.#circumstances = circumstances;
    this.#subjects = [
      { of: 'Stack', name: '', alarms: alarmsOf('Stack') },
      { of: 'Credential', name: credential, alarms: alarmsOf('Credential', ['rotation']) },
      ...profiles.map((name) => ({ of: 'Profile' as const, name, alarms: alarmsOf('Profile') })),
    ];
    this.#pagers = new Map([[SHARED, new Pager()], ...profiles.map((name) => [name, new Pager(SUPPRESSION)] as const)]);
  }

  /** How late data may be. */
  get lateMs(): number {
    return Math.max(this.#circumstances.logsLateMs, this.#circumstances.lambdaLateMs);
  }

  isOn(alarm: string): boolean {
    return this.#states.get(alarm) === 'ALARM';
  }

  /** To be called once for each minute, at its end. */
  evaluate(nowMs: number): void {
    for (const subject of this.#subjects) {
      for (const name of subject.alarms) this.#evaluateAlarm(`${subject.name}/${name}`, ALARMS[name], subject, nowMs);
    }
    const isOn = (subjects: readonly Subject[]) =>
      subjects.some(({ name, alarms }) => alarms.some((alarm) => this.isOn(`${name}/${alarm}`)));
    const isSharedOn = isOn(this.#subjects.filter(({ of }) => of !== 'Profile'));
    this.#notify(SHARED, nowMs, isSharedOn, false);
    for (const subject of this.#subjects.filter(({ of }) => of === 'Profile')) {
      this.#notify(subject.name, nowMs, isOn([subject]), isSharedOn);
    }
  }

  #notify(pager: string, nowMs: number, isOn: boolean, isSuppressed: boolean): void {
    if (this.#pagers.get(pager)?.notifies(nowMs, isOn, isSuppressed)) this.notified.push({ pager, atMs: nowMs });
  }

  #evaluateAlarm(alarm: string, definition: Alarm, subject: Subject, nowMs: number): void {
    const { fillsWithoutData } = this.#circumstances;
    const [, evaluated] = definition.periods;
    const periods = Array.from({ length: evaluated }, (_, index) => {
      const fromMs = nowMs - (evaluated - index) * MINUTE_MS;
      return { valueOf: (metric: WatchedMetric) => this.#valueOf(metric, subject, fromMs, nowMs) };
    });
    const before = this.#states.get(alarm) ?? 'OK';
    const state = stateOf(definition, { periods, fillsWithoutData }, before);
    this.#states.set(alarm, state);
    if (state !== before) this.changes.push({ alarm, state, atMs: nowMs });
  }

  #valueOf({ name, statistic }: WatchedMetric, subject: Subject, fromMs: number, nowMs: number): number | undefined {
    const { lambdaLateMs, logsLateMs } = this.#circumstances;
    const [of, lateMs] = isOfFunction(name) ? [subject.name, lambdaLateMs] : [dimensionsOf(subject), logsLateMs];
    const values = this.#metrics.values(name, of, fromMs, nowMs - lateMs);
    return values.length === 0 ? undefined : STATISTICS[statistic](values);
  }
}
