// What a rotation function prints: one JSON line per step, with metrics in CloudWatch's embedded metric format. Fields
// are named here, one by one: a token or a secret has no way in.

import type { Clock } from '../clock.ts';
import { metricLine } from '../metric-line.ts';

export interface RotationLogProps {
  /** The credential's name: the metrics' dimension. */
  readonly credential: string;
  readonly clock: Clock;
  /** Takes one line, with its line feed. */
  readonly write: (line: string) => void;
}

export class RotationLog {
  readonly #props: RotationLogProps;

  constructor(props: RotationLogProps) {
    this.#props = props;
  }

  /** A step that succeeded, in a few words of what it did. */
  stepDone({ step, version, outcome }: { step: string; version: string; outcome: string }): void {
    const metrics = step === 'finishSecret' ? { Rotated: 1 } : {};
    this.#print('info', 'rotation_step', metrics, { step, version, outcome });
  }

  rotationFailed(event: { step: string; version: string; error: string; description: string }): void {
    const { step, version, error, description } = event;
    this.#print('error', 'rotation_failed', { RotationFailed: 1 }, { step, version, error, description });
  }

  #print(level: string, event: string, metrics: Record<string, number>, fields: Record<string, string>): void {
    const { credential, clock, write } = this.#props;
    const dimension = { name: 'Credential', value: credential };
    write(metricLine({ nowMs: clock.nowMs(), dimension, level, event, metrics, fields }));
  }
}
