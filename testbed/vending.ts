// Vend functions in this process, as they are composed when deployed, on a real table, a Secrets Manager and a token
// endpoint over HTTP, with a clock that a test can put forward.

import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DynamoDBClient, GetItemCommand, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type Clock, systemClock } from '../lambda/clock.ts';
import { Scopes } from '../lambda/oauth/scopes.ts';
import type { Settings } from '../lambda/vend/settings.ts';
import type { VendRequest } from '../lambda/vend/state/token-state.ts';
import { DynamoDbTokenStore } from '../lambda/vend/store/dynamodb-token-store.ts';
import { createVendFunction, type VendWorld } from '../lambda/vend/vend-function.ts';
import { type Policy, ScopePolicy } from '../lambda/vend/vending/scope-policy.ts';
import type { AuthorizationServerOptions } from '../local/authorization-server.ts';
import { startDynamoDb } from '../local/dynamodb.ts';
import { LOCAL_REGION, STAND_IN_CLIENT } from '../local/names.ts';
import { startSecretsManager } from '../local/secrets-manager.ts';
import { startAuthorizationServer } from '../local/serve-authorization-server.ts';

export interface VendingOptions {
  readonly emporix?: AuthorizationServerOptions;
  readonly scopes?: readonly string[];
  readonly tenant?: string;
}

export type Vending = Awaited<ReturnType<typeof startVending>>;

export interface InstanceOptions {
  readonly profile?: string;
  /** Over what the others are configured with: another deploy, on the same table. */
  readonly policy?: Partial<Policy>;
  /** What happens to requests for the table, by what they are for; `send` makes the request. */
  readonly faults?: Partial<Record<TableRequest, (send: () => Promise<unknown>) => Promise<unknown>>>;
  readonly tokenEndpoint?: VendWorld['tokenEndpoint'];
  /** @default at random, but an instance reads for a renewal as soon as it is due */
  readonly random?: () => number;
}

type TableRequest = 'read' | 'readThrottling' | 'acquireLease' | 'publish' | 'other';

/** Real time passes until the clock is stopped, and a test can put it forward. */
class TestClock implements Clock {
  #aheadMs = 0;
  #stoppedAtMs: number | undefined;
  readonly nowMs = () => (this.#stoppedAtMs ?? Date.now()) + this.#aheadMs;
  readonly monotonicMs = () => performance.now() + this.#aheadMs;
  /** Pauses take no time but the clock's. With many callers who wait at once, that would be the sum of their pauses. */
  skipsPauses = true;
  readonly sleep = async (durationMs: number) => {
    if (this.skipsPauses) this.forward(durationMs);
    else await setTimeout(durationMs);
  };
  /** What is awaited here comes over HTTP, and takes its real time. */
  readonly waitAtMost = systemClock.waitAtMost;
  forward(ms: number): void {
    this.#aheadMs += ms;
  }
  stop(): void {
    this.#stoppedAtMs = Date.now();
  }
}

export async function startVending(options: VendingOptions = {}) {
  const { emporix: emporixOptions, ...configured } = options;
  const clock = new TestClock();
  const [dynamodb, secrets, emporix] = await Promise.all([
    startDynamoDb(),
    startSecretsManager(),
    startAuthorizationServer({ nowMs: clock.nowMs, ...emporixOptions }),
  ]);
  const secretsManager = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: secrets.url });
  const dynamoDb = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamodb.url, maxAttempts: 1 });
  const value = (clientSecret: string) => JSON.stringify({ client_id: emporix.clientId, client_secret: clientSecret });
  const secret = { Name: 'emporix', SecretString: value(emporix.clientSecret) };
  await secretsManager.send(new CreateSecretCommand(secret));
  const lines: string[] = [];
  const putSecretString = (SecretString: string) =>
    secretsManager.send(new PutSecretValueCommand({ SecretId: 'emporix', SecretString }));

  function settingsOf({ profile = 'default', policy }: InstanceOptions): Settings {
    const { tokenEndpoint } = emporix;
    const names = { profile, credential: 'emporix', secretId: 'emporix', tableName: dynamodb.tableName };
    return { ...names, tokenEndpoint, clientAuthentication: 'client_secret_post', ...configured, ...policy };
  }

  function startInstance(instanceOptions: InstanceOptions = {}) {
    const { faults = {}, random = randomButFirst(0), tokenEndpoint } = instanceOptions;
    const settings = settingsOf(instanceOptions);
    const vendFunction = createVendFunction(settings, {
      dynamoDb: withFaults(dynamoDb, faults),
      secretsManager,
      region: LOCAL_REGION,
      clock,
      random,
      randomBytes,
      write: (line) => lines.push(line),
      ...(tokenEndpoint && { tokenEndpoint }),
    });
    const scopePolicy = new ScopePolicy(settings);
    return {
      /** Holds all that ever holds a secret or a token. */
      vendFunction,
      keyOf: (scope = '') => scopePolicy.request(Scopes.parse(scope)).key,
      async vend(scope = '', demand: Partial<VendRequest> = {}, withinMs = 24_000) {
        const request = { scopes: Scopes.parse(scope), minTtlMs: 0, rejectedTokenSha256: undefined, ...demand };
        const { token, ...vended } = await vendFunction.vendor.vend(request, clock.nowMs() + withinMs);
        return { accessToken: token.accessToken, ...vended, response: token.response(clock.nowMs()) };
      },
    };
  }

  return {
    clock,
    emporix,
    dynamodb,
    store: new DynamoDbTokenStore(dynamoDb, dynamodb.tableName, 'emporix'),
    secrets,
    startInstance,
    /** What the instances printed, as events. */
    events: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    async item(key: string) {
      const request = { TableName: dynamodb.tableName, Key: { pk: { S: key } } };
      return (await dynamoDb.send(new GetItemCommand(request))).Item;
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

function withFaults(client: DynamoDBClient, faults: NonNullable<InstanceOptions['faults']>): VendWorld['dynamoDb'] {
  const send = (command: GetItemCommand | UpdateItemCommand, options: object) => {
    const request = () => client.send(command as GetItemCommand, options);
    return faults[purposeOf(command)]?.(request) ?? request();
  };
  return { send } as VendWorld['dynamoDb'];
}

function purposeOf(command: GetItemCommand | UpdateItemCommand): TableRequest {
  const isOfCredential = command.input.Key?.pk?.S?.startsWith('CREDENTIAL#');
  if (command instanceof GetItemCommand) return isOfCredential ? 'readThrottling' : 'read';
  const { UpdateExpression = '' } = command.input;
  if (UpdateExpression.startsWith('SET sealed')) return 'publish';
  return UpdateExpression.startsWith('SET lease_id') ? 'acquireLease' : 'other';
}

/** The first number drawn by an instance is its offset for reading at a renewal. */
function randomButFirst(first: number): () => number {
  let drawn = 0;
  return () => (drawn++ === 0 ? first : Math.random());
}
