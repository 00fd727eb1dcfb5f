// One simulated instance: the real function, with a clock of its own, on a network that is not reliable.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Token } from '../../lambda/oauth/token.ts';
import type { Settings } from '../../lambda/vend/settings.ts';
import type { TokenSource, VendRequest } from '../../lambda/vend/state/token-state.ts';
import { createVendFunction, type VendWorld } from '../../lambda/vend/vend-function.ts';
import type { Fleet } from './fleet.ts';
import { Transport } from './transport.ts';

export const SETTINGS: Settings = {
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

/** Nothing is heard again of an instance that has crashed. */
const never = new Promise<never>(() => {});

export class Instance {
  readonly vendor: Vendor;
  isAlive = true;
  /** When it last stood still: until then, its calls may be late. */
  stoodStillUntilMs = Number.NEGATIVE_INFINITY;
  /** When it last gave up on a service, or had its answer late. */
  readonly gaveUpAtMs = { table: Number.NEGATIVE_INFINITY, secret: Number.NEGATIVE_INFINITY };
  readonly #fleet: Fleet;
  readonly #skewMs: number;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    const { chance, options, time } = fleet;
    this.#skewMs = chance.between(-options.clockSkewMs, options.clockSkewMs);
    const transport = new Transport(fleet, this);
    const { vendor } = (options.compose ?? createVendFunction)(SETTINGS, {
      dynamoDb: { send: transport.table.bind(transport) } as unknown as DynamoDBClient,
      secretsManager: { send: transport.secret.bind(transport) } as unknown as SecretsManagerClient,
      clock: {
        nowMs: () => this.nowMs,
        monotonicMs: () => time.nowMs(),
        sleep: (durationMs) => transport.sleep(durationMs),
        waitAtMost: (durationMs, promise) => Promise.race([promise, transport.sleep(durationMs).then(() => undefined)]),
      },
      random: chance.random,
      randomBytes: (size) => chance.bytes(size),
      write: () => {},
      region: 'eu-central-1',
      tokenEndpoint: { mint: transport.mint.bind(transport), prepare: () => {} },
    });
    this.vendor = vendor;
  }

  get nowMs(): number {
    return this.#fleet.time.nowMs() + this.#skewMs;
  }

  /** Goes on after a wait, unless it is gone by then, or crashes or stands still now. */
  async live(): Promise<void> {
    const { time, chance, options, observers } = this.#fleet;
    if (this.isAlive && chance.isTrue(options.faults.crash)) this.#fleet.crash(this);
    if (!this.isAlive) await never;
    if (!chance.isTrue(options.faults.pause)) return;
    for (const observer of observers) observer.instanceDisturbed?.();
    await time.sleep(chance.between(1_000, 20_000));
    this.stoodStillUntilMs = time.nowMs();
  }

  giveUp(service: 'table' | 'secret'): void {
    this.gaveUpAtMs[service] = this.#fleet.time.nowMs();
    for (const observer of this.#fleet.observers) observer.requestGivenUp?.();
  }
}
