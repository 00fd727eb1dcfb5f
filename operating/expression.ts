// CloudWatch's metric math as a small tree. An expression renders the text that CloudWatch reads, and evaluates itself
// for one period, so that what a test evaluates is what is deployed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html

import type { FunctionMetricName, MetricName } from './metrics.ts';

export type Statistic = 'Sum' | 'Maximum' | 'SampleCount';

export interface WatchedMetric {
  readonly name: MetricName | FunctionMetricName;
  readonly statistic: Statistic;
}

/** The data of one period. */
export interface Period {
  /** Undefined: there is no data point. */
  valueOf(metric: WatchedMetric): number | undefined;
  /**
   * Whether FILL has an effect. AWS doesn't say what it does with a metric that has no data point in the whole range
   * that an alarm evaluates, so alarms must be right either way.
   */
  canFill(metric: WatchedMetric): boolean;
}

export interface Expression {
  /** In CloudWatch's syntax. Metrics have the IDs of `idOf`. */
  readonly text: string;
  readonly metrics: readonly WatchedMetric[];
  /** Undefined: there is no data point. */
  valueIn(period: Period): number | undefined;
}

const OPERATORS = {
  '+': (left: number, right: number) => left + right,
  '-': (left: number, right: number) => left - right,
  '*': (left: number, right: number) => left * right,
  '/': (left: number, right: number) => left / right,
  '>': (left: number, right: number) => Number(left > right),
  '>=': (left: number, right: number) => Number(left >= right),
  '<': (left: number, right: number) => Number(left < right),
  '<=': (left: number, right: number) => Number(left <= right),
  '==': (left: number, right: number) => Number(left === right),
};

/** The ID of a metric in an expression: it begins with a lower-case letter. */
export function idOf({ name, statistic }: WatchedMetric): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}${statistic}`;
}

export function metric(name: WatchedMetric['name'], statistic: Statistic = 'Sum'): Expression {
  const watched = { name, statistic };
  return { text: idOf(watched), metrics: [watched], valueIn: (period) => period.valueOf(watched) };
}

/** CloudWatch's documentation has no exponents. */
export function constant(value: number): Expression {
  const text = value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 20 });
  return { text, metrics: [], valueIn: () => value };
}

/** FILL: a metric, with this value where it has no data point. */
export function filled(name: WatchedMetric['name'], statistic: Statistic, value: number): Expression {
  const { text, metrics, valueIn } = metric(name, statistic);
  return {
    text: `FILL(${text}, ${value})`,
    metrics,
    valueIn: (period) => valueIn(period) ?? (period.canFill({ name, statistic }) ? value : undefined),
  };
}

/** A comparison is 1 or 0. Without a data point on both sides there is none. */
export function calculated(left: Expression, operator: keyof typeof OPERATORS, right: Expression): Expression {
  return {
    text: `(${left.text} ${operator} ${right.text})`,
    metrics: [...left.metrics, ...right.metrics],
    valueIn: (period) => {
      const [a, b] = [left.valueIn(period), right.valueIn(period)];
      return a === undefined || b === undefined ? undefined : OPERATORS[operator](a, b);
    },
  };
}

/** IF: without a data point of the condition there is none. */
export function either(condition: Expression, then: Expression, otherwise: Expression): Expression {
  return {
    text: `IF(${condition.text}, ${then.text}, ${otherwise.text})`,
    metrics: [condition, then, otherwise].flatMap(({ metrics }) => metrics),
    valueIn: (period) => {
      const isTrue = condition.valueIn(period);
      return isTrue === undefined ? undefined : (isTrue === 0 ? otherwise : then).valueIn(period);
    },
  };
}

export function sum(first: Expression, ...others: readonly Expression[]): Expression {
  return others.reduce((total, next) => calculated(total, '+', next), first);
}
