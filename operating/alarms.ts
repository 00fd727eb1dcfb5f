// The catalog of alarms: what each one watches, when it goes on, and what it means. Each has a heading in
// docs/runbook.md, and docs/operating.md has the arithmetic of the thresholds. lib/monitoring.ts deploys them. Only the
// pagers notify, which are composite alarms: one of the table and the credentials, and one of each profile.
//
// An alarm that needs two of five minutes goes on within three minutes, and within five where the data are two minutes
// late, as those of log lines may be.

import { calculated, constant, type Expression, either, filled, metric, sum } from './expression.ts';

/** The settings of `alarms` in the configuration: thresholds per minute. */
export type AlarmSetting =
  | 'failures'
  | 'misconfigured'
  | 'throttles'
  | 'functionErrors'
  | 'vendedPastMargin'
  | 'replacedCredentialInUse'
  | 'credentialCheckFailed'
  | 'mintedEarly'
  | 'tableFailed';

/** What not every credential or profile has. */
export type Feature = 'canary' | 'rotation';

export interface Alarm {
  /** What it is of: each stack, credential or profile has one. */
  readonly of: 'Stack' | 'Credential' | 'Profile';
  /** One metric, or metric math. */
  readonly on: Expression;
  /** Its threshold. The alarm goes on at or above `atLeast`, or below `below`. */
  readonly atLeast?: number;
  readonly below?: number;
  /** Where the threshold can be configured. @default it can't: its meaning is that nothing, or anything, happens */
  readonly setting?: AlarmSetting;
  /** It is on while the threshold is reached in so many of the last periods. */
  readonly periods: readonly [toAlarm: number, evaluated: number];
  /**
   * What its subject must have. A period of an alarm on the canary is the time between two of its runs.
   * @default nothing, and a period is a minute
   */
  readonly only?: Feature;
  /**
   * What a period without data is. `ignore`: where no period has data, the state stays as it is.
   * @default 'notBreaching', because failures are counted when they happen only
   */
  readonly missing?: 'breaching' | 'ignore';
  /** In one sentence. */
  readonly means: string;
}

/** Whether a call of the minute was neither throttled nor lost, by Lambda's own metrics alone. */
const ANY_ANSWERED = calculated(filled('Invocations', 'Sum', 0), '>', filled('Errors', 'Sum', 0));

/**
 * The requests of a minute that brought no token, if none was vended. `Vended` is 0 for an answer 5xx, so the count of
 * its samples is the count of these answers. Calls that die or are throttled count only if the function answered none:
 * so an alarm never takes tokens of which the lines are late for none. Where Lambda throttles all, there are no lines
 * after some minutes, and FILL may have nothing to fill: then the state stays as it is.
 */
const FAILED_WHILE_NOTHING_VENDED = either(
  calculated(filled('Vended', 'Maximum', 0), '>', constant(0)),
  constant(0),
  sum(
    filled('Vended', 'SampleCount', 0),
    either(ANY_ANSWERED, constant(0), sum(filled('Errors', 'Sum', 0), filled('Throttles', 'Sum', 0))),
  ),
);

/** Whether a mint of the minute succeeded. `Minted` is 0 for a mint that the server failed. */
const ANY_MINTED = metric('Minted', 'Maximum');

