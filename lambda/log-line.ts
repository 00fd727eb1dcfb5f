// A function prints one JSON line for each event. The line holds the event's metrics in CloudWatch's embedded metric
// format, so the function needs neither a request nor a permission for them.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import { type Dimension, METRIC_NAMESPACE, METRICS, type MetricName } from '../operating/metrics.ts';
import type { Clock } from './clock.ts';

/** JSON doesn't escape these characters, but some readers take them for the end of a line or for a terminal command. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

export interface LogProps {
  /** The values of the metrics' dimensions. A line has those that its metrics need. */
  readonly dimensions: Readonly<Partial<Record<Dimension, string>>>;
  /** The dimension that is a field of each line. */
  readonly of: 'Profile' | 'Credential';
  readonly clock: Clock;
  /** Writes one line, which ends with a line feed. */
  readonly write: (line: string) => void;
}

type Metrics = Readonly<Partial<Record<MetricName, number>>>;

export interface LogEvent {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  /** Values by the name of their metric. @default the line has no metrics */
  readonly metrics?: Metrics;
  /** The value of the dimension `Source`. @default the line has none */
  readonly source?: string;
  /** Further fields. Their names are printed in snake_case, which suits queries in CloudWatch Logs Insights. */
  readonly fields?: object;
}

export class Log {
  readonly #props: LogProps;

  constructor(props: LogProps) {
    this.#props = props;
  }

  print({ level, event, metrics = {}, source, fields = {} }: LogEvent): void {
    const { clock, dimensions, of, write } = this.#props;
    const nowMs = clock.nowMs();
    const declared = declarationOf(metrics, source !== undefined);
    const line: Record<string, unknown> = {
      _aws: declared && { Timestamp: nowMs, CloudWatchMetrics: declared.directives },
      time: new Date(nowMs).toISOString(),
      level,
      event,
      [of]: dimensions[of],
    };
    for (const name of declared?.dimensions ?? []) line[name] = dimensions[name];
    if (source !== undefined) line.Source = source;
    // A literal with two spreads would take three times as long, and every answer waits for its line.
    Object.assign(line, metrics, snakeCased(fields));
    const escaped = (control: string) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`;
    write(`${JSON.stringify(line).replace(CONTROLS, escaped)}\n`);
  }
}

interface Declaration {
  readonly directives: readonly object[];
  readonly dimensions: readonly Dimension[];
}

/** By the names of the metrics: few combinations are ever printed. */
const DECLARATIONS = new Map<string, Declaration>();

function declarationOf(metrics: Metrics, hasSource: boolean): Declaration | undefined {
  const names = Object.keys(metrics) as MetricName[];
  if (names.length === 0) return undefined;
  const key = `${names.join()} ${hasSource}`;
  const known = DECLARATIONS.get(key);
  if (known !== undefined) return known;
  const declared = declare(names, hasSource);
  DECLARATIONS.set(key, declared);
  return declared;
}

/** One directive for the metrics of the same dimensions. Each dimension of it must be a field of the line. */
function declare(names: readonly MetricName[], hasSource: boolean): Declaration {
  const directives = new Map<string, { Namespace: string; Dimensions: Dimension[][]; Metrics: object[] }>();
  for (const Name of names) {
    const { dimensions, unit: Unit } = METRICS[Name];
    const Dimensions = dimensions.map((set) => [...set]).filter((set) => hasSource || !set.includes('Source'));
    const key = Dimensions.join(' ');
    const directive = directives.get(key) ?? { Namespace: METRIC_NAMESPACE, Dimensions, Metrics: [] };
    directive.Metrics.push({ Name, Unit });
    directives.set(key, directive);
  }
  const printed = [...directives.values()].flatMap(({ Dimensions }) => Dimensions.flat());
  const dimensions = [...new Set(printed)].filter((name) => name !== 'Source');
  return { directives: [...directives.values()], dimensions };
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
