// Local mode: a profile's vend function as it would be deployed, behind a function URL, with stand-ins for everything
// that it calls.

import { DEFAULT_SECRET_FIELDS, secretJson } from '../lambda/secrets/secret-value.ts';
import type { ProfileFile } from '../lambda/vend/settings.ts';
import type { AuthorizationServerOptions } from './authorization-server.ts';
import type { ClientRegistration } from './client-registration.ts';
import { SOME_SCOPES } from './client-secrets.ts';
import { type LocalDynamoDb, startDynamoDb } from './dynamodb.ts';
import { lambdaEnvironment, vendEnvironment } from './function-environment.ts';
import { type FunctionUrlOptions, startFunctionUrl } from './function-url.ts';
import { LocalAlarms } from './local-alarms.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './names.ts';
import { type LocalSecretsManager, startSecretsManager } from './secrets-manager.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from './serve-authorization-server.ts';

const FUNCTION_NAME = 'token-vending-local';

export interface LocalModeOptions {
  /** Holds the bundled function, `index.mjs`, and its `profile.json`. */
  readonly codeDirectory: string;
  /** The content of `profile.json`, which the simulated Emporix is made to fit. */
  readonly profile: ProfileFile;
  /** @default 'default' */
  readonly profileName?: string;
  /** @default 'emporix' */
  readonly credentialName?: string;
  /** @default a simulated Emporix whose client holds the profile's scopes */
  readonly authorizationServer?: ClientRegistration;
  /** Options of the simulated Emporix, which take precedence over what the profile says. */
  readonly emporix?: AuthorizationServerOptions;
  /** @default any free port */
  readonly port?: number;
  /** How many instances may run at once. @default 4 */
  readonly instances?: number;
  /** @default 512 */
  readonly memoryMb?: number;
  /** Is called with what the instances print. @default standard output */
  readonly write?: (text: string) => void;
  /** Variables that are added to the function's environment or replace its own. @default none */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface LocalMode {
  /** The function URL, without a trailing slash. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Undefined if another authorization server is used. */
  readonly emporix: ServedAuthorizationServer | undefined;
  readonly dynamodb: LocalDynamoDb;
  readonly secretsManager: LocalSecretsManager & { readonly secretId: string };
  /** Those of a stack. They are evaluated each minute, and print a line when one goes on or off. */
  readonly alarms: Pick<LocalAlarms, 'evaluate'>;
  /** Replaces the instances, as a deployment does. Requests that are running are answered first. */
  restart(): Promise<void>;
  /** Ends at once: requests that are running are cut. */
  close(): Promise<void>;
}

export async function startLocalMode(options: LocalModeOptions): Promise<LocalMode> {
  const { credentialName = 'emporix', profileName = 'default' } = options;
  const starts: Promise<{ close(): Promise<void> }>[] = [];
  const close = async () => {
    const started = (await Promise.allSettled(starts)).filter((start) => start.status === 'fulfilled');
    await Promise.all(started.map(({ value }) => value.close()));
  };
  /** Remembers what starts, so that it is closed as well when another start fails. */
  function keep<StandIn extends { close(): Promise<void> }>(start: Promise<StandIn>): Promise<StandIn> {
    starts.push(start);
    return start;
  }
  try {
    const [dynamodb, secrets, emporix] = await Promise.all([
      keep(startDynamoDb()),
      keep(startSecretsManager()),
      options.authorizationServer ? undefined : keep(startAuthorizationServer(emporixOptions(options))),
    ]);
    const client = options.authorizationServer ?? emporix;
    if (!client) throw new Error('no authorization server');
    const { secretFields = DEFAULT_SECRET_FIELDS } = options.profile;
    const secret = secretJson(secretFields, client.clientId, client.clientSecret);
    const secretId = secrets.put(`token-vending/${credentialName}`, secret);
    const secretsManager = { ...secrets, secretId };
    const environment = {
      ...lambdaEnvironment(FUNCTION_NAME, options.codeDirectory, options.memoryMb),
      ...vendEnvironment({
        profileName,
        credentialName,
        tokenEndpoint: client.tokenEndpoint,
        dynamodb,
        secretsManager,
      }),
      ...options.environment,
    };
    const write = options.write ?? ((text: string) => void process.stdout.write(text));
    const alarms = new LocalAlarms({ profileName, credentialName, write, nowMs: Date.now });
    void keep(Promise.resolve(alarms));
    const { url, restart } = await keep(startFunctionUrl(functionUrlOptions(options, environment, alarms)));
    const standIns = { emporix, dynamodb, secretsManager };
    return { url, region: LOCAL_REGION, ...LOCAL_CREDENTIALS, ...standIns, alarms, restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function functionUrlOptions(
  { codeDirectory, port, instances, memoryMb }: LocalModeOptions,
  environment: Readonly<Record<string, string>>,
  { write, count }: LocalAlarms,
): FunctionUrlOptions {
  return {
    codeDirectory,
    environment,
    functionName: FUNCTION_NAME,
    ...(port !== undefined && { port }),
    ...(instances !== undefined && { instances }),
    ...(memoryMb !== undefined && { memoryMb }),
    write,
    onOutcome: count,
  };
}

/** The client holds the scopes that the profile allows, and some that it doesn't. */
function emporixOptions({ profile, emporix }: LocalModeOptions): AuthorizationServerOptions {
  const { scopes = [], tenant, clientAuthentication } = profile;
  const held = [...new Set([...SOME_SCOPES, ...scopes])];
  return { scopes: held, clientAuthentication, ...(tenant !== undefined && { tenant }), ...emporix };
}
