// Evaluates the alarms as CloudWatch does, and tells when a pager notifies. It needs no AWS.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html

import type { Alarm } from './alarms.ts';
import type { Expression, Period, WatchedMetric } from './expression.ts';

export type AlarmState = 'OK' | 'ALARM';

/** What an alarm evaluates, at one moment. */
export interface Range {
  /**
   * The last periods that have ended, the oldest first. As many as the alarm evaluates, or more: then earlier ones with
   * data take the places of those without.
   */
  readonly periods: readonly Pick<Period, 'valueOf'>[];
  /** Whether FILL also fills a metric without a data point in the whole range. AWS doesn't say. */
  readonly fillsWithoutData: boolean;
}

type Evaluated = Pick<Alarm, 'on' | 'atLeast' | 'below' | 'periods' | 'missing'>;

/** @param before the state until now */
export function stateOf(alarm: Evaluated, range: Range, before: AlarmState): AlarmState {
  const values = evaluatedOf(valuesOf(alarm.on, range), alarm.periods[1]);
  if (alarm.missing === 'ignore' && values.every((value) => value === undefined)) return before;
  const breaching = values.filter((value) =>
    value === undefined ? alarm.missing === 'breaching' : breaches(alarm, value),
  );
  const [toAlarm] = alarm.periods;
  return breaching.length >= toAlarm ? 'ALARM' : 'OK';
}

/** CloudWatch uses as few periods without data as possible. */
function evaluatedOf(values: readonly (number | undefined)[], evaluated: number): readonly (number | undefined)[] {
  const present = values.filter((value) => value !== undefined).slice(-evaluated);
  return [...present, ...Array<undefined>(evaluated - present.length)];
}

function valuesOf(expression: Expression, { periods, fillsWithoutData }: Range): (number | undefined)[] {
  const hasData = (metric: WatchedMetric) => periods.some((period) => period.valueOf(metric) !== undefined);
  const canFill = (metric: WatchedMetric) => fillsWithoutData || hasData(metric);
  return periods.map((period) => expression.valueIn({ valueOf: (metric) => period.valueOf(metric), canFill }));
}

function breaches({ atLeast, below }: Evaluated, value: number): boolean {
  return (atLeast !== undefined && value >= atLeast) || (below !== undefined && value < below);
}

/** A composite alarm, and the alarm that suppresses its actions. */
export class Pager {
  readonly #suppression: { readonly waitMs: number; readonly extensionMs: number };
  #onSinceMs: number | undefined;
  #suppressedUntilMs = Number.NEGATIVE_INFINITY;
  #hasNotified = false;

  constructor(suppression = { waitMs: 0, extensionMs: 0 }) {
    this.#suppression = suppression;
  }

  /** To be called for each evaluation. @returns whether it notifies now that it has gone on */
  notifies(nowMs: number, isOn: boolean, isSuppressed = false): boolean {
    const { waitMs, extensionMs } = this.#suppression;
    if (isSuppressed) this.#suppressedUntilMs = nowMs + extensionMs;
    if (!isOn) {
      this.#onSinceMs = undefined;
      this.#hasNotified = false;
      return false;
    }
    this.#onSinceMs ??= nowMs;
    const isSilent = isSuppressed || nowMs < Math.max(this.#suppressedUntilMs, this.#onSinceMs + waitMs);
    if (isSilent || this.#hasNotified) return false;
    this.#hasNotified = true;
    return true;
  }
}
