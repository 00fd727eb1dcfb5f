// One instance for hostile requests: the real handler and all that is behind it, with a table in memory, a Secrets
// Manager that answers at once, a token endpoint over HTTP and a clock that a test sets. What is secret is a canary.

import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CredentialSource } from '../../../lambda/oauth/credential-source.ts';
import { Scopes } from '../../../lambda/oauth/scopes.ts';
import { TokenEndpoint } from '../../../lambda/oauth/token-endpoint.ts';
import { Telemetry } from '../../../lambda/telemetry.ts';
import { createHandler, type FunctionUrlEvent } from '../../../lambda/vend/http.ts';
import { MemoryCache } from '../../../lambda/vend/memory-cache.ts';
import { Minter } from '../../../lambda/vend/minter.ts';
import { ScopePolicy } from '../../../lambda/vend/scope-policy.ts';
import { type Remembered, TokenStore } from '../../../lambda/vend/token-store.ts';
import { TokenTable } from '../../../lambda/vend/token-table.ts';
import { TokenVendor } from '../../../lambda/vend/token-vendor.ts';
import { type Emporix, type Misbehaviour, startEmporix } from '../../../local/emporix.ts';
import { SimulatedDynamoDb } from '../../simulation/dynamodb.ts';

export const PROFILE = 'default';
/** What the credential holds; the first two are what a profile with an allow-list allows. */
export const HELD = ['order.order_read', 'price.price_manage', 'media.asset_manage', 'product.product_manage'] as const;
export const ALLOWED: readonly string[] = HELD.slice(0, 2);

/** The nth token that the authorization server issues. */
export function tokenOf(n: number): string {
  return `canary-token-${String(n).padStart(19, '0')}`;
}

/** The authorization server of all instances, one after the other; each begins with token 0. */
export class Server {
  /** What it does instead of answering as it should. */
  misbehaviour: Misbehaviour | undefined;
  #issued = 0;
  #emporix: Emporix | undefined;

  async start(): Promise<void> {
    this.#emporix = await startEmporix({
      clientId: 'canary-client',
      clientSecret: 'canary-secret',
      scopes: HELD,
      respondWith: () => this.misbehaviour,
      // Read back as base64url, the bytes are the token's text.
      random: () => Buffer.from(tokenOf(this.#issued++), 'base64url'),
    });
  }

  get emporix(): Emporix {
    if (this.#emporix === undefined) throw new Error('not started');
    return this.#emporix;
  }

  reset(): void {
    this.#issued = 0;
    this.misbehaviour = undefined;
  }
}

export interface InstanceOptions {
  /** The allow-list. @default all of the credential's */
  readonly scopes?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  /** The secret's value; null: Secrets Manager fails. @default the server's client */
  readonly secret?: string | null;
}

export const SECRET = JSON.stringify({ client_id: 'canary-client', client_secret: 'canary-secret' });

export function startInstance(server: Server, options: InstanceOptions = {}) {
  const { scopes: allowed, tenant, secret = SECRET } = options;
  let nowMs = 1_800_000_000_000;
  const forward = (ms: number) => {
    nowMs += Math.ceil(ms);
  };
  // Pauses take no time but the clock's.
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: async (ms: number) => forward(ms) };
  const lines: string[] = [];
  const telemetry = new Telemetry({ profile: PROFILE, clock, write: (line) => lines.push(line) });
  const scopes = new ScopePolicy({
    profile: PROFILE,
    credential: 'emporix',
    tokenEndpoint: 'hostile',
    ...(allowed && { scopes: allowed }),
    ...(tenant !== undefined && { tenant }),
  });
  const credentials = new CredentialSource({
    client: secretsManagerWith(secret),
    secretId: 'token-vending/emporix',
    region: 'eu-central-1',
    clock: { ...clock, sleep: () => new Promise(() => {}) },
    onCheckFailed: (failure) => telemetry.credentialCheckFailed(failure),
  });
  const memory = new MemoryCache<Remembered>();
  const table = new CountedTable(clock.nowMs);
  const store = new TokenStore({
    memory,
    table: new TokenTable(table.client, 'tokens'),
    credentials,
    credentialName: 'emporix',
    scopes,
    telemetry,
    clock,
    randomBytes,
  });
  const tokenEndpoint = new TokenEndpoint({
    url: server.emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    clock,
    random: () => 0.5,
  });
  const minter = new Minter({ tokenEndpoint, credentials, scopes, telemetry, clock });
  const vendor = new TokenVendor({ scopes, store, minter, telemetry, clock, random: () => 0.5 });
  const handler = createHandler({ vendor, telemetry, clock, profile: PROFILE, scopes: allowed });
  let requests = 0;
  return {
    forward,
    nowMs: clock.nowMs,
    table,
    remembers: (scope: string) => memory.get(scopes.wanted(Scopes.parse(scope)).pk) !== undefined,
    /** @param event parsed from JSON, as Lambda's runtime does it */
    async call(event: unknown, remainingMs = 25_000) {
      const requestId = `request-${requests++}`;
      const printedBefore = lines.length;
      const [reads, writes, asked] = [table.reads, table.writes, server.emporix.requests.length];
      const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => remainingMs };
      const response = await handler(event as FunctionUrlEvent, context);
      return {
        requestId,
        response,
        printed: lines.slice(printedBefore),
        reads: table.reads - reads,
        writes: table.writes - writes,
        /** The scopes of each request that reached the authorization server. */
        asked: server.emporix.requests.slice(asked).map(({ params }) => params.scope),
      };
    },
  };
}

export type Outcome = Awaited<ReturnType<ReturnType<typeof startInstance>['call']>>;

class CountedTable {
  reads = 0;
  writes = 0;
  fails = false;
  readonly client: DynamoDBClient;

  constructor(nowMs: () => number) {
    const client = new SimulatedDynamoDb(nowMs).client(async (request) => request());
    const send = async (command: UpdateItemCommand) => {
      if (command instanceof UpdateItemCommand) this.writes++;
      else this.reads++;
      if (this.fails) throw new Error('canary-table');
      return await client.send(command);
    };
    this.client = { send } as unknown as DynamoDBClient;
  }
}

function secretsManagerWith(value: string | null): SecretsManagerClient {
  const send = async () => {
    if (value === null) throw new Error('canary-secrets-manager');
    return { VersionId: 'v1', SecretString: value };
  };
  return { send } as unknown as SecretsManagerClient;
}
