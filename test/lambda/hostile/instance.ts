// One instance for hostile requests. The whole function is real. It has a table in memory, a Secrets Manager that
// answers at once, a token endpoint over HTTP and a clock that a test sets. Each secret value is a canary.

import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Clock } from '../../../lambda/clock.ts';
import { Scopes } from '../../../lambda/oauth/scopes.ts';
import { VEND_TIMEOUT_MS } from '../../../lambda/time-limits.ts';
import type { FunctionUrlEvent } from '../../../lambda/vend/http/function-url-event.ts';
import { createVendFunction } from '../../../lambda/vend/vend-function.ts';
import { ScopePolicy } from '../../../lambda/vend/vending/scope-policy.ts';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { type ServedAuthorizationServer, startAuthorizationServer } from '../../../local/serve-authorization-server.ts';
import { SimulatedDynamoDb } from '../../../testbed/simulator/simulated-dynamodb.ts';

export const PROFILE = 'default';
export const AUDIENCE = 'https://api.example';
/** The scopes of the credential. A profile with an allow-list allows the first two. */
export const CREDENTIAL_SCOPES = [
  'order.order_read',
  'price.price_manage',
  'media.asset_manage',
  'product.product_manage',
] as const;
export const ALLOWED: readonly string[] = CREDENTIAL_SCOPES.slice(0, 2);

/** The nth token that the authorization server issues. */
export function tokenOf(n: number): string {
  return `canary-token-${String(n).padStart(19, '0')}`;
}

/** The authorization server of all instances, which run one after the other. Each instance begins with token 0. */
export class Server {
  /** What the server does instead of answering correctly. @default it answers correctly */
  misbehaviour: Misbehaviour | undefined;
  #issued = 0;
  #emporix: ServedAuthorizationServer | undefined;

  async start(): Promise<void> {
    this.#emporix = await startAuthorizationServer({
      clientId: 'canary-client',
      clientSecret: 'canary-secret',
      scopes: CREDENTIAL_SCOPES,
      respondWith: () => this.misbehaviour,
      // The server encodes these bytes as base64url, which gives the token's text.
      random: () => Buffer.from(tokenOf(this.#issued++), 'base64url'),
    });
  }

  get emporix(): ServedAuthorizationServer {
    if (this.#emporix === undefined) throw new Error('not started');
    return this.#emporix;
  }

  reset(): void {
    this.#issued = 0;
    this.misbehaviour = undefined;
  }
}

export interface InstanceOptions {
  /** The allow-list. @default all scopes of the credential */
  readonly scopes?: readonly string[] | undefined;
  readonly tenant?: string | undefined;
  /** The secret's value. With null, Secrets Manager fails. @default the credential that the server accepts */
  readonly secret?: string | null;
}

export const SECRET = JSON.stringify({ client_id: 'canary-client', client_secret: 'canary-secret' });

export function startInstance(server: Server, options: InstanceOptions = {}) {
  const { scopes: allowed, tenant, secret = SECRET } = options;
  let nowMs = 1_800_000_000_000;
  const forward = (ms: number) => {
    nowMs += Math.ceil(ms);
  };
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    // A pause only moves the clock.
    sleep: async (ms) => forward(ms),
    waitAtMost: (_, promise) => promise,
  };
  const lines: string[] = [];
  const table = new CountedTable(clock.nowMs);
  const settings = {
    profile: PROFILE,
    stackName: 'TokenVending',
    credential: 'emporix',
    secretId: 'token-vending/emporix',
    tableName: 'tokens',
    tokenEndpoint: server.emporix.tokenEndpoint,
    clientAuthentication: 'client_secret_post',
    parameters: { audience: AUDIENCE },
    ...(allowed && { scopes: allowed }),
    ...(tenant !== undefined && { tenant }),
  } as const;
  const { handler, memory } = createVendFunction(settings, {
    dynamoDb: table.client,
    secretsManager: secretsManagerWith(secret),
    region: 'eu-central-1',
    clock,
    random: () => 0.5,
    randomBytes,
    write: (line) => lines.push(line),
  });
  const scopePolicy = new ScopePolicy(settings);
  let calls = 0;
  return {
    forward,
    nowMs: clock.nowMs,
    table,
    remembers: (scope: string) => memory.get(scopePolicy.request(Scopes.parse(scope)).key) !== undefined,
    /** @param event as Lambda's runtime parses it from JSON */
    async call(event: unknown, remainingMs = VEND_TIMEOUT_MS) {
      const requestId = `request-${calls++}`;
      const printedBefore = lines.length;
      const [reads, writes, requests] = [table.reads, table.writes, server.emporix.requests.length];
      const context = { awsRequestId: requestId, getRemainingTimeInMillis: () => remainingMs };
      const response = await handler(event as FunctionUrlEvent, context);
      return {
        requestId,
        response,
        printed: lines.slice(printedBefore),
        reads: table.reads - reads,
        writes: table.writes - writes,
        /** The scopes of each request that reached the authorization server. */
        requestedScopes: server.emporix.requests.slice(requests).map(({ params }) => params.scope),
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
    const client = new SimulatedDynamoDb({ nowMs }).client;
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
