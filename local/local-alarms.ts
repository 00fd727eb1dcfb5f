// The alarms of a deployed stack on what this machine's functions print and how their calls end, evaluated minute by
// minute as CloudWatch does. An alarm that goes on or off is a log line.

import { AlarmWatch, type WatchedSubject } from '../operating/alarm-watch.ts';
import { type Line, MINUTE_MS, Samples, type Subject } from '../operating/samples.ts';
import type { Outcome } from './instances.ts';

/** Longer than any alarm looks back. */
const KEPT_MS = 60 * MINUTE_MS;
/** The data are there at once, which is one of the ways that CloudWatch may be. */
const AT_ONCE = { logsLateMs: 0, lambdaLateMs: 0, fillsWithoutData: true, earlierPeriods: 0 };

export interface LocalAlarmsProps {
  readonly profileName: string;
  readonly credentialName: string;
  /** Is called with what the functions print, and with the lines of alarms. */
  readonly write: (text: string) => void;
  readonly nowMs: () => number;
}

export class LocalAlarms {
  readonly #props: LocalAlarmsProps;
  readonly #samples = new Samples();
  readonly #watch: AlarmWatch;
  readonly #profile: Subject;
  readonly #timer: NodeJS.Timeout;

  constructor(props: LocalAlarmsProps) {
    this.#props = props;
    this.#profile = { of: 'Profile', name: props.profileName };
    const subjects: WatchedSubject[] = [
      { of: 'Stack', name: '' },
      { of: 'Credential', name: props.credentialName },
      this.#profile,
    ];
    this.#watch = new AlarmWatch(this.#samples, subjects, AT_ONCE);
    this.#timer = setInterval(() => this.evaluate(props.nowMs()), MINUTE_MS).unref();
  }

  /** Counts the metrics of what a function printed, and passes it on. */
  readonly write = (text: string): void => {
    for (const line of text.split('\n').filter((each) => each.startsWith('{"'))) {
      const parsed = parse(line);
      if (parsed) this.#samples.addLine(parsed);
    }
    this.#props.write(text);
  };

  /** Counts a call as Lambda does. */
  readonly count = ({ kind }: Outcome): void => {
    const nowMs = this.#props.nowMs();
    const add = (name: 'Throttles' | 'Invocations' | 'Errors', value: number) =>
      this.#samples.addLambda(name, this.#profile, nowMs, value);
    add('Throttles', Number(kind === 'throttled'));
    if (kind === 'throttled') return;
    add('Invocations', 1);
    add('Errors', Number(kind === 'failed'));
  };

  /** Evaluates the minutes before the one that has begun, and prints what has changed. */
  evaluate(nowMs: number): void {
    const from = this.#watch.changes.length;
    this.#watch.evaluate(Math.floor(nowMs / MINUTE_MS) * MINUTE_MS);
    this.#samples.forgetBefore(nowMs - KEPT_MS);
    for (const { alarm, state, means } of this.#watch.changes.slice(from)) {
      const level = state === 'ALARM' ? 'error' : 'info';
      this.#props.write(`${JSON.stringify({ level, event: 'alarm', alarm, state, means })}\n`);
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }
}

/** A line that is cut off is none. */
function parse(line: string): Line | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
