// The package's entry ./testing, for the tests of programs that call a function URL. It runs the deployed function on
// this machine, with stand-ins for AWS and Emporix, and with faults to switch on.

import { loadConfig } from '../lib/config.ts';
import { profileFileOf } from '../lib/profile-file.ts';
import type { ClientRegistration } from '../local/client-registration.ts';
import { startBundledLocalMode } from './bundled-local-mode.ts';
import { SimulatedFaults } from './faults.ts';
import type { LocalFaults, ServerState } from './local-faults.ts';

export type { ClientRegistration, LocalFaults, ServerState };

export interface StartLocalOptions {
  /** The profile's allow-list, as a list or separated by spaces. @default all scopes of the client */
  readonly scopes?: string | readonly string[] | undefined;
  /** @default any free port */
  readonly port?: number | undefined;
  /** A real authorization server, for which there are no faults. @default a simulated Emporix */
  readonly authorizationServer?: ClientRegistration | undefined;
  /** Is called with what the function prints. @default nothing is printed */
  readonly write?: ((text: string) => void) | undefined;
}

export interface LocalVending {
  /** The function URL, with a slash at its end, as in the stack's outputs. */
  readonly url: string;
  readonly region: string;
  /** For the AWS SDK, for a `TokenClient` or any other signer. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly faults: LocalFaults;
  /**
   * Whether the simulated Emporix has issued this token, and it has neither ended nor been revoked: what an API that is
   * called with the token asks (RFC 7662). A test's own API answers 401 where this is false.
   * @throws Error if a real authorization server is used
   */
  isActive(accessToken: string): boolean;
  /** Ends at once and removes everything: requests that are running are cut. It may be called again. */
  close(): Promise<void>;
}

/**
 * Starts the function with the stand-ins. Several may run at the same time.
 * @throws Error with one line: an option is wrong, the port is in use, or dynalite isn't installed
 */
export async function startLocal(options: StartLocalOptions = {}): Promise<LocalVending> {
  const { scopes, port, authorizationServer, write = () => {} } = options;
  const profile = profileOf(scopes, authorizationServer?.tokenEndpoint);
  const mode = await startBundledLocalMode({
    profile,
    write,
    ...(port !== undefined && { port }),
    ...(authorizationServer && { authorizationServer }),
  });
  const { url, region, accessKeyId, secretAccessKey, emporix, close } = mode;
  return {
    url: `${url}/`,
    region,
    credentials: { accessKeyId, secretAccessKey },
    faults: emporix ? new SimulatedFaults(mode, emporix) : NO_FAULTS,
    isActive: emporix ? (accessToken) => emporix.isAlive(accessToken, Date.now()) : refuse,
    close,
  };
}

/** @throws ConfigError as for a stack's configuration */
function profileOf(scopes: StartLocalOptions['scopes'], tokenEndpoint: string | undefined) {
  const list = typeof scopes === 'string' ? scopes.split(' ').filter(Boolean) : scopes;
  const config = loadConfig({ credentials: { emporix: { tokenEndpoint } }, profiles: { default: { scopes: list } } });
  const { credentials, profiles } = config;
  if (!profiles.default || !credentials.emporix) throw new Error('the configuration lacks what it was given');
  return profileFileOf(profiles.default, credentials.emporix);
}

function refuse(): never {
  throw new Error('This needs the simulated Emporix: leave out authorizationServer');
}

const NO_FAULTS: LocalFaults = {
  setServer: refuse,
  revoke: refuse,
  replaceSecret: async () => refuse(),
  clear: async () => refuse(),
};
