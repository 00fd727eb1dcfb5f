// The model: every number that the simulation takes for granted, in one place.
//
// Each instance gets calls at random times (Poisson), one at a time as Lambda hands them over. A call's scope set is drawn
// by Zipf's law (exponent 1). The most popular set is `scope` left out, which is granted all 169 scopes of a tenant; the
// others name one to four scopes. Callers make no special demand (`min_ttl`, rejected tokens).
//
// Each fleet is run whole, call by call, but only in the minutes that matter: runs.ts says which. In between nobody calls.

import { CALL_PRICES } from '../../operating/cost.ts';
import { type Latencies, logNormal, uniform } from '../../testbed/simulator/network.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What Emporix gives. */
export const LIFETIME_SECONDS = 14_399;
export const SCOPE_SETS = 500;
/** Mean, exponential. */
export const INSTANCE_LIFE_MS = 2 * HOUR;

/** Assumed, not measured: what such requests take from a function in the same region. */
export const LATENCIES: Latencies = {
  tableRead: logNormal(4, 20),
  tableWrite: logNormal(6, 30),
  secret: logNormal(12, 60),
  failingSecret: uniform(0, 0),
  token: logNormal(250, 1_200),
  connection: logNormal(30, 120),
  retry: uniform(0, 50),
  retryThrottled: uniform(0, 1_000),
};
/** The vend itself: parsing, opening, answering, at 512 MB. */
export const VEND_LATENCY = logNormal(0.3, 2);

/** DynamoDB's limits for one partition, and so for one item; units per second. */
export const ITEM_LIMIT = { read: 3_000, write: 1_000 } as const;
/** What a new on-demand table serves at once, in units per second; more after it has seen more, or when warmed. */
export const TABLE_LIMIT = { read: 12_000, write: 4_000 } as const;
/** GetSecretValue, calls per second and region. */
export const SECRET_LIMIT = 10_000;

/** Lambda asks X-Ray to record one call a second, and this part of the others. */
export const TRACED_SHARE = 0.05;

/** The same list prices as those of calls. */
export const PRICES = {
  ...CALL_PRICES,
  tableReadUnits: 0.125 / 1e6,
  tableWriteUnits: 0.625 / 1e6,
  secretCalls: 0.05 / 10_000,
  /** X-Ray, recorded. */
  traces: 5 / 1e6,
  /** The rest is for a month. A metric is a name with one combination of dimension values. */
  metricMonths: 0.3,
  /** For each metric that an alarm reads. */
  alarmMetricMonths: 0.1,
  compositeAlarmMonths: 0.5,
  dashboardMonths: 3,
  secretMonths: 0.4,
} as const;
export const FUNCTION_GB = 0.5;
/** The three lines that Lambda itself writes for each request. */
export const PLATFORM_LOG_BYTES = 260;
export const MONTH_MS = 30 * DAY;
