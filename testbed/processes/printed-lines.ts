// The lines that processes print, read as CloudWatch reads them: JSON, with metrics in the embedded metric format. A
// metric counts only where the line declares it.

import { METRIC_NAMESPACE } from '../../operating/metrics.ts';

interface Line {
  readonly event?: string;
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [field: string]: unknown;
}

/** A line that counts a metric. */
interface Counted {
  readonly metric: string;
  readonly event: string;
  readonly pid: number;
  readonly atMs: number;
}

export class PrintedLines {
  /** Lines that aren't JSON, such as the trace of an error that nobody caught. */
  readonly notJson: string[] = [];
  readonly #counted: Counted[] = [];
  /** By process: text that no line feed has ended yet. */
  readonly #unfinished = new Map<number, string>();

  /** @param text in pieces, as a process prints it */
  add(text: string, pid: number): void {
    const lines = `${this.#unfinished.get(pid) ?? ''}${text}`.split('\n');
    this.#unfinished.set(pid, lines.pop() ?? '');
    for (const line of lines) this.#read(line, pid);
  }

  /** The lines that counted a metric from one moment until another. */
  counting(metric: string, fromMs: number, untilMs: number): readonly Counted[] {
    return this.#counted.filter((line) => line.metric === metric && line.atMs >= fromMs && line.atMs < untilMs);
  }

  #read(text: string, pid: number): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.notJson.push(text);
      return;
    }
    const { event = '', _aws: { Timestamp: atMs = 0, CloudWatchMetrics: declared = [] } = {} } = line;
    for (const { Metrics } of declared.filter(({ Namespace }) => Namespace === METRIC_NAMESPACE)) {
      for (const { Name: metric } of Metrics) if (line[metric] === 1) this.#counted.push({ metric, event, pid, atMs });
    }
  }
}
