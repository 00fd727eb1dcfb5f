// What others do, in its plainest form, to compare the function with it. Each renews a token 30 s before its end, and
// mints it once at a time within the instance. The credential is read alike by all designs, once a minute.

import type { Credential } from '../../lambda/oauth/credential.ts';
import type { Token } from '../../lambda/oauth/token.ts';
import { CredentialSource } from '../../lambda/secrets/credential-source.ts';
import { SecretReader } from '../../lambda/secrets/secret-reader.ts';
import { SharedCalls } from '../../lambda/shared-calls.ts';
import type { Settings } from '../../lambda/vend/settings.ts';
import type { TokenSource, VendRequest } from '../../lambda/vend/state/token-state.ts';
import { DynamoDbItems } from '../../lambda/vend/store/dynamodb-items.ts';
import { DynamoDbTokenStore } from '../../lambda/vend/store/dynamodb-token-store.ts';
import { MemoryCache } from '../../lambda/vend/store/memory-cache.ts';
import { open, seal } from '../../lambda/vend/store/seal.ts';
import type { StoredToken } from '../../lambda/vend/store/token-store.ts';
import { createVendFunction } from '../../lambda/vend/vend-function.ts';
import { ScopePolicy, type ScopeRequest } from '../../lambda/vend/vending/scope-policy.ts';
import type { Composition, Vendor, World } from './surroundings.ts';

export const MARGIN_MS = 30_000;
const READ_SECRET_EVERY_MS = 60_000;
/** Puts the renewal point, which is otherwise drawn from 75 to 85 % of the lifetime, at 100 %. */
const RENEWED_AT_ITS_END = 2.5;

interface Found {
  readonly token: Token;
  readonly source: TokenSource;
}

/** Each instance has its own cache in memory, as token libraries do. */
class OwnCache implements Vendor {
  readonly world: World;
  readonly #source: CredentialSource;
  #readAgainAtMs = 0;
  readonly #policy: ScopePolicy;
  readonly #memory = new MemoryCache<Token>();
  readonly #mints = new SharedCalls<Found>();

  constructor(settings: Settings, world: World) {
    this.world = world;
    this.#policy = new ScopePolicy(settings);
    const { secretsManager: client, region, clock } = world;
    const reader = new SecretReader({ client, secretId: settings.secretId, region });
    this.#source = new CredentialSource({ reader, clock });
  }

  async vend({ scopes }: VendRequest, deadlineMs: number): Promise<Found> {
    const request = this.#policy.request(scopes);
    const token = this.#memory.get(request.key);
    if (this.isFresh(token)) return { token, source: 'memory' };
    return await this.#mints.run(request.key, async () => {
      const found = await this.find(request, deadlineMs);
      this.#memory.set(request.key, found.token);
      return found;
    }).result;
  }

  async credential(): Promise<Credential> {
    const { clock } = this.world;
    if (this.#source.current && clock.nowMs() < this.#readAgainAtMs) return this.#source.current;
    this.#readAgainAtMs = clock.nowMs() + READ_SECRET_EVERY_MS;
    return await this.#source.read();
  }

  async credentialOf(version: string): Promise<Credential> {
    return await this.#source.ofVersion(version);
  }

  isFresh(token: Token | undefined): token is Token {
    return token !== undefined && this.world.clock.nowMs() < token.expiresAtMs - MARGIN_MS;
  }

  async find({ scopes }: ScopeRequest, deadlineMs: number): Promise<Found> {
    const credential = await this.credential();
    const { token } = await this.world.tokenEndpoint.mint(credential, scopes, deadlineMs);
    return { token, source: 'mint' };
  }
}

/** A table behind the memory. An instance that finds no token there mints one and puts it there. */
class SharedCache extends OwnCache {
  readonly #store: DynamoDbTokenStore;

  constructor(settings: Settings, world: World) {
    super(settings, world);
    this.#store = new DynamoDbTokenStore(new DynamoDbItems(world.dynamoDb, settings.tableName), world.clock);
  }

  override async find(request: ScopeRequest, deadlineMs: number): Promise<Found> {
    const { key, scopes } = request;
    const { randomBytes, tokenEndpoint } = this.world;
    const [item, credential] = await Promise.all([this.#store.read(key).catch(() => undefined), this.credential()]);
    const cached = await this.#open(key, item);
    if (this.isFresh(cached)) return { token: cached, source: 'table' };
    const { token } = await tokenEndpoint.mint(credential, scopes, deadlineMs);
    const newId = () => Buffer.from(randomBytes(12)).toString('base64url');
    const publication = {
      key,
      leaseId: newId(),
      seenRevision: item?.revision,
      revision: newId(),
      sealed: seal(token, credential, key, randomBytes),
      credentialVersion: credential.version,
      forcedAtSeconds: undefined,
      expiresAtSeconds: Math.floor(token.expiresAtMs / 1000),
    };
    await this.#store.publish(publication).catch(() => undefined);
    return { token, source: 'mint' };
  }

  async #open(key: string, item: StoredToken | undefined): Promise<Token | undefined> {
    if (item?.sealed === undefined || item.credentialVersion === undefined) return undefined;
    return open(item.sealed, await this.credentialOf(item.credentialVersion), key);
  }
}

export interface Design {
  readonly name: string;
  readonly compose: Composition;
  readonly renewalPoint?: () => number;
}

const renewalPoint = () => RENEWED_AT_ITS_END;

export const DESIGNS = {
  ours: { name: 'this design', compose: createVendFunction },
  own: {
    name: '(a) each process for itself',
    compose: (settings, world) => ({ vendor: new OwnCache(settings, world) }),
    renewalPoint,
  },
  shared: {
    name: '(b) shared cache, no lease',
    compose: (settings, world) => ({ vendor: new SharedCache(settings, world) }),
    renewalPoint,
  },
  lease: { name: '(c) lease, not ahead', compose: createVendFunction, renewalPoint },
} as const satisfies Record<string, Design>;

export type DesignName = keyof typeof DESIGNS;
