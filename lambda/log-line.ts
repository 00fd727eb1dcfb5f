// A function prints one JSON line for each event. The line holds the event's metrics in CloudWatch's embedded metric
// format, so the function needs neither a request nor a permission for them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import { METRIC_NAMESPACE, METRICS, type MetricDimension, type MetricName } from '../operating/metrics.ts';
import type { Clock } from './clock.ts';

/** JSON doesn't escape these characters, but some readers take them for the end of a line or for a terminal command. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

export interface LogProps {
  /** The dimension of the metrics. It is also a field of each line. */
  readonly dimension: { readonly name: MetricDimension; readonly value: string };
  readonly clock: Clock;
  /** Writes one line, which ends with a line feed. */
  readonly write: (line: string) => void;
}

export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  /** Counts by the name of their metric. @default the line has no metrics */
  readonly metrics?: Readonly<Partial<Record<MetricName, number>>>;
  /** Further fields. Their names are printed in snake_case, which suits queries in CloudWatch Logs Insights. */
  readonly fields?: object;
}

export class Log {
  readonly #props: LogProps;

  constructor(props: LogProps) {
    this.#props = props;
  }

  print({ level, event, metrics = {}, fields = {} }: LogEvent): void {
    const { clock, dimension, write } = this.#props;
    const nowMs = clock.nowMs();
    const line = {
      _aws: embeddedMetrics(nowMs, dimension.name, Object.keys(metrics) as MetricName[]),
      time: new Date(nowMs).toISOString(),
      level,
      event,
      [dimension.name]: dimension.value,
    };
    // A literal with two spreads would take three times as long, and every answer waits for its line.
    Object.assign(line, metrics, snakeCased(fields));
    const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
    write(`${JSON.stringify(line).replace(CONTROLS, escaped)}\n`);
  }
}

function embeddedMetrics(nowMs: number, dimension: MetricDimension, names: readonly MetricName[]): object | undefined {
  if (names.length === 0) return undefined;
  const Metrics = names.map((Name) => ({ Name, Unit: METRICS[Name].unit }));
  const CloudWatchMetrics = [{ Namespace: METRIC_NAMESPACE, Dimensions: [[dimension]], Metrics }];
  return { Timestamp: nowMs, CloudWatchMetrics };
}

const LOGGED_NAMES = new Map<string, string>();

function snakeCased(fields: object): Record<string, unknown> {
  const logged: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    const loggedName = LOGGED_NAMES.get(name) ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    LOGGED_NAMES.set(name, loggedName);
    logged[loggedName] = value;
  }
  return logged;
}
