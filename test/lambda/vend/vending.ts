// A fleet for tests: instances of the real vendor in this process, on a real table, a Secrets Manager and a token
// endpoint over HTTP, with a clock that a test can set.

import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../../lambda/clock.ts';
import { CredentialSource } from '../../../lambda/oauth/credential-source.ts';
import { Scopes } from '../../../lambda/oauth/scopes.ts';
import { TokenEndpoint } from '../../../lambda/oauth/token-endpoint.ts';
import { Telemetry } from '../../../lambda/telemetry.ts';
import { MemoryCache } from '../../../lambda/vend/memory-cache.ts';
import { Minter } from '../../../lambda/vend/minter.ts';
import { type Policy, ScopePolicy } from '../../../lambda/vend/scope-policy.ts';
import { TokenStore } from '../../../lambda/vend/token-store.ts';
import { TokenTable } from '../../../lambda/vend/token-table.ts';
import { TokenVendor } from '../../../lambda/vend/token-vendor.ts';
import type { VendRequest } from '../../../lambda/vend/vend-request.ts';
import { startDynamoDb } from '../../../local/dynamodb.ts';
import { type EmporixOptions, startEmporix } from '../../../local/emporix.ts';
import { STAND_IN_CLIENT } from '../../../local/names.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';

export interface VendingOptions {
  readonly emporix?: EmporixOptions;
  readonly scopes?: readonly string[];
  readonly tenant?: string;
}

export type Vending = Awaited<ReturnType<typeof startVending>>;

/** Real time passes, but a test can put the clock forward. */
class TestClock implements Clock {
  #aheadMs = 0;
  readonly nowMs = () => Date.now() + this.#aheadMs;
  readonly monotonicMs = () => performance.now() + this.#aheadMs;
  /** Pauses take no time but the clock's. With many who wait at a time, that would be the sum of theirs. */
  skipsPauses = true;
  readonly sleep = async (durationMs: number) => {
    if (this.skipsPauses) this.forward(durationMs);
    else await setTimeout(durationMs);
  };
  forward(ms: number): void {
    this.#aheadMs += ms;
  }
}

export async function startVending(options: VendingOptions = {}) {
  const clock = new TestClock();
  const [dynamodb, secrets, emporix] = await Promise.all([
    startDynamoDb(),
    startSecretsManager(),
    startEmporix({ nowMs: clock.nowMs, ...options.emporix }),
  ]);
  const secretsManager = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: secrets.url });
  const dynamoDb = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamodb.url, maxAttempts: 1 });
  const value = (clientSecret: string) => JSON.stringify({ client_id: emporix.clientId, client_secret: clientSecret });
  const secret = { Name: 'emporix', SecretString: value(emporix.clientSecret) };
  await secretsManager.send(new CreateSecretCommand(secret));
  const lines: string[] = [];
  const putSecretString = (SecretString: string) =>
    secretsManager.send(new PutSecretValueCommand({ SecretId: 'emporix', SecretString }));

  interface Overrides {
    readonly table?: Partial<TokenTable>;
    readonly profile?: string;
    /** Over what the others are configured with: another deploy, on the same table. */
    readonly policy?: Partial<Policy>;
    readonly mint?: Minter['mint'];
    /** @default chance, but for the turn to look at a renewal, which comes as soon as it is due */
    readonly random?: () => number;
  }

  function startInstance(overrides: Overrides = {}) {
    const profile = overrides.profile ?? 'default';
    const telemetry = new Telemetry({ profile, clock, write: (line) => lines.push(line) });
    const { emporix: _, ...configured } = options;
    const policy = { profile, credential: 'emporix', tokenEndpoint: emporix.tokenEndpoint, ...configured };
    const scopes = new ScopePolicy({ ...policy, ...overrides.policy });
    const table = new TokenTable(dynamoDb, dynamodb.tableName);
    const credentials = new CredentialSource({
      client: secretsManager,
      secretId: 'emporix',
      region: 'eu-central-1',
      // What is waited for here is over HTTP, and takes its real time.
      clock: { ...clock, nowMs: clock.nowMs, sleep: (ms) => setTimeout(ms, undefined, { ref: false }) },
      onCheckFailed: (failure) => telemetry.credentialCheckFailed(failure),
    });
    const store = new TokenStore({
      memory: new MemoryCache(),
      table: Object.assign(table, overrides.table),
      credentials,
      credentialName: 'emporix',
      scopes,
      telemetry,
      clock,
      randomBytes,
    });
    const tokenEndpoint = new TokenEndpoint({
      url: emporix.tokenEndpoint,
      clientAuthentication: 'client_secret_post',
      clock,
      random: overrides.random ?? Math.random,
    });
    const minter = new Minter({ tokenEndpoint, credentials, scopes, telemetry, clock });
    if (overrides.mint) minter.mint = overrides.mint;
    const { random = () => 0 } = overrides;
    const vendor = new TokenVendor({ scopes, store, minter, telemetry, clock, random });
    return {
      /** Everything that ever holds a secret or a token. */
      objects: { vendor, store, minter, credentials, tokenEndpoint, telemetry, scopes },
      wanted: (scope = '') => scopes.wanted(Scopes.parse(scope)),
      async vend(scope = '', demand: Partial<VendRequest> = {}, withinMs = 24_000) {
        const request = { scopes: Scopes.parse(scope), minTtlMs: 0, rejectedTokenSha256: undefined, ...demand };
        const { token, ...vended } = await vendor.vend(request, clock.nowMs() + withinMs);
        return { accessToken: token.accessToken, ...vended, response: token.response(clock.nowMs()) };
      },
    };
  }

  return {
    clock,
    emporix,
    dynamodb,
    table: new TokenTable(dynamoDb, dynamodb.tableName),
    secrets,
    startInstance,
    /** What the instances printed, as events. */
    events: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    async item(pk: string) {
      const key = { TableName: dynamodb.tableName, Key: { pk: { S: pk } } };
      return (await dynamoDb.send(new GetItemCommand(key))).Item;
    },
    secretVersion: async () =>
      String((await secretsManager.send(new GetSecretValueCommand({ SecretId: 'emporix' }))).VersionId),
    putSecret: (clientSecret: string) => putSecretString(value(clientSecret)),
    putSecretString,
    async close() {
      await Promise.all([dynamodb.close(), secrets.close(), emporix.close()]);
      for (const client of [secretsManager, dynamoDb]) client.destroy();
    },
  };
}
