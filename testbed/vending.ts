// Vend functions in this process. They are composed as in Lambda, and use a real table, a Secrets Manager and a token
// endpoint over HTTP. A test can move their clock forward.

import { createHash, randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { DeleteItemCommand, DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { type Clock, systemClock } from '../lambda/clock.ts';
import { Scopes } from '../lambda/oauth/scopes.ts';
import type { Settings } from '../lambda/vend/settings.ts';
import { startVendFunction } from '../lambda/vend/start.ts';
import type { VendRequest } from '../lambda/vend/state/token-state.ts';
import { DynamoDbCredentialStore } from '../lambda/vend/store/dynamodb-credential-store.ts';
import { DynamoDbItems, type Item } from '../lambda/vend/store/dynamodb-items.ts';
import { DynamoDbTokenStore } from '../lambda/vend/store/dynamodb-token-store.ts';
import { createVendFunction, type VendFunction, type VendWorld } from '../lambda/vend/vend-function.ts';
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
  /** Settings that differ from those of the other instances. This is like another deploy on the same table. */
  readonly policy?: Partial<Policy>;
  /** Faults of the table, by the purpose of the request. `send` makes the request. @default none */
  readonly faults?: Partial<Record<TableRequest, (send: () => Promise<unknown>) => Promise<unknown>>>;
  /** Faults of Secrets Manager. `version` is the ID or the label that is read. @default none */
  readonly readSecret?: (send: () => Promise<unknown>, version: string) => Promise<unknown>;
  readonly tokenEndpoint?: VendWorld['tokenEndpoint'];
  /** @default random numbers after a first 0, with which an instance reads for a renewal as soon as it is due */
  readonly random?: () => number;
}

type TableRequest = 'read' | 'readCredential' | 'writeCredential' | 'acquireLease' | 'publish' | 'other';

/** The clock follows real time until a test stops it. A test can also move it forward. */
class TestClock implements Clock {
  #offsetMs = 0;
  #stoppedAtMs: number | undefined;
  readonly nowMs = () => (this.#stoppedAtMs ?? Date.now()) + this.#offsetMs;
  readonly monotonicMs = () => performance.now() + this.#offsetMs;
  /**
   * A pause only moves the clock. If many callers wait at the same time, their pauses would add up: set this to false.
   */
  skipsPauses = true;
  readonly sleep = async (durationMs: number) => {
    if (this.skipsPauses) this.forward(durationMs);
    else await setTimeout(durationMs);
  };
  /** This waits in real time, because it waits for answers over HTTP. */
  waitAtMost = systemClock.waitAtMost;
  forward(ms: number): void {
    this.#offsetMs += ms;
  }
  /** Calls again and again for this long, and moves the clock forward after each time. */
  async callEvery(everyMs: number, forMs: number, call: (passedMs: number) => Promise<unknown>): Promise<void> {
    const startedAtMs = this.nowMs();
    for (let passedMs = 0; passedMs < forMs; passedMs = this.nowMs() - startedAtMs) {
      await call(passedMs);
      this.forward(everyMs);
    }
  }
  /** Only a test moves the clock then, so answers over HTTP are awaited however slow the machine is. */
  stop(): void {
    this.#stoppedAtMs = Date.now();
    this.waitAtMost = (_, promise) => promise;
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
  const items = new DynamoDbItems(dynamoDb, dynamodb.tableName);
  const value = (clientSecret: string) => JSON.stringify({ client_id: emporix.clientId, client_secret: clientSecret });
  const secret = { Name: 'emporix', SecretString: value(emporix.clientSecret) };
  await secretsManager.send(new CreateSecretCommand(secret));
  const lines: string[] = [];
  let canPrint = true;
  const print = (line: string) => {
    if (!canPrint) throw new Error('standard output is closed');
    lines.push(line);
  };
  const putSecretString = (SecretString: string) =>
    secretsManager.send(new PutSecretValueCommand({ SecretId: 'emporix', SecretString }));

  function settingsOf({ profile = 'default', policy }: InstanceOptions): Settings {
    const { tokenEndpoint } = emporix;
    const names = {
      stackName: 'TokenVending',
      profile,
      credential: 'emporix',
      secretId: 'emporix',
      tableName: dynamodb.tableName,
    };
    return { ...names, tokenEndpoint, clientAuthentication: 'client_secret_post', ...configured, ...policy };
  }

  function worldOf({ faults = {}, readSecret, random = randomAfter(0), tokenEndpoint }: InstanceOptions): VendWorld {
    return {
      dynamoDb: withFaults(dynamoDb, faults),
      secretsManager: readSecret ? withSecretFault(secretsManager, readSecret) : secretsManager,
      region: LOCAL_REGION,
      clock,
      random,
      randomBytes,
      write: print,
      ...(tokenEndpoint && { tokenEndpoint }),
    };
  }

  function instanceOf(vendFunction: VendFunction, settings: Settings) {
    const scopePolicy = new ScopePolicy(settings);
    return {
      /** Every object that holds a secret or a token is reachable from this one. */
      vendFunction,
      keyOf: (scope = '') => scopePolicy.request(Scopes.parse(scope)).key,
      async vend(scope = '', demand: Partial<VendRequest> = {}, withinMs = 24_000) {
        const scopes = { scopes: Scopes.parse(scope), tenant: Scopes.parseTenant(scope) };
        const request = { ...scopes, minTtlMs: 0, rejectedTokenSha256: undefined, ...demand };
        const { token, ...vended } = await vendFunction.vendor.vend(request, clock.nowMs() + withinMs);
        return { accessToken: token.accessToken, ...vended, response: token.response(clock.nowMs()) };
      },
    };
  }

  /** An instance that has read nothing yet. */
  function startInstance(instanceOptions: InstanceOptions = {}) {
    const settings = settingsOf(instanceOptions);
    return instanceOf(createVendFunction(settings, worldOf(instanceOptions)), settings);
  }

  /** An instance as Lambda starts it. */
  async function startWarmInstance(instanceOptions: InstanceOptions = {}) {
    const settings = settingsOf(instanceOptions);
    return instanceOf(await startVendFunction(settings, worldOf(instanceOptions)), settings);
  }

  return {
    clock,
    emporix,
    dynamodb,
    store: new DynamoDbTokenStore(items, clock),
    credentialStore: new DynamoDbCredentialStore(items, 'emporix', clock),
    secrets,
    startInstance,
    startWarmInstance,
    print,
    /** Whether the instances can print. Where they can't, their calls fail with an error that nobody catches. */
    canPrint(can: boolean) {
      canPrint = can;
    },
    /** The lines that the instances printed, parsed. */
    events: () => lines.map((line): Record<string, unknown> => JSON.parse(line)),
    async item(key: string) {
      const request = { TableName: dynamodb.tableName, Key: { pk: { S: key } } };
      return (await dynamoDb.send(new GetItemCommand(request))).Item;
    },
    /** Sets attributes of an item by hand, under no condition. */
    async setAttributes(key: string, attributes: Item) {
      const names = Object.keys(attributes);
      const request = {
        TableName: dynamodb.tableName,
        Key: { pk: { S: key } },
        UpdateExpression: `SET ${names.map((name) => `${name} = :${name}`).join(', ')}`,
        ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, attributes[name]])),
      };
      await dynamoDb.send(new UpdateItemCommand(request as UpdateItemCommand['input']));
    },
    async deleteItem(key: string) {
      await dynamoDb.send(new DeleteItemCommand({ TableName: dynamodb.tableName, Key: { pk: { S: key } } }));
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

function withSecretFault(
  client: SecretsManagerClient,
  readSecret: NonNullable<InstanceOptions['readSecret']>,
): VendWorld['secretsManager'] {
  const send = (command: GetSecretValueCommand, options: object) => {
    const { VersionId, VersionStage = 'AWSCURRENT' } = command.input;
    return readSecret(() => client.send(command, options), VersionId ?? VersionStage);
  };
  return { send } as VendWorld['secretsManager'];
}

function purposeOf(command: GetItemCommand | UpdateItemCommand): TableRequest {
  const isOfCredential = command.input.Key?.pk?.S?.startsWith('CREDENTIAL#');
  if (command instanceof GetItemCommand) return isOfCredential ? 'readCredential' : 'read';
  if (isOfCredential) return 'writeCredential';
  const { UpdateExpression = '' } = command.input;
  if (UpdateExpression.startsWith('SET sealed')) return 'publish';
  return UpdateExpression.startsWith('SET lease_id') ? 'acquireLease' : 'other';
}

/**
 * Random numbers after a first given one. An instance uses its first number as the offset of its reads for a renewal.
 */
function randomAfter(first: number): () => number {
  let count = 0;
  return () => (count++ === 0 ? first : Math.random());
}

/** A request that reports a token as rejected. */
export function report(accessToken: string): { rejectedTokenSha256: string } {
  return { rejectedTokenSha256: createHash('sha256').update(accessToken).digest('hex') };
}
