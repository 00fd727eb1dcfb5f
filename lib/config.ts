// The configuration: the `tokenVending` object of cdk.json's context, checked whole before anything is built from it.
// What is left out is filled in key by key; the first mistake stops with one line.

import { z } from 'zod';
import { ConfigError, configErrorOf } from './config-error.ts';
import * as value from './config-values.ts';

export { ConfigError } from './config-error.ts';

/** A client ID and secret at an authorization server. */
export interface CredentialConfig {
  /** @default "https://api.emporix.io/oauth/token" */
  readonly tokenEndpoint: string;
  /** The name of the secret created here. @default CloudFormation's own name, which no retained secret takes */
  readonly secretName?: string;
  /** The complete ARN of a secret that exists, in any account, to be used instead. @default a secret is created here */
  readonly secretArn?: string;
  /** The customer-managed key that the secret of `secretArn` is under. @default Secrets Manager's own key */
  readonly secretKeyArn?: string;
  /** Verified rotation. @default true for a secret created here, false for an existing one */
  readonly rotation: boolean;
  /** How the client authenticates (RFC 6749 §2.3.1). @default "client_secret_post" */
  readonly clientAuthentication: 'client_secret_post' | 'client_secret_basic';
  /** A token of another tenant is refused. @default any tenant */
  readonly tenant?: string;
  /** Sent to the token endpoint as they are. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** What one group of callers may have. */
export interface ProfileConfig {
  /** The name of a credential. @default the only one */
  readonly credential: string;
  /** The allow-list. @default all scopes of the credential */
  readonly scopes?: readonly string[];
  /** ARNs of roles and accounts that may call, also of other accounts. @default who is granted it by IAM */
  readonly callers?: readonly string[];
  /** Every principal of this organization may call. @default no organization */
  readonly organizationId?: string;
  /** @default none reserved: an account's whole limit may be 10 */
  readonly reservedConcurrency?: number;
}

export interface Config {
  /** By name. @default one, `emporix` */
  readonly credentials: Readonly<Record<string, CredentialConfig>>;
  /** By name. @default one, `default` */
  readonly profiles: Readonly<Record<string, ProfileConfig>>;
  /** @default 512 */
  readonly memoryMb: number;
  /** @default 90 */
  readonly logRetentionDays: number;
  /**
   * A customer-managed key for the table, the secrets created here and the logs, in the stack's region. Its policy must
   * let CloudWatch Logs use it. @default AWS's keys
   */
  readonly encryptionKeyArn?: string;
  /**
   * All principals but these roles, and the functions that use a credential, are denied the value of its secret, where it
   * is created here. @default IAM alone decides
   */
  readonly strictSecretPolicy?: { readonly administrators: readonly string[] };
  /** Where alarms are sent. @default nowhere */
  readonly alarmEmail?: string;
}

const credential = value
  .object({
    tokenEndpoint: value.tokenEndpoint.default('https://api.emporix.io/oauth/token'),
    secretName: value.secretName.exactOptional(),
    secretArn: value.secretArn.exactOptional(),
    secretKeyArn: value.keyArn.exactOptional(),
    rotation: value.flag.exactOptional(),
    clientAuthentication: value.clientAuthentication.default('client_secret_post'),
    tenant: value.tenant.exactOptional(),
    parameters: value.parameters.exactOptional(),
  })
  .superRefine((given, context) => {
    const refuse = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    if (given.secretName !== undefined && given.secretArn !== undefined) {
      refuse('secretName', 'must not be there beside secretArn: a secret is created here or exists');
    }
    if (given.secretKeyArn !== undefined && given.secretArn === undefined) {
      refuse('secretKeyArn', 'must not be there without secretArn: a secret created here is under encryptionKeyArn');
    }
  })
  .transform((given) => ({ ...given, rotation: given.rotation ?? given.secretArn === undefined }));

const profile = value.object({
  credential: z.string('must be the name of a credential').exactOptional(),
  scopes: value.list(value.scope, 'scope').exactOptional(),
  callers: value.list(value.callerArn, 'ARN of a role or account').exactOptional(),
  organizationId: value.organizationId.exactOptional(),
  reservedConcurrency: value.reservedConcurrency.exactOptional(),
});

const config = value
  .object({
    credentials: value.named(credential, 'credential').prefault({ emporix: {} }),
    profiles: value.named(profile, 'profile').prefault({ default: {} }),
    memoryMb: value.memoryMb.default(512),
    logRetentionDays: value.logRetentionDays.default(90),
    encryptionKeyArn: value.keyArn.exactOptional(),
    strictSecretPolicy: value.object({ administrators: value.list(value.roleArn, 'ARN of a role') }).exactOptional(),
    alarmEmail: value.email.exactOptional(),
  })
  .superRefine(({ credentials, strictSecretPolicy }, context) => {
    if (strictSecretPolicy && Object.values(credentials).every(({ secretArn }) => secretArn !== undefined)) {
      const message =
        'must not be there where no secret is created here: the policy of one that exists is up to its owner';
      context.addIssue({ code: 'custom', path: ['strictSecretPolicy'], message });
    }
    const names = Object.entries(credentials);
    for (const [index, [name, { secretName }]] of names.entries()) {
      const taken = names.slice(0, index).some(([, other]) => secretName && other.secretName === secretName);
      const path = ['credentials', name, 'secretName'];
      if (taken) context.addIssue({ code: 'custom', path, message: 'must be the secret of one credential only' });
    }
  })
  .transform((given, context) => {
    const credentials = Object.keys(given.credentials);
    const profiles = Object.entries(given.profiles).map(([name, { credential: chosen, ...rest }]) => {
      const resolved = chosen ?? (credentials.length === 1 ? credentials[0] : undefined);
      if (resolved === undefined || !credentials.includes(resolved)) {
        const path = ['profiles', name, 'credential'];
        context.addIssue({ code: 'custom', path, message: `must be one of: ${credentials.join(', ')}` });
      }
      return [name, { credential: resolved ?? '', ...rest }] as const;
    });
    return { ...given, profiles: Object.fromEntries(profiles) };
  });

/**
 * The checked configuration.
 *
 * @param raw the `tokenVending` object, as it came from cdk.json and the command line
 * @throws ConfigError with one line, at the first mistake
 */
export function loadConfig(raw: unknown = {}): Config {
  const result = config.safeParse(raw);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw issue === undefined ? new ConfigError(result.error.message) : configErrorOf(issue, raw);
}
