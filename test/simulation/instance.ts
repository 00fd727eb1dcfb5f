// One simulated instance: the real vendor, store, table, cache and credential source, with a clock of its own, on a
// network that is slow, loses requests and answers, and crashes whoever uses it.

import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { VendingError } from '../../lambda/errors.ts';
import type { Credential } from '../../lambda/oauth/credential.ts';
import { Scopes } from '../../lambda/oauth/scopes.ts';
import { parseTokenResponse } from '../../lambda/oauth/token.ts';
import { createVendFunction } from '../../lambda/vend/vend-function.ts';
import { ScopePolicy } from '../../lambda/vend/vending/scope-policy.ts';
import type { TokenVendor } from '../../lambda/vend/vending/token-vendor.ts';
import { type Fleet, POLICY, secretOf } from './fleet.ts';
import { never } from './world.ts';

/** One attempt on the table; the SDK makes two. */
const TABLE_TIMEOUT_MS = 500;
const TABLE_ATTEMPTS = 2;
const REQUEST_TIMEOUT_MS = 5_000;

export class Instance {
  readonly vendor: TokenVendor;
  alive = true;
  /** When it last stood still: until then, its calls may be late. */
  pausedAtMs = Number.NEGATIVE_INFINITY;
  /** When it last gave up on the table. */
  tableFailedAtMs = Number.NEGATIVE_INFINITY;
  secretsFailedAtMs = Number.NEGATIVE_INFINITY;
  readonly #fleet: Fleet;
  readonly #skewMs: number;
  readonly #scopes = new ScopePolicy(POLICY);

  constructor(fleet: Fleet) {
    const { world, options } = fleet;
    this.#fleet = fleet;
    this.#skewMs = world.between(-options.clockSkewMs, options.clockSkewMs);
    const clock = {
      nowMs: () => this.nowMs,
      monotonicMs: () => world.nowMs,
      sleep: async (durationMs: number) => {
        await world.sleep(durationMs);
        await this.#goOn();
      },
      waitAtMost: async <T>(durationMs: number, promise: Promise<T>) => {
        const late = clock.sleep(durationMs).then(() => undefined);
        return await Promise.race([promise, late]);
      },
    };
    const { vendor } = createVendFunction(POLICY, {
      dynamoDb: fleet.dynamoDb.client((request, isRead) => this.#overTable(request, isRead)),
      secretsManager: this.#secretsManager(),
      region: 'eu-central-1',
      clock,
      random: world.random,
      randomBytes: (size) => Uint8Array.from({ length: size }, () => Math.floor(world.random() * 256)),
      write: () => {},
      tokenEndpoint: { mint: this.#mint.bind(this), prepare: () => {} },
    });
    this.vendor = vendor;
  }

  get nowMs(): number {
    return this.#fleet.world.nowMs + this.#skewMs;
  }

  pkOf(scope: string): string {
    return this.#scopes.request(Scopes.parse(scope)).key;
  }

  /** A moment at which it may be gone, or go. */
  async #goOn(): Promise<void> {
    const { world, options } = this.#fleet;
    if (this.alive && world.chance(options.faults.crash)) this.#fleet.crash(this);
    if (!this.alive) await never;
    if (!world.chance(options.faults.pause)) return;
    this.#fleet.mishapsAtMs.push(world.nowMs);
    await world.sleep(world.between(1_000, 20_000));
    this.pausedAtMs = world.nowMs;
  }

  async #overTable<T>(request: () => T, isRead: boolean): Promise<T> {
    const { world, options } = this.#fleet;
    const { readsAreThrottled, tableLosesAnswer, tableLosesRequest, tableIsSlow } = options.faults;
    for (let attempt = 1; ; attempt++) {
      const latencyMs = world.chance(tableIsSlow) ? world.between(50, 450) : world.between(1, 20);
      await world.sleep(latencyMs / 2);
      await this.#goOn();
      if (isRead && world.chance(readsAreThrottled)) throw throttling();
      const losesRequest = world.chance(tableLosesRequest);
      const losesAnswer = losesRequest || world.chance(tableLosesAnswer);
      const answer = losesRequest ? undefined : settle(request);
      await world.sleep(losesAnswer ? TABLE_TIMEOUT_MS : latencyMs / 2);
      await this.#goOn();
      if (answer !== undefined && !losesAnswer) return answer();
      if (attempt < TABLE_ATTEMPTS) continue;
      this.#gaveUp();
      throw new Error('the table did not answer');
    }
  }

