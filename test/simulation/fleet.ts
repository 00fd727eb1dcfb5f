// A simulated fleet: instances on one table and one authorization server, and the calls that were made.

import { Credential } from '../../lambda/oauth/credential.ts';
import { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import type { VendRequest } from '../../lambda/vend/state/token-state.ts';
import { open } from '../../lambda/vend/store/seal.ts';
import { SimulatedDynamoDb } from './dynamodb.ts';
import { Instance } from './instance.ts';
import { SimulatedServer } from './server.ts';
import { World } from './world.ts';

export const POLICY = {
  secretId: 'emporix',
  tableName: 'tokens',
  clientAuthentication: 'client_secret_post',
  profile: 'default',
  credential: 'emporix',
  tokenEndpoint: 'https://simulated',
} as const;
/** What the function's time-out of 25 s leaves, less a second. */
export const CALL_LIMIT_MS = 24_000;

/** Probabilities, each per request. */
export interface Faults {
  readonly tableLosesRequest: number;
  readonly tableLosesAnswer: number;
  readonly tableIsSlow: number;
  /** A key is read too often at once. */
  readonly readsAreThrottled: number;
  /** Secrets Manager fails, or answers late. */
  readonly secretsFail: number;
  readonly crash: number;
  /** An instance stands still for up to 20 s, as a frozen or starved one does. */
  readonly pause: number;
  readonly serverFails: number;
  readonly serverLosesAnswer: number;
}

export interface FleetOptions {
  readonly seed: number;
  readonly instances: number;
  readonly lifetimeSeconds: number;
  /** Clocks are off by up to this much. */
  readonly clockSkewMs: number;
  readonly faults: Faults;
}

export interface Call {
  readonly scope: string;
  readonly request: VendRequest;
  readonly instance: Instance;
  readonly startedAtMs: number;
  /** The end, as it says itself, of the token in the table at the start; 0 where there is none. */
  readonly tokenInTableEndsAtMs: number;
  endedAtMs?: number;
  accessToken?: string;
  failure?: unknown;
}

export class Fleet {
  readonly world: World;
  readonly options: FleetOptions;
  readonly server: SimulatedServer;
  readonly dynamoDb: SimulatedDynamoDb;
  readonly calls: Call[] = [];
  /** When instances crashed or stood still. */
  readonly mishapsAtMs: number[] = [];
  rotations = 0;
  /** Versions of the secret that the authorization server refuses. */
  readonly wrongVersions = new Set<string>();
  readonly replacedAtMs: number[] = [];
  /** Requests to the table or to Secrets Manager that were given up, or were late. */
  tableFailures = 0;
  readonly #instances: Instance[];

  constructor(options: FleetOptions) {
    this.options = options;
    this.world = new World(options.seed);
    this.dynamoDb = new SimulatedDynamoDb(() => this.world.nowMs);
    this.server = new SimulatedServer(this.world, options.lifetimeSeconds);
    this.#instances = Array.from({ length: options.instances }, () => new Instance(this));
  }

  /** The current version of the secret, and the one before. */
  get version(): string {
    return `v${this.rotations + 1}`;
  }
  get previousVersion(): string | undefined {
    return this.rotations === 0 ? undefined : `v${this.rotations}`;
  }

  replaceSecret(isRight: boolean): void {
    this.rotations++;
    this.replacedAtMs.push(this.world.nowMs);
    if (!isRight) this.wrongVersions.add(this.version);
  }

  async call(place: number, scope: string, demand: Partial<VendRequest> = {}): Promise<void> {
    const instance = this.#instances[place % this.#instances.length] as Instance;
    const request = { scopes: Scopes.parse(scope), minTtlMs: 0, rejectedTokenSha256: undefined, ...demand };
    const tokenInTableEndsAtMs = this.tokenInTable(instance.pkOf(scope))?.expiresAtMs ?? 0;
    const call: Call = { scope, request, instance, startedAtMs: this.world.nowMs, tokenInTableEndsAtMs };
    this.calls.push(call);
    try {
      const { token } = await instance.vendor.vend(request, instance.nowMs + CALL_LIMIT_MS);
      call.accessToken = token.accessToken;
    } catch (failure) {
      call.failure = failure;
    }
    call.endedAtMs = this.world.nowMs;
  }

  /** Lambda replaces what has crashed. */
  crash(instance: Instance): void {
    instance.alive = false;
    this.mishapsAtMs.push(this.world.nowMs);
    this.#instances[this.#instances.indexOf(instance)] = new Instance(this);
  }

  /** DynamoDB's TTL: takes some of the items that are due. */
  sweep(): void {
    for (const [pk, item] of this.dynamoDb.items) {
      const due = Number(item.expires_at?.N) * 1000 < this.world.nowMs;
      if (due && this.world.chance(0.5)) this.dynamoDb.items.delete(pk);
    }
  }

  tokenInTable(pk: string): Token | undefined {
    const item = this.dynamoDb.items.get(pk);
    const version = item?.credential_version?.S;
    if (item?.sealed?.B === undefined || version === undefined) return undefined;
    const { client_id, client_secret } = secretOf(version);
    const credential = new Credential(client_id, client_secret, version);
    return open(item.sealed.B, credential, pk);
  }
}

export function secretOf(version: string): { client_id: string; client_secret: string } {
  return { client_id: 'client', client_secret: `secret of ${version}` };
}
