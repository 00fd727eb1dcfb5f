// Local mode: a profile's vend function as it would be deployed, behind a function URL, with stand-ins for all that it
// calls. `npm start` and the tests share it.

import type { ProfileFile } from '../lambda/vend/settings.ts';
import { writeVendCode } from '../lib/vend-code.ts';
import { type LocalDynamoDb, startDynamoDb } from './dynamodb.ts';
import { type Emporix, type EmporixOptions, SOME_SCOPES, startEmporix } from './emporix.ts';
import { createSecret, lambdaEnvironment, vendEnvironment } from './function-environment.ts';
import { type FunctionUrlOptions, startFunctionUrl } from './function-url.ts';
import type { Listening } from './http.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from './names.ts';
import { startSecretsManager } from './secrets-manager.ts';
import { temporaryFolder } from './temporary-folder.ts';

const FUNCTION_NAME = 'token-vending-local';

/** An authorization server and a client of it. */
export interface AuthorizationServer {
  readonly tokenEndpoint: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface LocalModeOptions {
  /** @default 'default' */
  readonly profileName?: string;
  /** @default 'emporix' */
  readonly credentialName?: string;
  /** @default all scopes, client_secret_post */
  readonly profile?: ProfileFile;
  /** @default a simulated Emporix that holds the profile's scopes */
  readonly authorizationServer?: AuthorizationServer;
  /** For the simulated Emporix, over what the profile says. */
  readonly emporix?: EmporixOptions;
  /** @default any free port */
  readonly port?: number;
  /** How many instances may run at once. @default 4 */
  readonly instances?: number;
  /** @default 512 */
  readonly memoryMb?: number;
  /** Takes what the instances print. @default standard output */
  readonly write?: (text: string) => void;
  /** Of the function, over what it has otherwise: to point it at something else than a stand-in. @default none */
  readonly environment?: Readonly<Record<string, string>>;
}

export interface LocalMode {
  /** The function URL, without a trailing slash. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Undefined with another authorization server. */
  readonly emporix: Emporix | undefined;
  readonly dynamodb: LocalDynamoDb;
  readonly secretsManager: Listening & { readonly secretId: string };
  /** Ends at once, also requests under way. */
  close(): Promise<void>;
}

export async function startLocalMode(options: LocalModeOptions = {}): Promise<LocalMode> {
  const profile = options.profile ?? { clientAuthentication: 'client_secret_post' };
  const credentialName = options.credentialName ?? 'emporix';
  const code = temporaryFolder();
  const started: { close(): Promise<void> }[] = [code];
  const close = async () => void (await Promise.all(started.map((standIn) => standIn.close())));
  /** Remembers what has been started, so that a start that fails later ends it too. */
  async function keep<StandIn extends { close(): Promise<void> }>(starting: Promise<StandIn>): Promise<StandIn> {
    const standIn = await starting;
    started.push(standIn);
    return standIn;
  }
  try {
    writeVendCode(code.path, profile);
    const [dynamodb, secrets, emporix] = await Promise.all([
      keep(startDynamoDb()),
      keep(startSecretsManager()),
      options.authorizationServer ? undefined : keep(startEmporix(emporixOptions(profile, options.emporix))),
    ]);
    const server = options.authorizationServer ?? emporix;
    if (!server) throw new Error('no authorization server');
    const secretId = await createSecret(secrets.url, `token-vending/${credentialName}`, server);
    const secretsManager = { ...secrets, secretId };
    const environment = {
      ...lambdaEnvironment(FUNCTION_NAME, code.path, options.memoryMb),
      ...vendEnvironment({
        profileName: options.profileName ?? 'default',
        credentialName,
        tokenEndpoint: server.tokenEndpoint,
        dynamodb,
        secretsManager,
      }),
      ...options.environment,
    };
    const { url } = await keep(startFunctionUrl(functionUrlOptions(code.path, environment, options)));
    return { url, region: LOCAL_REGION, ...LOCAL_CREDENTIALS, emporix, dynamodb, secretsManager, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function functionUrlOptions(
  codeDirectory: string,
  environment: Readonly<Record<string, string>>,
  { port, instances, memoryMb, write }: LocalModeOptions,
): FunctionUrlOptions {
  return {
    codeDirectory,
    environment,
    functionName: FUNCTION_NAME,
    ...(port !== undefined && { port }),
    ...(instances !== undefined && { instances }),
    ...(memoryMb !== undefined && { memoryMb }),
    ...(write && { write }),
  };
}

/** The client holds what the profile allows, and some scopes that it doesn't. */
function emporixOptions(
  { scopes = [], tenant, clientAuthentication }: ProfileFile,
  overrides: EmporixOptions = {},
): EmporixOptions {
  const held = [...new Set([...SOME_SCOPES, ...scopes])];
  return { scopes: held, clientAuthentication, ...(tenant !== undefined && { tenant }), ...overrides };
}
