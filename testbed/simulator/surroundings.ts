// What the instances of a simulated fleet share: its settings, and the services and the chance around them.

import type { Token } from '../../lambda/oauth/token.ts';
import type { Settings } from '../../lambda/vend/settings.ts';
import type { TokenSource, VendRequest } from '../../lambda/vend/state/token-state.ts';
import type { VendWorld } from '../../lambda/vend/vend-function.ts';
import type { AuthorizationServer } from '../../local/authorization-server.ts';
import type { Chance } from './chance.ts';
import type { Faults, Latencies } from './network.ts';
import type { Observer } from './observer.ts';
import type { ItemCapacity, SimulatedDynamoDb } from './simulated-dynamodb.ts';
import type { SimulatedSecret } from './simulated-secret.ts';
import type { SimulatedTime } from './simulated-time.ts';

export const SETTINGS: Settings = {
  stackName: 'TokenVending',
  profile: 'default',
  credential: 'emporix',
  secretId: 'emporix',
  tableName: 'tokens',
  tokenEndpoint: 'https://simulated',
  clientAuthentication: 'client_secret_post',
};

/** What the function gets from outside. */
export type World = VendWorld & Required<Pick<VendWorld, 'tokenEndpoint'>>;

export interface Vendor {
  vend(request: VendRequest, deadlineMs: number): Promise<{ readonly token: Token; readonly source: TokenSource }>;
}

/** Puts the parts of an instance together. */
export type Composition = (settings: Settings, world: World) => { readonly vendor: Vendor };

export interface FleetOptions {
  readonly seed: number;
  readonly instances: number;
  /** The scopes that the credential holds. */
  readonly scopes: readonly string[];
  readonly lifetimeSeconds: number;
  /** Clocks are off by up to this much. */
  readonly clockSkewMs: number;
  readonly latencies: Latencies;
  readonly faults: Faults;
  /** @default it is never reached */
  readonly itemCapacity?: ItemCapacity;
  /** @default the function itself */
  readonly compose?: Composition;
  /** Places a token's renewal, as `random` of `parseTokenResponse` does. @default by chance */
  readonly renewalPoint?: () => number;
}

export interface Surroundings {
  readonly options: FleetOptions;
  readonly time: SimulatedTime;
  readonly chance: Chance;
  readonly table: SimulatedDynamoDb;
  readonly secret: SimulatedSecret;
  readonly authorizationServer: AuthorizationServer;
  readonly observers: readonly Observer[];
  /** Neither the table nor Secrets Manager answers. */
  readonly regionIsAway: boolean;
}
