// The catalog of metrics: the one place for their names, units, dimensions and meanings. The functions print from it,
// the constructs build metric objects and alarms from it. No SDK, no CDK.

export const METRIC_NAMESPACE = 'TokenVending';

/** What fails together has one dimension: a profile's function, or the credential that profiles share. */
export type MetricDimension = 'Profile' | 'Credential';

interface MetricDefinition {
  /** CloudWatch's name of the unit. */
  readonly unit: 'Count';
  readonly dimension: MetricDimension;
  /** One sentence for whoever looks at a graph of it. */
  readonly meaning: string;
}

export const METRICS = {
  Vended: { unit: 'Count', dimension: 'Profile', meaning: 'Tokens given to callers.' },
  ReplacedCredentialInUse: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Tokens vended that a replaced version of the credential minted, because the current one cannot mint.',
  },
  Refused: { unit: 'Count', dimension: 'Profile', meaning: 'Requests answered with an error.' },
  Minted: { unit: 'Count', dimension: 'Profile', meaning: 'Tokens obtained from the authorization server.' },
  MintFailed: { unit: 'Count', dimension: 'Profile', meaning: 'Mints that brought no token.' },
  CredentialRefused: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Times the authorization server refused a version of the credential.',
  },
  ScopesNotGranted: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Scopes of the allow-list that the authorization server did not grant.',
  },
  LifetimeNotNamed: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Tokens whose lifetime the authorization server did not name.',
  },
  FailureCovered: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Failures that a caller did not notice, because a valid token was there.',
  },
  TableFailed: { unit: 'Count', dimension: 'Profile', meaning: 'Calls of the token table that failed.' },
  SealNotOpened: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Items of the token table whose token could not be opened, or was not allowed.',
  },
  CredentialCheckFailed: {
    unit: 'Count',
    dimension: 'Profile',
    meaning: 'Reads of the secret that failed while an earlier value stayed in use.',
  },
  Rotated: { unit: 'Count', dimension: 'Credential', meaning: 'Verified rotations that succeeded.' },
  RotationFailed: { unit: 'Count', dimension: 'Credential', meaning: 'Steps of a verified rotation that failed.' },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