// biome-ignore format: it reads as a table
export const ALARMS = {
  NothingVended: {
    of: 'Profile', on: FAILED_WHILE_NOTHING_VENDED, atLeast: 1,
    periods: [2, 5], missing: 'ignore',
    means: 'Callers ask for tokens, and none is vended.',
  },
  Failures: {
    of: 'Profile', on: metric('Failed'), atLeast: 5, setting: 'failures',
    periods: [2, 5], means: 'Some callers get no token (502, 503), although they did nothing wrong.',
  },
  Misconfigured: {
    of: 'Profile', on: metric('Misconfigured'), atLeast: 1, setting: 'misconfigured',
    periods: [2, 5], means: 'Callers get 500, because the operator has to put something right.',
  },
  Throttles: {
    of: 'Profile', on: metric('Throttles'), atLeast: 10, setting: 'throttles',
    periods: [2, 5], means: 'Lambda refuses calls: the concurrency of the function or of the account is used up.',
  },
  FunctionErrors: {
    of: 'Profile', on: metric('Errors'), atLeast: 1, setting: 'functionErrors',
    periods: [2, 5], means: 'The function dies or takes longer than its time-out.',
  },
  VendedPastMargin: {
    of: 'Profile', on: metric('VendedPastMargin'), atLeast: 1, setting: 'vendedPastMargin',
    periods: [2, 5], means: 'Tokens are vended that can not be renewed, so callers will get none when these end.',
  },
  CanaryFailed: {
    of: 'Profile', on: metric('CanaryPassed', 'Maximum'), below: 1,
    only: 'canary', periods: [2, 2], missing: 'breaching',
    means: 'A consumer from outside gets no token, or gets one that it must not have.',
  },
  ServerDown: {
    of: 'Credential', on: ANY_MINTED, below: 1,
    periods: [2, 5], means: 'The authorization server is down, slow, throttling or talking nonsense: no mint succeeds.',
  },
  CredentialRefused: {
    of: 'Credential', on: metric('CredentialRefused'), atLeast: 1,
    periods: [1, 10], means: 'The authorization server does not accept a version of the credential.',
  },
  ReplacedCredentialInUse: {
    of: 'Credential', on: metric('ReplacedCredentialInUse'), atLeast: 1, setting: 'replacedCredentialInUse',
    periods: [2, 5], means: 'Tokens of a replaced credential are still vended, because the current one can not mint.',
  },
  CredentialCheckFailed: {
    of: 'Credential', on: metric('CredentialCheckFailed'), atLeast: 1, setting: 'credentialCheckFailed',
    periods: [2, 5], means: 'The secret can not be read. If access is denied, nothing is minted after 5 minutes.',
  },
  MintedEarly: {
    of: 'Credential', on: metric('MintedEarly'), atLeast: 2, setting: 'mintedEarly',
    periods: [2, 5], means: 'Tokens are minted again and again before they end, which the server may throttle.',
  },
  RotationFailed: {
    of: 'Credential', on: metric('Errors'), atLeast: 1,
    only: 'rotation', periods: [1, 15], means: 'A verified rotation failed, and the credential is the one before.',
  },
  TableFailed: {
    of: 'Stack', on: metric('TableFailed'), atLeast: 2, setting: 'tableFailed',
    periods: [5, 10], means: 'The token table can not be read or written, so each instance mints for itself.',
  },
} as const satisfies Readonly<Record<string, Alarm>>;

export type AlarmName = keyof typeof ALARMS;

/** The names of the alarms of a stack, a credential or a profile that has these features. */
export function alarmsOf(subject: Alarm['of'], features: readonly Feature[] = []): readonly AlarmName[] {
  const names = Object.keys(ALARMS) as AlarmName[];
  return names.filter((name) => {
    const { of, only }: Alarm = ALARMS[name];
    return of === subject && (only === undefined || features.includes(only));
  });
}

/** The thresholds where none are configured. */
export const DEFAULT_THRESHOLDS = Object.fromEntries(
  Object.values<Alarm>(ALARMS).flatMap(({ setting, atLeast }) => (setting === undefined ? [] : [[setting, atLeast]])),
) as Readonly<Record<AlarmSetting, number>>;

/** `NothingVended` is explained under `docs/runbook.md#nothing-vended`. */
export function runbookAnchor(name: AlarmName): string {
  return name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
}

/** How long the pager of a profile waits for the shared one to go on, and how long it stays silent after that. */
export const SUPPRESSION = { waitMs: 120_000, extensionMs: 300_000 } as const;
