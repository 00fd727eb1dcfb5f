// One simulated instance: the real function, with a clock of its own, on a network that is not reliable.

import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createVendFunction } from '../../lambda/vend/vend-function.ts';
import type { ObservedInstance, Service } from './observer.ts';
import { SETTINGS, type Surroundings, type Vendor } from './surroundings.ts';
import { Transport } from './transport.ts';

/** The longest time for which an instance stands still. */
export const MAX_STILL_MS = 20_000;

/** Nothing is heard again of an instance that has crashed. */
const never = new Promise<never>(() => {});

export class Instance implements ObservedInstance {
  readonly vendor: Vendor;
  isAlive = true;
  readonly #surroundings: Surroundings;
  readonly #crash: (instance: Instance) => void;
  readonly #skewMs: number;

  /** @param crash replaces this instance */
  constructor(surroundings: Surroundings, crash: (instance: Instance) => void) {
    this.#surroundings = surroundings;
    this.#crash = crash;
    const { chance, options, time } = surroundings;
    this.#skewMs = chance.between(-options.clockSkewMs, options.clockSkewMs);
    const transport = new Transport(surroundings, this);
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
      tokenEndpoint: { mint: transport.mint.bind(transport), prepare: async () => {}, rehearse: async () => {} },
    });
    this.vendor = vendor;
  }

  get nowMs(): number {
    return this.#surroundings.time.nowMs() + this.#skewMs;
  }

  /** Goes on after a wait, unless it is gone by then, or crashes or stands still now. */
  async live(): Promise<void> {
    const { time, chance, options, observers } = this.#surroundings;
    if (this.isAlive && chance.isTrue(options.faults.crash)) this.#crash(this);
    if (!this.isAlive) await never;
    if (!chance.isTrue(options.faults.pause)) return;
    for (const observer of observers) observer.instanceDisturbed?.(this);
    await time.sleep(chance.between(1_000, MAX_STILL_MS));
  }

  giveUp(service: Service): void {
    for (const observer of this.#surroundings.observers) observer.requestGivenUp?.(this, service);
  }
}
