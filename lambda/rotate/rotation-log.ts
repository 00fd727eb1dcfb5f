// Prints the events of a rotation as lines and metrics. Each field is named here, so that no token or secret can get
// into a line.

import type { Log } from '../log-line.ts';

interface StepOfVersion {
  readonly step: string;
  readonly version: string;
}

export class RotationLog {
  readonly #log: Pick<Log, 'print'>;

  constructor(log: Pick<Log, 'print'>) {
    this.#log = log;
  }

  /** Prints a step that succeeded, and its outcome in a few words. */
  stepDone(fields: StepOfVersion & { outcome: string }): void {
    const metrics = fields.step === 'finishSecret' ? { Rotated: 1 } : {};
    this.#log.print({ level: 'info', event: 'rotation_step', metrics, fields });
  }

  rotationFailed(
    fields: StepOfVersion & { error: string; systemCode?: string; description: string; stack?: readonly string[] },
  ): void {
    this.#log.print({ level: 'error', event: 'rotation_failed', metrics: { RotationFailed: 1 }, fields });
  }
}
