// The alarms of a stack, evaluated minute by minute as CloudWatch does, and what its pagers notify.

import { ALARMS, type Alarm, type AlarmName, alarmsOf, type Feature, SUPPRESSION } from './alarms.ts';
import { type AlarmState, Pager, stateOf } from './evaluation.ts';
import type { WatchedMetric } from './expression.ts';
import { isOfFunction } from './metrics.ts';
import { MINUTE_MS, type Samples, type Subject } from './samples.ts';

/** What AWS may do, and doesn't say. Alarms must be right whatever it does. */
export interface Circumstances {
  /** How late the metrics of log lines are. */
  readonly logsLateMs: number;
  /** How late Lambda's own metrics are. */
  readonly lambdaLateMs: number;
  /** Whether FILL also fills a metric without any data point. */
  readonly fillsWithoutData: boolean;
  /** How many earlier periods are looked at in the place of periods without data. */
  readonly earlierPeriods: number;
}

export interface WatchedSubject extends Subject {
  readonly features?: readonly Feature[];
  /** The time between two runs of its canary. */
  readonly canaryEveryMs?: number;
}

export interface Change {
  /** `orders/Failures`, as in the name of the alarm in CloudWatch. */
  readonly alarm: string;
  readonly state: AlarmState;
  readonly atMs: number;
  /** What the alarm means, in one sentence. */
  readonly means: string;
}

/** The name of the pager of the stack and its credentials. Those of profiles have the profile's name. */
export const SHARED = 'Shared';

export class AlarmWatch {
  readonly changes: Change[] = [];
  /** The pagers that have notified, each time they went on. */
  readonly notified: { readonly pager: string; readonly atMs: number }[] = [];
  readonly #samples: Samples;
  readonly #circumstances: Circumstances;
  readonly #subjects: readonly WatchedSubject[];
  readonly #states = new Map<string, AlarmState>();
  readonly #pagers: ReadonlyMap<string, Pager>;

  constructor(samples: Samples, subjects: readonly WatchedSubject[], circumstances: Circumstances) {
    this.#samples = samples;
    this.#circumstances = circumstances;
    this.#subjects = subjects;
    const profiles = subjects.filter(({ of }) => of === 'Profile');
    this.#pagers = new Map([
      [SHARED, new Pager()],
      ...profiles.map(({ name }) => [name, new Pager(SUPPRESSION)] as const),
    ]);
  }

  /** To be called once for each minute, at its end. */
  evaluate(nowMs: number): void {
    const isOn = this.#subjects.map((subject) => {
      const states = alarmsOf(subject.of, subject.features).map((name) => this.#evaluateAlarm(name, subject, nowMs));
      return { subject, isOn: states.includes('ALARM') };
    });
    const isSharedOn = isOn.some(({ subject, isOn }) => isOn && subject.of !== 'Profile');
    this.#notify(SHARED, nowMs, isSharedOn, false);
    for (const { subject, isOn: isProfileOn } of isOn) {
      if (subject.of === 'Profile') this.#notify(subject.name, nowMs, isProfileOn, isSharedOn);
    }
  }

  #notify(pager: string, nowMs: number, isOn: boolean, isSuppressed: boolean): void {
    if (this.#pagers.get(pager)?.notifies(nowMs, isOn, isSuppressed)) this.notified.push({ pager, atMs: nowMs });
  }

  #evaluateAlarm(name: AlarmName, subject: WatchedSubject, nowMs: number): AlarmState {
    const { fillsWithoutData, earlierPeriods } = this.#circumstances;
    const definition: Alarm = ALARMS[name];
    const lengthMs = (definition.only === 'canary' && subject.canaryEveryMs) || MINUTE_MS;
    const count = definition.periods[1] + earlierPeriods;
    const periods = Array.from({ length: count }, (_, index) => {
      const fromMs = nowMs - (count - index) * lengthMs;
      return { valueOf: (metric: WatchedMetric) => this.#valueOf(metric, subject, { fromMs, lengthMs }, nowMs) };
    });
    const alarm = [subject.name, name].filter(Boolean).join('/');
    const before = this.#states.get(alarm) ?? 'OK';
    const state = stateOf(definition, { periods, fillsWithoutData }, before);
    this.#states.set(alarm, state);
    if (state !== before) this.changes.push({ alarm, state, atMs: nowMs, means: definition.means });
    return state;
  }

  #valueOf(
    metric: WatchedMetric,
    subject: Subject,
    period: { readonly fromMs: number; readonly lengthMs: number },
    nowMs: number,
  ): number | undefined {
    const { lambdaLateMs, logsLateMs } = this.#circumstances;
    const seenMs = nowMs - (isOfFunction(metric.name) ? lambdaLateMs : logsLateMs);
    return this.#samples.valueOf(metric, subject, { ...period, seenMs });
  }
}
