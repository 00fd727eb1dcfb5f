// A simulated fleet: instances on one table, one secret and one authorization server.

import type { Scopes } from '../../lambda/oauth/scopes.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import { ANSWER_RESERVE_MS, VEND_TIMEOUT_MS } from '../../lambda/time-limits.ts';
import type { VendRequest } from '../../lambda/vend/state/token-state.ts';
import { open } from '../../lambda/vend/store/seal.ts';
import { ScopePolicy } from '../../lambda/vend/vending/scope-policy.ts';
import { AuthorizationServer, type Misbehaviour } from '../../local/authorization-server.ts';
import { Chance } from './chance.ts';
import { Instance } from './instance.ts';
import type { Call, Observer } from './observer.ts';
import { SimulatedDynamoDb } from './simulated-dynamodb.ts';
import { CLIENT_ID, clientSecretOf, SimulatedSecret } from './simulated-secret.ts';
import { SimulatedTime } from './simulated-time.ts';
import { type FleetOptions, SETTINGS, type Surroundings } from './surroundings.ts';

/** How long a call may take: the function's time-out, less the time to answer. */
export const CALL_LIMIT_MS = VEND_TIMEOUT_MS - ANSWER_RESERVE_MS;

export class Fleet implements Surroundings {
  readonly options: FleetOptions;
  readonly time = new SimulatedTime();
  readonly chance: Chance;
  readonly table: SimulatedDynamoDb;
  readonly secret = new SimulatedSecret();
  readonly authorizationServer: AuthorizationServer;
  readonly observers: Observer[] = [];
  readonly instances: Instance[];
  regionIsAway = false;
  /** The authorization server fails every request. */
  serverIsDown = false;
  /** Of each item, the token that was opened last. */
  readonly #opened = new Map<string, { sealed: Uint8Array; token: Token | undefined }>();
  readonly #policy = new ScopePolicy(SETTINGS);

  constructor(options: FleetOptions) {
    this.options = options;
    this.chance = new Chance(options.seed);
    this.table = new SimulatedDynamoDb({
      nowMs: () => this.time.nowMs(),
      capacity: options.itemCapacity,
      listener: {
        tableAsked: (request) => {
          for (const observer of this.observers) observer.tableAsked?.(request);
        },
        tableWritten: (key, before, after) => {
          for (const observer of this.observers) observer.tableWritten?.(key, before, after);
        },
      },
    });
    this.authorizationServer = new AuthorizationServer({
      clientId: CLIENT_ID,
      clientSecret: clientSecretOf(this.secret.currentVersion),
      scopes: options.scopes,
      expiresInSeconds: options.lifetimeSeconds,
      respondWith: () => this.#misbehaviour(),
      nowMs: () => this.time.nowMs(),
      random: (size) => this.chance.bytes(size),
    });
    this.instances = Array.from({ length: options.instances }, () => this.newInstance());
  }

  async call(instance: Instance, request: VendRequest): Promise<Call> {
    const call: Call = { request, instance, startedAtMs: this.time.nowMs() };
    for (const observer of this.observers) observer.callStarted?.(call);
    try {
      call.vended = await instance.vendor.vend(request, instance.nowMs + CALL_LIMIT_MS);
    } catch (failure) {
      call.failure = failure;
    }
    call.endedAtMs = this.time.nowMs();
    for (const observer of this.observers) observer.callEnded?.(call);
    return call;
  }

  /** Lambda replaces an instance that has crashed. */
  crash(instance: Instance): void {
    instance.isAlive = false;
    for (const observer of this.observers) observer.instanceDisturbed?.(instance);
    this.instances[this.instances.indexOf(instance)] = this.newInstance();
  }

  /** @param rightAfterMs when the authorization server accepts the new version. Infinity: it is wrong. @default at once */
  replaceSecret(rightAfterMs = 0): void {
    const clientSecret = this.secret.replace();
    const accept = () => this.authorizationServer.accept(clientSecret);
    if (rightAfterMs === 0) accept();
    else if (rightAfterMs < Number.POSITIVE_INFINITY) this.time.after(rightAfterMs, accept);
    const atMs = this.time.nowMs();
    const replacement = { version: this.secret.currentVersion, atMs, rightFromMs: atMs + rightAfterMs };
    for (const observer of this.observers) observer.secretReplaced?.(replacement);
  }

  /** DynamoDB's TTL: deletes some of the items that are due. */
  deleteExpiredItems(): void {
    for (const [key, item] of this.table.items) {
      const isDue = Number(item.expires_at?.N) * 1000 < this.time.nowMs();
      if (isDue && this.chance.isTrue(0.5)) this.table.items.delete(key);
    }
  }

  keyOf(scopes: Scopes | undefined): string {
    return this.#policy.request(scopes).key;
  }

  tokenInTable(scopes: Scopes | undefined): Token | undefined {
    const key = this.keyOf(scopes);
    const item = this.table.items.get(key);
    const version = item?.credential_version?.S;
    if (item?.sealed?.B === undefined || version === undefined) return undefined;
    const sealed = item.sealed.B;
    const opened = this.#opened.get(key);
    if (opened?.sealed === sealed) return opened.token;
    const token = open(sealed, this.secret.credentialOf(version), key);
    this.#opened.set(key, { sealed, token });
    return token;
  }

  newInstance(): Instance {
    return new Instance(this, (instance) => this.crash(instance));
  }

  #misbehaviour(): Misbehaviour | undefined {
    if (this.serverIsDown) return { status: 503 };
    if (!this.chance.isTrue(this.options.faults.serverFails)) return undefined;
    const status = [200, 429, 503][Math.floor(this.chance.random() * 3)] ?? 503;
    const retryAfter = this.chance.isTrue(0.3) && { 'retry-after': String(Math.ceil(this.chance.between(1, 60))) };
    return { status, headers: retryAfter || {}, body: 'not a token' };
  }
}
