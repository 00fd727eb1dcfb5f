// The options of `npm start`: flags, environment variables and the configuration in cdk.json. A mistake is one line.

import { parseArgs } from 'node:util';
import type { Config } from '../lib/config.ts';
import { tokenEndpoint } from '../lib/config-values.ts';
import { profileFileOf } from '../lib/profile-file.ts';
import type { ClientRegistration } from '../local/client-registration.ts';

const DEFAULT_PORT = 8787;
const MAX_PORT = 65_535;
const MAX_INSTANCES = 100;
const SERVER_VARIABLES = ['TOKEN_ENDPOINT', 'CLIENT_ID', 'CLIENT_SECRET'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** A mistake in the flags or the environment. The message is one line. */
export class UsageError extends Error {}

export function readOptions(args: readonly string[], env: Environment, config: Config) {
  const flags = parseFlags(args);
  const profileName = chooseProfile(flags.profile, Object.keys(config.profiles));
  const profile = config.profiles[profileName];
  const credential = profile && config.credentials[profile.credential];
  if (!profile || !credential) throw new UsageError(`the profile ${profileName} has no credential`);
  const authorizationServer = readAuthorizationServer(env);
  return {
    profileName,
    credentialName: profile.credential,
    profile: profileFileOf(profile, credential),
    port: env.PORT ? integer('PORT', env.PORT, 0, MAX_PORT) : DEFAULT_PORT,
    memoryMb: config.memoryMb,
    ...(flags.instances !== undefined && { instances: integer('--instances', flags.instances, 1, MAX_INSTANCES) }),
    ...(authorizationServer && { authorizationServer }),
  };
}

function parseFlags(args: readonly string[]): { instances?: string; profile?: string } {
  const options = { instances: { type: 'string' }, profile: { type: 'string' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const [firstLine] = String(error instanceof Error ? error.message : error).split('\n');
    throw new UsageError(`${firstLine} (there are --instances N and --profile NAME)`);
  }
}

function chooseProfile(name: string | undefined, names: readonly string[]): string {
  const only = names.length === 1 ? names[0] : 'default';
  const chosen = name ?? only ?? '';
  if (names.includes(chosen)) return chosen;
  const list = names.join(', ');
  throw new UsageError(
    name === undefined
      ? `cdk.json has no profile default; choose one with --profile: ${list}`
      : `--profile is ${JSON.stringify(name)}, it must be one of cdk.json's: ${list}`,
  );
}

function readAuthorizationServer(env: Environment): ClientRegistration | undefined {
  const missing = SERVER_VARIABLES.filter((name) => !env[name]);
  if (missing.length === SERVER_VARIABLES.length) return undefined;
  const { TOKEN_ENDPOINT, CLIENT_ID, CLIENT_SECRET } = env;
  if (!TOKEN_ENDPOINT || !CLIENT_ID || !CLIENT_SECRET) {
    throw new UsageError(`${missing.join(' and ')} not set: ${SERVER_VARIABLES.join(', ')} go together`);
  }
  const problem = tokenEndpoint.safeParse(TOKEN_ENDPOINT).error?.issues[0]?.message;
  // The value isn't shown: a secret may have been put in the wrong variable.
  if (problem !== undefined) throw new UsageError(`TOKEN_ENDPOINT ${problem}`);
  return { tokenEndpoint: TOKEN_ENDPOINT, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${name} is ${JSON.stringify(text)}, it must be a number from ${min} to ${max}`);
}
