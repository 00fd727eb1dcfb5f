// One printed line: JSON, with its metrics in CloudWatch's embedded metric format, so that neither a metrics call nor a
// permission is needed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

const NAMESPACE = 'TokenVending';

/** What JSON may leave as it is, and some readers take for the end of a line or a command to a terminal. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

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
    _aws: Metrics.length > 0 ? _aws : undefined,
    time: new Date(nowMs).toISOString(),
    level,
    event,
    [dimension.name]: dimension.value,
  };
  // A third of the time that a literal with both spread into it takes, and every answer waits for its line.
  Object.assign(line, metrics, fields);
  const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `${JSON.stringify(line).replace(CONTROLS, escaped)}\n`;
}
