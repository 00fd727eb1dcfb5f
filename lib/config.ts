// The checked configuration. What is left out is filled in key by key, and the first mistake stops with one line. The
// properties and their defaults are described in props.ts.

import { z } from 'zod';
import type { ClientAuthenticationMethod } from '../lambda/oauth/client-authentication.ts';
import type { SecretFields } from '../lambda/secrets/secret-value.ts';
import { type AlarmSetting, DEFAULT_THRESHOLDS } from '../operating/alarms.ts';
import { ConfigError, configErrorOf } from './config-error.ts';
import * as value from './config-values.ts';
import { type CredentialOptions, DEFAULTS, type ProfileOptions, type TokenVendingProps } from './props.ts';

export interface CredentialConfig extends CredentialOptions {
  readonly tokenEndpoint: string;
  readonly secretFields?: SecretFields;
  readonly rotation: boolean;
  readonly clientAuthentication: ClientAuthenticationMethod;
}

interface ProfileConfig extends ProfileOptions {
  readonly credential: string;
}

export interface Config extends TokenVendingProps {
  readonly credentials: Readonly<Record<string, CredentialConfig>>;
  readonly profiles: Readonly<Record<string, ProfileConfig>>;
  readonly memoryMb: number;
  readonly logRetentionDays: number;
  readonly alarms: Readonly<Record<AlarmSetting, number>>;
}

const SETTINGS = Object.keys(DEFAULT_THRESHOLDS) as AlarmSetting[];

const secretFields = value
  .object({
    clientId: value.secretField.default(DEFAULTS.secretFields.clientId),
    clientSecret: value.secretField.default(DEFAULTS.secretFields.clientSecret),
  })
  .refine(({ clientId, clientSecret }) => clientId !== clientSecret, 'must name two different fields');

const credential = value
  .object({
    tokenEndpoint: value.tokenEndpoint.default(DEFAULTS.tokenEndpoint),
    secretName: value.secretName.exactOptional(),
    secretArn: value.secretArn.exactOptional(),
    secretKeyArn: value.keyArn.exactOptional(),
    secretFields: secretFields.exactOptional(),
    rotation: value.flag.exactOptional(),
    clientAuthentication: value.clientAuthentication.default(DEFAULTS.clientAuthentication),
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
  canaryEveryMinutes: value.canaryEveryMinutes.exactOptional(),
});

const alarms = value.object(
  Object.fromEntries(
    SETTINGS.map((setting) => [setting, value.threshold.default(DEFAULT_THRESHOLDS[setting])]),
  ) as Record<AlarmSetting, z.ZodDefault<z.ZodInt>>,
);

/** @internal The package's types don't name zod. */
export const configSchema = value
  .object({
    credentials: value.named(credential, 'credential').prefault(DEFAULTS.credentials),
    profiles: value.named(profile, 'profile').prefault(DEFAULTS.profiles),
    memoryMb: value.memoryMb.default(DEFAULTS.memoryMb),
    logRetentionDays: value.logRetentionDays.default(DEFAULTS.logRetentionDays),
    deployment: value
      .object({ strategy: value.deploymentStrategy.default(DEFAULTS.deploymentStrategy) })
      .exactOptional(),
    recordSecretReads: value.flag.exactOptional(),
    encryptionKeyArn: value.keyArn.exactOptional(),
    strictSecretPolicy: value.object({ administrators: value.list(value.roleArn, 'ARN of a role') }).exactOptional(),
    alarms: alarms.prefault({}),
    alarmEmail: value.email.exactOptional(),
    alarmTopicArn: value.topicArn.exactOptional(),
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
  }) satisfies z.ZodType<Config>;

/**
 * The checked configuration.
 *
 * @param raw the properties as they were given, in code or by cdk.json and the command line
 * @throws ConfigError with one line, at the first mistake
 */
export function loadConfig(raw: unknown = {}): Config {
  const result = configSchema.safeParse(withoutUndefined(raw));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw issue === undefined ? new ConfigError(result.error.message) : configErrorOf(issue, raw);
}

/** In code, a key that holds undefined is a key that is left out. */
function withoutUndefined(given: unknown): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const entries = Object.entries(given).filter(([, held]) => held !== undefined);
  return Object.fromEntries(entries.map(([key, held]) => [key, withoutUndefined(held)]));
}
