// The catalog of metrics is the one place for their names, units and dimensions. The functions print metrics from it,
// and the constructs build metric objects and alarms from it. It imports neither the SDK nor the CDK.

export const METRIC_NAMESPACE = 'TokenVending';

/** A metric counts for a profile's function, or for a credential that profiles share. */
export type MetricDimension = 'Profile' | 'Credential';

interface MetricDefinition {
  /** The unit, by CloudWatch's name. */
  readonly unit: 'Count';
  readonly dimension: MetricDimension;
}

const ofProfile = { unit: 'Count', dimension: 'Profile' } as const;
const ofCredential = { unit: 'Count', dimension: 'Credential' } as const;

export const METRICS = {
  /** Tokens given to callers. */
  Vended: ofProfile,
  /** Vended tokens that were minted with a replaced version of the credential, because the current one can't mint. */
  ReplacedCredentialInUse: ofProfile,
  /** Requests answered with an error. */
  Refused: ofProfile,
  /** Tokens obtained from the authorization server. */
  Minted: ofProfile,
  /** Mints that failed. */
  MintFailed: ofProfile,
  /** Times that the authorization server refused a version of the credential. */
  CredentialRefused: ofProfile,
  /** Scopes of the allow-list that the authorization server did not grant. */
  ScopesNotGranted: ofProfile,
  /** Tokens whose lifetime the authorization server did not name. */
  LifetimeNotNamed: ofProfile,
  /** Failures that no caller noticed, because a valid token was vended. */
  FailureCovered: ofProfile,
  /** Requests to the token table that failed. */
  TableFailed: ofProfile,
  /** Items of the token table whose token could not be opened, or was not allowed. */
  SealNotOpened: ofProfile,
  /** Reads of the secret that failed while an earlier value stayed in use. */
  CredentialCheckFailed: ofProfile,
  /** Verified rotations that succeeded. */
  Rotated: ofCredential,
  /** Steps of a verified rotation that failed. */
  RotationFailed: ofCredential,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