  #gaveUp(): void {
    this.tableFailedAtMs = this.#fleet.world.nowMs;
    this.#fleet.tableFailures++;
  }

  #secretsManager(): SecretsManagerClient {
    const { world } = this.#fleet;
    const send = async ({ input }: { input: { VersionId?: string; VersionStage?: string } }) => {
      const fails = world.chance(this.#fleet.options.faults.secretsFail);
      await world.sleep(fails ? world.between(400, 2_000) : world.between(1, 30));
      await this.#goOn();
      if (fails) this.#gaveUp();
      if (fails) this.secretsFailedAtMs = world.nowMs;
      if (fails && world.chance(0.7)) throw new Error('Secrets Manager did not answer');
      const staged = input.VersionStage === 'AWSPREVIOUS' ? this.#fleet.previousVersion : this.#fleet.version;
      const version = input.VersionId ?? staged;
      if (version === undefined) throw new Error('no such version');
      return { VersionId: version, SecretString: JSON.stringify(secretOf(version)) };
    };
    return { send } as unknown as SecretsManagerClient;
  }

  /** One request to the token endpoint, without the retry, which makes no difference here. */
  async #mint(credential: Credential, scopes: Scopes | undefined, deadlineMs: number) {
    const { world, server, options, wrongVersions } = this.#fleet;
    const requestedAtMs = this.nowMs;
    const startedAtMs = world.nowMs;
    const timeoutMs = Math.min(REQUEST_TIMEOUT_MS, deadlineMs - this.nowMs);
    const latencyMs = world.chance(0.1) ? world.between(500, 6_000) : world.between(20, 400);
    await world.sleep(Math.min(latencyMs / 2, timeoutMs));
    await this.#goOn();
    const scope = String(scopes ?? '');
    const asked = { scope, pk: this.pkOf(scope), version: credential.version, startedAtMs };
    const refused = wrongVersions.has(credential.version) && !server.isDown;
    const request = server.receive({ ...asked, refused }, refused || world.chance(options.faults.serverFails));
    await world.sleep(Math.min(latencyMs / 2, timeoutMs - latencyMs / 2));
    await this.#goOn();
    if (latencyMs > timeoutMs) throw new VendingError('timed_out', 'simulated');
    if (world.chance(options.faults.serverLosesAnswer)) throw new VendingError('unavailable', 'simulated');
    request.heard = true;
    if (refused) throw new VendingError('credential_refused', 'simulated');
    if (request.accessToken === undefined) throw this.#failure();
    const body = { access_token: request.accessToken, token_type: 'Bearer', expires_in: options.lifetimeSeconds };
    return parseTokenResponse(body, { requestedAtMs, scopes, random: world.random() });
  }

  #failure(): VendingError {
    const { world } = this.#fleet;
    const codes = ['unavailable', 'throttled', 'unusable_answer'] as const;
    const code = codes[Math.floor(world.random() * codes.length)] ?? 'unavailable';
    const retryAfterSeconds = world.chance(0.3) ? Math.ceil(world.between(1, 60)) : undefined;
    return new VendingError(code, 'simulated', { retryAfterSeconds });
  }
}

function throttling(): Error {
  return Object.assign(new Error('simulated'), { name: 'ProvisionedThroughputExceededException' });
}

/** What a request does, when it arrives; what its answer is, when that arrives. */
function settle<T>(request: () => T): () => T {
  try {
    const value = request();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
