// What docs/cost.md takes for granted, in one place. Prices are those of ../fleet/model.ts, durations those of
// ../results.json. The page says each of these in a sentence.

import { ALARMS, type Alarm, alarmsOf } from '../../operating/alarms.ts';
import { type Dimension, METRICS, SOURCES } from '../../operating/metrics.ts';
import { HOUR, LIFETIME_SECONDS, MONTH_MS, SECOND } from '../fleet/model.ts';

/** The part of the uses that clients answer from their own caches. */
export const CACHED_SHARES = [0, 0.9, 0.99, 0.999] as const;

/** The alarms of a stack, a credential or a profile, if it has all features. */
const alarmMetrics = (of: Alarm['of']) =>
  alarmsOf(of, ['canary', 'rotation']).reduce((sum, name) => sum + ALARMS[name].on.metrics.length, 0);

/** A set of dimensions is a metric for each combination of their values. Only `Source` has more than one. */
function metrics(of: Alarm['of']): number {
  const sets = Object.values(METRICS).flatMap<readonly Dimension[]>(({ dimensions }) =>
    dimensions.filter(() => dimensions[0].at(-1) === of),
  );
  return sets.reduce((sum, set) => sum + (set.includes('Source') ? SOURCES.length : 1), 0);
}

/**
 * How many metrics there are, how many metrics all alarms together read, and how many composite alarms there are. With
 * the canary's. As if each metric were published in each hour.
 */
export const MONITORING = {
  stack: { metrics: metrics('Stack'), alarmMetrics: alarmMetrics('Stack'), compositeAlarms: 1 },
  credential: { metrics: metrics('Credential'), alarmMetrics: alarmMetrics('Credential'), compositeAlarms: 0 },
  profile: { metrics: metrics('Profile'), alarmMetrics: alarmMetrics('Profile'), compositeAlarms: 1 },
} as const;

/** The alarms that `deployment: { "strategy": "canary" }` adds to each profile. Each reads one metric. */
export const ROLLBACK_ALARMS = 2;

/** A run of the canary: what it takes itself, and how many calls of the vend function it makes. */
export const CANARY = { runs: MONTH_MS / (300 * SECOND), ms: 1_000, calls: 2 } as const;

/** Of each profile. */
export const SCOPE_SETS = 20;
/** Tokens are renewed after 75 to 85 % of their lifetime. */
export const MINTS_PER_SCOPE_SET = MONTH_MS / (0.8 * LIFETIME_SECONDS * SECOND);
/** Of a mint. A lease and a token, each in an item of up to 5 KB. */
export const MINT_WRITE_UNITS = 10;
/** Of a mint: what the authorization server takes. */
export const SERVER_MS = 250;

/** To each instance, where no client caches. */
export const CALLS_PER_SECOND = 1;
export const INSTANCE_LIFE_MS = 2 * HOUR;
/** The mean time from a check of the credential until the next one is due. */
export const CHECK_SECONDS = 45;
/** Of the calls, where no client caches. docs/scaling.md has it measured. */
export const FROM_MEMORY_SHARE = 0.881;
/** Of an item with a token for all scopes of a tenant. */
export const TOKEN_READ_UNITS = 2;

/** A client asks again after this part of the lifetime, on average: the token that it gets is of middle age. */
export const CLIENT_ASKS_AFTER_SHARE = 0.5;
