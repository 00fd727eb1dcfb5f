// What a month costs: the parts that each call adds, and those that are the same however many calls there are.

import { tracesOf } from '../fleet/arithmetic.ts';
import { DAY, FUNCTION_GB, LIFETIME_SECONDS, MONTH_MS, PRICES, SECOND } from '../fleet/model.ts';
import results from '../results.json' with { type: 'json' };
import {
  CALLS_PER_SECOND,
  CANARY,
  CHECK_SECONDS,
  CLIENT_ASKS_AFTER_SHARE,
  FROM_MEMORY_SHARE,
  INSTANCE_LIFE_MS,
  MINT_WRITE_UNITS,
  MINTS_PER_SCOPE_SET,
  MONITORING,
  SCOPE_SETS,
  SERVER_MS,
  TOKEN_READ_UNITS,
} from './model.ts';

/** USD a month, by what it is paid for. */
export type Cost = Readonly<Record<string, number>>;

/** How large a stack is. */
export interface Size {
  readonly profiles: number;
  readonly credentials: number;
}

/** Of the newest Node.js, at the default memory. */
const MEASURED = results.runs.at(-1)?.figures.firstAnswers['512'];
if (MEASURED === undefined) throw new Error('bench/results.json has no durations');
/** Billed, in whole milliseconds. */
export const DURATIONS_MS = {
  init: Math.ceil(MEASURED.vendTable.initMs),
  memory: 1,
  table: Math.ceil(MEASURED.vendTable.laterMs),
  mint: Math.ceil(MEASURED.vendMint.answerMs) + SERVER_MS,
};

const functionTime = (ms: number) => (ms / SECOND) * FUNCTION_GB * PRICES.functionGbSeconds;

export class Arithmetic {
  readonly #logBytesPerCall: number;

  constructor(logBytesPerCall: number) {
    this.#logBytesPerCall = logBytesPerCall;
  }

  /**
   * @param uses how many times a month services need a token
   * @param cached the part of them that clients answer from their own caches
   */
  ofUses(uses: number, cached: number): Cost {
    const calls = uses * (1 - cached);
    return this.#ofCalls(calls, CALLS_PER_SECOND * (1 - cached), cached === 0 ? FROM_MEMORY_SHARE : 0);
  }

  /** @param callsPerSecond to each instance @param fromMemory the part of the calls */
  #ofCalls(calls: number, callsPerSecond: number, fromMemory: number): Cost {
    // An instance checks the credential at the first call after a check is due.
    const checks = calls / (1 + CHECK_SECONDS * callsPerSecond);
    const starts = calls / Math.max(1, callsPerSecond * (INSTANCE_LIFE_MS / SECOND));
    const tokenReads = calls * (1 - fromMemory);
    const { init, memory, table } = DURATIONS_MS;
    return {
      'Lambda: requests': calls * PRICES.functionRequests,
      'Lambda: duration':
        starts * functionTime(init) + (calls - tokenReads) * functionTime(memory) + tokenReads * functionTime(table),
      'CloudWatch: log': calls * this.#logBytesPerCall * PRICES.logBytes,
      'X-Ray: traces': tracesOf(calls) * PRICES.traces,
      'DynamoDB: reads': (tokenReads * TOKEN_READ_UNITS + checks) * PRICES.tableReadUnits,
      'Secrets Manager: reads': checks * PRICES.secretCalls,
    };
  }

  /** What doesn't depend on the calls. */
  ofStack({ profiles, credentials }: Size): Cost {
    const { stack, credential, profile } = MONITORING;
    const sum = (count: keyof typeof stack) =>
      stack[count] + credentials * credential[count] + profiles * profile[count];
    const mints = profiles * SCOPE_SETS * MINTS_PER_SCOPE_SET;
    return {
      'CloudWatch: metrics': sum('metrics') * PRICES.metricMonths,
      'CloudWatch: alarms': sum('alarmMetrics') * PRICES.alarmMetricMonths,
      'CloudWatch: composite alarms': sum('compositeAlarms') * PRICES.compositeAlarmMonths,
      'CloudWatch: dashboard': PRICES.dashboardMonths,
      'Secrets Manager: secrets': credentials * PRICES.secretMonths,
      canary: profiles * this.#canary(),
      mints: mints * (functionTime(DURATIONS_MS.mint) + MINT_WRITE_UNITS * PRICES.tableWriteUnits),
    };
  }

  /** The canary's own requests, lines and traces count as those of a call. Nothing else calls while it does. */
  #canary(): number {
    const calls = CANARY.runs * CANARY.calls;
    const itself = this.#ofCalls(CANARY.runs, 0, 1);
    return total(this.#ofCalls(calls, 0, 0)) + total(itself) + CANARY.runs * functionTime(CANARY.ms);
  }

  /** Processes that keep their token in a client, each with one scope set. */
  ofProcesses(processes: number): Cost {
    const calls = (processes * MONTH_MS) / (CLIENT_ASKS_AFTER_SHARE * LIFETIME_SECONDS * SECOND);
    return { ...this.#ofCalls(calls, 0, 0), ...this.ofStack({ profiles: 1, credentials: 1 }) };
  }
}

/** Processes that each mint for themselves, and read the secret for each mint. */
export function mintingForItself(processes: number): { readonly mintsPerDay: number; readonly cost: Cost } {
  const mintsPerDay = (processes * DAY) / (LIFETIME_SECONDS * SECOND);
  const reads = mintsPerDay * (MONTH_MS / DAY);
  return { mintsPerDay, cost: { secrets: PRICES.secretMonths, reads: reads * PRICES.secretCalls } };
}

export function total(cost: Cost): number {
  return Object.values(cost).reduce((sum, part) => sum + part, 0);
}
