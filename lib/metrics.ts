// The metrics of the catalog as CloudWatch objects, for alarms, dashboards and code around the construct.

import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  type Dimension,
  FUNCTION_METRICS,
  type FunctionMetricName,
  METRIC_NAMESPACE,
  METRICS,
  type MetricName,
} from '../operating/metrics.ts';

export type DimensionValues = Readonly<Partial<Record<Dimension, string>>>;

const UNITS = {
  Count: cloudwatch.Unit.COUNT,
  Milliseconds: cloudwatch.Unit.MILLISECONDS,
  Seconds: cloudwatch.Unit.SECONDS,
};

/**
 * A metric of what the values name. Of several sets of dimensions it is the largest one that they fill.
 * @default - over 5 minutes: the sum of counts, the average of times
 */
export function metricOf(
  metricName: MetricName,
  values: DimensionValues,
  options?: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  const { dimensions, unit } = METRICS[metricName];
  const filled = dimensions.filter((set: readonly Dimension[]) => set.every((name) => values[name] !== undefined));
  const set: readonly Dimension[] = filled.at(-1) ?? [];
  return new cloudwatch.Metric({
    namespace: METRIC_NAMESPACE,
    metricName,
    dimensionsMap: Object.fromEntries(set.map((name) => [name, values[name] ?? ''])),
    unit: UNITS[unit],
    statistic: unit === 'Count' ? cloudwatch.Stats.SUM : cloudwatch.Stats.AVERAGE,
    ...options,
  });
}

/** AWS's own metric of a function, or of its log group. */
export function metricOfFunction(
  metricName: FunctionMetricName,
  { functionName, logGroup }: lambda.Function,
  options: cloudwatch.MetricOptions,
): cloudwatch.Metric {
  const namespace = FUNCTION_METRICS[metricName];
  const dimensionsMap =
    namespace === 'AWS/Logs' ? { LogGroupName: logGroup.logGroupName } : { FunctionName: functionName };
  return new cloudwatch.Metric({ namespace, metricName, dimensionsMap, ...options });
}
