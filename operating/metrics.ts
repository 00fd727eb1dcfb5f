// The catalog of metrics is the one place for their names, units, dimensions and meanings. The functions print metrics
// from it, and the constructs build metric objects and alarms from it. It imports neither the SDK nor the CDK.
// docs/operating.md has the same table, with what is normal and what to do.

export const METRIC_NAMESPACE = 'TokenVending';

export type Dimension = 'Stack' | 'Credential' | 'Profile' | 'Source';

/** The values of `Source`: where a vended token came from. */
export const SOURCES = ['memory', 'table', 'mint'] as const;

/** The sets of dimensions under which CloudWatch counts a metric. The first set tells what the metric is of. */
type DimensionSets = readonly (readonly Dimension[])[];

const STACK = [['Stack']] as const;
const CREDENTIAL = [['Stack', 'Credential']] as const;
const PROFILE = [['Stack', 'Profile']] as const;
const PROFILE_AND_SOURCE = [...PROFILE, ['Stack', 'Profile', 'Source']] as const;

interface MetricDefinition {
  /** The unit, by CloudWatch's name. */
  readonly unit: 'Count' | 'Milliseconds' | 'Seconds';
  readonly dimensions: DimensionSets;
  readonly meaning: string;
}

/**
 * Failures are printed when they happen only, because zeros cost money. There are two exceptions, on lines that are
 * printed for a failure anyway: `Vended` and `Minted` are then 0. So their maximum in a minute is 0 if, and only if, all
 * attempts of that minute failed.
 */
export const METRICS = {
  Vended: count(PROFILE_AND_SOURCE, 'tokens given to callers; 0 for an answer 500, 502 or 503'),
  Refused: count(PROFILE, 'requests refused because of what the caller sent (4xx)'),
  Misconfigured: count(PROFILE, 'requests that the operator has to act for (500)'),
  Failed: count(PROFILE, 'requests for which no token could be had (502, 503)'),
  ScopesNotGranted: count(PROFILE, 'scopes of the allow-list that the authorization server did not grant'),
  FailureCovered: count(PROFILE, 'failures that no caller noticed, because a valid token was vended'),
  VendedPastMargin: count(PROFILE, 'tokens vended although their renewal is due, because it fails'),
  LeaseWait: { unit: 'Milliseconds', dimensions: PROFILE, meaning: 'how long a request waited for another mint' },
  RemainingLife: {
    unit: 'Seconds',
    dimensions: PROFILE,
    meaning: 'how long a vended token still lives, if it was just minted or its renewal is due',
  },
  CanaryPassed: count(PROFILE, 'runs of the canary: 1 if it passed, 0 if it failed'),
  Minted: count(CREDENTIAL, 'tokens obtained from the authorization server; 0 for a mint that it failed'),
  MintFailed: count(
    CREDENTIAL,
    'mints that failed because the authorization server is down, slow, throttles or unusable',
  ),
  MintLatency: { unit: 'Milliseconds', dimensions: CREDENTIAL, meaning: 'how long a mint took that brought a token' },
  MintedEarly: count(CREDENTIAL, "mints that no token's end explains: forced, for min_ttl, or without the table"),
  CredentialRefused: count(CREDENTIAL, 'times that the authorization server refused a version of the credential'),
  ReplacedCredentialInUse: count(
    CREDENTIAL,
    'tokens vended that a replaced version of the credential minted, 15 s after the current one was seen',
  ),
  CredentialCheckFailed: count(CREDENTIAL, 'reads of the secret that failed'),
  Rotated: count(CREDENTIAL, 'verified rotations that succeeded'),
  RotationFailed: count(CREDENTIAL, 'steps of a verified rotation that failed'),
  TableFailed: count(STACK, 'requests to the token table that failed'),
  SealNotOpened: count(STACK, 'items of the token table whose token could not be opened, or was not allowed'),
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;

function count<Sets extends DimensionSets>(dimensions: Sets, meaning: string) {
  return { unit: 'Count', dimensions, meaning } as const;
}

/** AWS's own metrics of a function and its log group, by namespace. `Duration` is in milliseconds. */
export const FUNCTION_METRICS = {
  Errors: 'AWS/Lambda',
  Throttles: 'AWS/Lambda',
  ConcurrentExecutions: 'AWS/Lambda',
  Invocations: 'AWS/Lambda',
  Duration: 'AWS/Lambda',
  IncomingBytes: 'AWS/Logs',
} as const;

export type FunctionMetricName = keyof typeof FUNCTION_METRICS;

export function isOfFunction(name: MetricName | FunctionMetricName): name is FunctionMetricName {
  return name in FUNCTION_METRICS;
}
