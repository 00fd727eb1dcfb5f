// One printed line: JSON, with its metrics in CloudWatch's embedded metric format, so that neither a metrics call nor a
// permission is needed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

const NAMESPACE = 'TokenVending';

export interface MetricLine {
  readonly nowMs: number;
  /** The one dimension of the metrics, and a field of the line. */
  readonly dimension: { readonly name: string; readonly value: string };
  readonly level: string;
  readonly event: string;
  /** Counts, by their names. None: the line is only a line. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The line, with its line feed. */
export function metricLine({ nowMs, dimension, level, event, metrics, fields }: MetricLine): string {
  const Metrics = Object.keys(metrics).map((Name) => ({ Name, Unit: 'Count' }));
  const _aws = {
    Timestamp: nowMs,
    CloudWatchMetrics: [{ Namespace: NAMESPACE, Dimensions: [[dimension.name]], Metrics }],
  };
  const line = {
    ...(Metrics.length > 0 && { _aws }),
    time: new Date(nowMs).toISOString(),
    level,
    event,
    [dimension.name]: dimension.value,
    ...metrics,
    ...fields,
  };
  return `${JSON.stringify(line)}\n`;
}
