// The configuration of `TokenVending`, given in code or as the `tokenVending` object in cdk.json's context. Every key
// may be left out. The comments here are also the descriptions in config.schema.json (`npm run schema`).

import type { ClientAuthenticationMethod } from '../lambda/oauth/client-authentication.ts';
import { DEFAULT_SECRET_FIELDS } from '../lambda/secrets/secret-value.ts';

/** The values that are filled in. A test compares each `@default` below with the schema. */
export const DEFAULTS = {
  tokenEndpoint: 'https://api.emporix.io/oauth/token',
  clientAuthentication: 'client_secret_post',
  secretFields: DEFAULT_SECRET_FIELDS,
  credentials: { emporix: {} },
  profiles: { default: {} },
  memoryMb: 512,
  logRetentionDays: 90,
  deploymentStrategy: 'all-at-once',
} as const;

/** How a new version takes over. */
export type DeploymentStrategy = 'all-at-once' | 'canary';

/** The names of the two fields in a secret's JSON object. */
export interface SecretFieldOptions {
  /**
   * The field that holds the client ID.
   * @default "client_id"
   */
  readonly clientId?: string;
  /**
   * The field that holds the client secret.
   * @default "client_secret"
   */
  readonly clientSecret?: string;
}

/** A client ID and secret at an authorization server. */
export interface CredentialOptions {
  /**
   * The token endpoint of the authorization server: https, or http on a loopback host.
   * @default "https://api.emporix.io/oauth/token"
   */
  readonly tokenEndpoint?: string;
  /**
   * The name of the secret that is created here.
   * @default - CloudFormation chooses a name, which no retained secret has
   */
  readonly secretName?: string;
  /**
   * The complete ARN of a secret that exists, in any account, to be used instead.
   * @default - a secret is created here
   */
  readonly secretArn?: string;
  /**
   * The customer-managed key that the secret of `secretArn` is encrypted with.
   * @default - Secrets Manager's own key
   */
  readonly secretKeyArn?: string;
  /**
   * The names of the fields that hold the client ID and the client secret in the secret's JSON object.
   * @default - client_id and client_secret
   */
  readonly secretFields?: SecretFieldOptions;
  /**
   * Whether the credential has a rotation function, which tests a new credential before it becomes the current one.
   * @default - true for a secret that is created here, false for one that exists
   */
  readonly rotation?: boolean;
  /**
   * How the client authenticates at the token endpoint (RFC 6749 §2.3.1).
   * @default "client_secret_post"
   */
  readonly clientAuthentication?: ClientAuthenticationMethod;
  /**
   * The tenant that tokens must be of. A token of another tenant is refused.
   * @default - any tenant
   */
  readonly tenant?: string;
  /**
   * Parameters that are sent to the token endpoint as they are.
   * @default - none
   */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What one group of callers may have. */
export interface ProfileOptions {
  /**
   * The name of the credential.
   * @default - the only credential
   */
  readonly credential?: string;
  /**
   * The allow-list: the scopes that callers may have.
   * @default - all scopes of the credential
   */
  readonly scopes?: readonly string[];
  /**
   * ARNs of the roles and accounts that may call, also of other accounts. A role must exist at the deploy.
   * @default - only those that are granted the profile: by `grantVend`, or by its managed policy
   */
  readonly callers?: readonly string[];
  /**
   * The ID of an organization. All its principals may call.
   * @default - no organization
   */
  readonly organizationId?: string;
  /**
   * The concurrency that is reserved for the function, and its limit. 0 stops the profile.
   * @default - none, because the limit of a whole account may be 10
   */
  readonly reservedConcurrency?: number;
  /**
   * How often the canary of the profile runs, in minutes: a function that calls the URL as a consumer does, and counts
   * whether it gets a token and is refused what it must not get.
   * @default - no canary
   */
  readonly canaryEveryMinutes?: number;
}

/** Denies everybody else the value of the secrets. */
export interface StrictSecretPolicyOptions {
  /** ARNs of the roles that may read and write the value of the secrets. */
  readonly administrators: readonly string[];
}

/** The thresholds of alarms, each for one minute. docs/operating.md explains the defaults. */
export interface AlarmOptions {
  /**
   * Requests for which no token could be had (502, 503).
   * @default 5
   */
  readonly failures?: number;
  /**
   * Requests answered with 500.
   * @default 1
   */
  readonly misconfigured?: number;
  /**
   * Calls that Lambda throttles.
   * @default 10
   */
  readonly throttles?: number;
  /**
   * Calls in which the function dies or exceeds its time-out.
   * @default 1
   */
  readonly functionErrors?: number;
  /**
   * Tokens vended although their renewal is due, because it fails.
   * @default 1
   */
  readonly vendedPastMargin?: number;
  /**
   * Tokens vended that a replaced version of the credential minted.
   * @default 1
   */
  readonly replacedCredentialInUse?: number;
  /**
   * Reads of the secret that fail.
   * @default 1
   */
  readonly credentialCheckFailed?: number;
  /**
   * Mints that no token's end explains.
   * @default 2
   */
  readonly mintedEarly?: number;
  /**
   * Requests to the token table that fail.
   * @default 2
   */
  readonly tableFailed?: number;
}

/** How new versions of the profiles' functions take over. */
export interface DeploymentOptions {
  /**
   * `all-at-once`, or `canary`: a new version gets a tenth of the requests for five minutes, and is taken back if the
   * function fails or answers 500.
   * @default "all-at-once"
   */
  readonly strategy?: DeploymentStrategy;
}

export interface TokenVendingProps {
  /**
   * The credentials, by name.
   * @default {"emporix":{}}
   */
  readonly credentials?: Readonly<Record<string, CredentialOptions>>;
  /**
   * The profiles, by name. Each has its own function and function URL.
   * @default {"default":{}}
   */
  readonly profiles?: Readonly<Record<string, ProfileOptions>>;
  /**
   * The memory of each function, in MB.
   * @default 512
   */
  readonly memoryMb?: number;
  /**
   * How many days logs are kept.
   * @default 90
   */
  readonly logRetentionDays?: number;
  /**
   * How new versions of the profiles' functions take over.
   * @default - all at once
   */
  readonly deployment?: DeploymentOptions;
  /**
   * Whether a log group records who else reads the value of a secret. This needs a trail that logs reads.
   * @default - false
   */
  readonly recordSecretReads?: boolean;
  /**
   * A customer-managed key for the table, the secrets that are created here, the logs and the topic of `alarmEmail`. It
   * must be in the stack's region, and its policy must let CloudWatch Logs, and for the topic CloudWatch, use it.
   * @default - AWS's keys
   */
  readonly encryptionKeyArn?: string;
  /**
   * Denies all principals but these roles, and the functions that use a credential, the value of its secret. This holds
   * for secrets that are created here.
   * @default - IAM alone decides
   */
  readonly strictSecretPolicy?: StrictSecretPolicyOptions;
  /**
   * The thresholds of alarms.
   * @default {}
   */
  readonly alarms?: AlarmOptions;
  /**
   * The e-mail address that alarms are sent to.
   * @default - alarms are only shown
   */
  readonly alarmEmail?: string;
  /**
   * The ARN of an existing SNS topic, in the stack's region, that alarms are sent to.
   * @default - alarms are only shown
   */
  readonly alarmTopicArn?: string;
}
