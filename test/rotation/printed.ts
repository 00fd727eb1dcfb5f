// What the instances print, read as CloudWatch reads it: JSON lines, and the metrics that they carry in the embedded
// metric format. A metric counts only where the line says that it is one.

const NAMESPACE = 'TokenVending';
const WATCHED = ['CredentialRefused', 'ReplacedCredentialInUse'] as const;

type Metric = (typeof WATCHED)[number];

interface Sighting {
  readonly metric: Metric;
  readonly event: string;
  readonly pid: number;
  readonly atMs: number;
}

interface Line {
  readonly event?: string;
  readonly CredentialRefused?: number;
  readonly ReplacedCredentialInUse?: number;
  readonly _aws?: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
}

export class Printed {
  readonly #sightings: Sighting[] = [];
  /** Lines that no line feed has ended yet, by process. */
  readonly #unfinished = new Map<number, string>();
  /** What isn't JSON, such as the trace of an error that nobody caught. */
  readonly strange: string[] = [];

  add(text: string, pid: number): void {
    const lines = `${this.#unfinished.get(pid) ?? ''}${text}`.split('\n');
    this.#unfinished.set(pid, lines.pop() ?? '');
    for (const line of lines) this.#read(line, pid);
  }

  /** Of a metric, from one moment to another. */
  seen(metric: Metric, fromMs: number, untilMs: number): readonly Sighting[] {
    return this.#sightings.filter((seen) => seen.metric === metric && seen.atMs >= fromMs && seen.atMs < untilMs);
  }

  #read(text: string, pid: number): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.strange.push(text);
      return;
    }
    const { event = '', _aws: emf } = line;
    for (const metric of WATCHED) {
      const isDeclared = emf?.CloudWatchMetrics.some(
        ({ Namespace, Metrics }) => Namespace === NAMESPACE && Metrics.some(({ Name }) => Name === metric),
      );
      if (isDeclared && line[metric] === 1) {
        this.#sightings.push({ metric, event, pid, atMs: emf?.Timestamp ?? 0 });
      }
    }
  }
}
