// What happened in a simulated fleet: what was asked, issued, vended and refused, and when.

import type { Item } from './dynamodb-expressions.ts';
import type { Fleet } from './fleet.ts';
import type { Call, ObservedInstance, Observer, Replacement, Service, TokenRequest } from './observer.ts';

export interface RecordedCall extends Call {
  /** The end, as the token itself says, of the token that the table held at the start. 0: there was none. */
  readonly tokenInTableEndsAtMs: number;
}

/** Something that went wrong at an instance. */
export interface Trouble {
  readonly instance: ObservedInstance;
  readonly atMs: number;
  /** The service that failed the instance. Undefined if it crashed or stood still. */
  readonly service?: Service;
}

/** Something that happened to a version of the credential. */
export interface VersionEvent {
  readonly version: string;
  readonly atMs: number;
}

/** A back-off that was in the table. */
export interface RecordedBackOff {
  readonly key: string;
  readonly version: string;
  readonly untilMs: number;
  readonly recordedAtMs: number;
  /** When another back-off took its place, or a token. */
  replacedAtMs: number;
}

/** Keeps all of it. A simulation of millions of calls needs an observer that only counts. */
export class Ledger implements Observer {
  readonly calls: RecordedCall[] = [];
  readonly tokenRequests: TokenRequest[] = [];
  readonly backOffs: RecordedBackOff[] = [];
  readonly replacements: Replacement[] = [];
  /** Instances that crashed or began to stand still. */
  readonly disturbances: Trouble[] = [];
  /** Requests to the table or to Secrets Manager that failed. */
  readonly givenUp: Trouble[] = [];
  /** Each version that became the accepted one, in turn. */
  readonly accepted: VersionEvent[] = [];
  /** Each test of a version that began or ended. */
  readonly tests: VersionEvent[] = [];
  readonly #fleet: Fleet;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.observers.push(this);
  }

  callStarted(call: Call): void {
    const tokenInTableEndsAtMs = this.#fleet.tokenInTable(call.request.scopes)?.expiresAtMs ?? 0;
    this.calls.push(Object.assign(call, { tokenInTableEndsAtMs }));
  }

  tokenAsked(request: TokenRequest): void {
    this.tokenRequests.push(request);
  }

  secretReplaced(replacement: Replacement): void {
    this.replacements.push(replacement);
  }

  instanceDisturbed(instance: ObservedInstance): void {
    this.disturbances.push({ instance, atMs: this.#fleet.time.nowMs() });
  }

  requestGivenUp(instance: ObservedInstance, service: Service): void {
    this.givenUp.push({ instance, service, atMs: this.#fleet.time.nowMs() });
  }

  tableWritten(key: string, before: Item, after: Item): void {
    const nowMs = this.#fleet.time.nowMs();
    const acceptedVersion = after.accepted_version?.S;
    if (acceptedVersion !== undefined && acceptedVersion !== before.accepted_version?.S) {
      this.accepted.push({ version: acceptedVersion, atMs: nowMs });
    }
    const claimed = after.tested_version?.S;
    if (claimed !== undefined && after.next_test_at?.N !== before.next_test_at?.N) {
      this.tests.push({ version: claimed, atMs: nowMs });
    }
    const untilMs = Number(after.backoff_until?.N) * 1000;
    const isSame = (name: string) => before[name]?.S === after[name]?.S && before[name]?.N === after[name]?.N;
    if (['revision', 'backoff_until', 'backoff_version'].every(isSame)) return;
    for (const backOff of this.backOffs) {
      if (backOff.key === key) backOff.replacedAtMs = Math.min(backOff.replacedAtMs, nowMs);
    }
    if (Number.isNaN(untilMs)) return;
    const version = after.backoff_version?.S ?? '';
    this.backOffs.push({ key, version, untilMs, recordedAtMs: nowMs, replacedAtMs: Number.POSITIVE_INFINITY });
  }
}
