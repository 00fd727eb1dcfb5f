// The model: every number the simulation takes for granted, in one place.
//
// Arrivals. Each instance gets Poisson calls, one at a time as Lambda gives them; a call's scope set is drawn by Zipf's
// law (exponent 1). The most popular set is `scope` left out, which is granted all 169 scopes of a tenant; the others
// name one to four scopes. Callers make no special demand (`min_ttl`, rejected tokens).
//
// What is run. Calls are run one by one, through the real TokenVendor, by
//   - a panel of instances, for the whole time: each of its calls stands for (instances / panel) calls;
//   - a crowd, in outages and after a rotation, when what an instance does hardly depends on others: weighted likewise;
//   - all instances, in the seconds after a start, a deploy, a rotation and the end of an outage: weight 1;
//   - for each scope set, the whole fleet's calls for it, from its renewal point until its token is replaced, and longer
//     for the most popular ones: weight 1. So whoever could mint a second time is run.
// An instance that is run again after a pause has in its memory what it would have: see instance.ts, `catchUp`.
//
// What is counted. Requests, reads, writes and latencies are sums over the calls run, times their weight. A mint under a
// lease, or by designs that share a table, is counted once: everyone who could take part was run. Mints that an instance
// makes for itself alone (no shared table, or the table away) are weighted. Peaks are taken from calls of weight 1 only.

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** What Emporix gives, in seconds. */
export const LIFETIME_SECONDS = 14_399;
/** Before its end a token is no longer handed out where another can be had: as lambda/vend/known-token.ts. */
export const MARGIN_MS = 30 * SECOND;
/** A full list of a tenant. */
export const ALL_SCOPES = 169;

/** Log-normal, by its median and its 99th percentile, in ms. */
export interface Latency {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Assumed, not measured: what such requests take from a function in the same region. */
export const LATENCY = {
  /** The vend itself: parsing, opening, answering, at 512 MB. */
  memory: { medianMs: 0.3, p99Ms: 2 },
  tableRead: { medianMs: 4, p99Ms: 20 },
  tableWrite: { medianMs: 6, p99Ms: 30 },
  secrets: { medianMs: 12, p99Ms: 60 },
  mint: { medianMs: 250, p99Ms: 1_200 },
  /** Added to the first request of an instance to a service: a TLS connection. */
  connection: { medianMs: 30, p99Ms: 120 },
} as const satisfies Record<string, Latency>;

/** As lambda/vend/index.ts sets the SDK's clients: two attempts, and these limits for each, in ms. */
export const CLIENTS = {
  attempts: 2,
  tableTimeoutMs: 500,
  secretsTimeoutMs: 1_000,
  /** The SDK's own pause before the second attempt: uniform from 0. */
  retryWithinMs: 50,
  retryThrottledWithinMs: 1_000,
} as const;
/** What the function's time-out of 25 s leaves, less a second. */
export const CALL_LIMIT_MS = 24_000;

/** DynamoDB's limits for one partition, and so for one item; units per second. */
export const ITEM_LIMIT = { readUnits: 3_000, writeUnits: 1_000 } as const;
/** What a new on-demand table serves at once, in units per second; more after it has seen more, or when warmed. */
export const TABLE_LIMIT = { readUnits: 12_000, writeUnits: 4_000 } as const;
/** GetSecretValue, calls per second and region. */
export const SECRETS_LIMIT = 10_000;

/** List prices in USD, us-east-1, as of November 2025, without free tiers and volume discounts. */
export const PRICES = {
  where: 'us-east-1, November 2025',
  tableReadUnits: 0.125 / 1e6,
  tableWriteUnits: 0.625 / 1e6,
  secretsCalls: 0.05 / 10_000,
  functionRequests: 0.2 / 1e6,
  /** arm64 */
  functionGbSeconds: 0.0000133334,
  /** CloudWatch Logs, taken in. */
  logBytes: 0.5 / 1e9,
} as const;
export const FUNCTION_GB = 0.5;
/** The three lines that Lambda itself writes for each request. */
export const PLATFORM_LOG_BYTES = 260;
export const MONTH_SECONDS = 30 * 24 * 3_600;

/** Something that happens to the fleet, at a time since the start. */
export type Happening =
  | { readonly atMs: number; readonly what: 'deploy'; readonly withinMs: number }
  | { readonly atMs: number; readonly what: 'rotation' }
  | { readonly atMs: number; readonly what: 'outage'; readonly of: 'region' | 'server'; readonly durationMs: number };

export interface Setting {
  readonly seed: number;
  readonly instances: number;
  readonly callsPerSecond: number;
  readonly scopeSets: number;
  /** Only calls for the most popular ones are run. Left out: for all. */
  readonly scopeSetsRun?: number;
  readonly durationMs: number;
  /** Mean life of an instance, exponential. */
  readonly instanceLifeMs: number;
  readonly panel: number;
  readonly crowd: number;
  readonly happenings: readonly Happening[];
}

/** Ten thousand instances for a week. */
export const WEEK: Omit<Setting, 'seed'> = {
  instances: 10_000,
  callsPerSecond: 1,
  scopeSets: 500,
  durationMs: 7 * DAY,
  instanceLifeMs: 2 * HOUR,
  panel: 1,
  crowd: 50,
  happenings: [
    { atMs: 10 * HOUR, what: 'deploy', withinMs: 5 * SECOND },
    // So that the outage of the server falls, with each design, into a time in which many tokens are to be renewed.
    { atMs: 3 * (LIFETIME_SECONDS * SECOND - MARGIN_MS), what: 'rotation' },
    {
      atMs: 7 * (LIFETIME_SECONDS * SECOND - MARGIN_MS) - MINUTE,
      what: 'outage',
      of: 'server',
      durationMs: 10 * MINUTE,
    },
    { atMs: 1 * DAY + 20 * HOUR, what: 'outage', of: 'region', durationMs: 10 * MINUTE },
    { atMs: 3 * DAY + 14 * HOUR, what: 'rotation' },
    { atMs: 4 * DAY + 10 * HOUR, what: 'deploy', withinMs: 5 * SECOND },
    { atMs: 5 * DAY + 14 * HOUR, what: 'rotation' },
  ],
};

/** What the others are run for: the first two days of that week, which have one of each. */
export const COMPARED_MS = 2 * DAY;
