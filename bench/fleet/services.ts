// What the instances share: the table, the secret and the authorization server, each with its outages; the table with
// the limit that DynamoDB sets to one item.

import { type AttributeValue, GetItemCommand, type UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { GetSecretValueCommandInput } from '@aws-sdk/client-secrets-manager';
import { type Item, SimulatedDynamoDb } from '../../test/simulation/dynamodb.ts';
import { ITEM_LIMIT, LIFETIME_SECONDS, SECOND } from './model.ts';
import type { ScopeSets } from './scope-sets.ts';
import type { SimulatedTime } from './time.ts';

/** A request as it arrived at the table. */
export interface TableRequest {
  readonly kind: 'read' | 'write';
  /** Undefined: not a token's item. */
  readonly scopeSet: number | undefined;
  /** What it costs; a write that is refused by its condition costs as much. */
  readonly units: number;
  readonly publishes: boolean;
  /** Undefined: throttled. */
  readonly answer: Promise<object> | undefined;
}

export class Services {
  /** The table and Secrets Manager. */
  regionIsDown = false;
  serverIsDown = false;
  #rotations = 0;
  #tokens = 0;
  readonly #time: SimulatedTime;
  readonly #scopeSets: ScopeSets;
  readonly #dynamoDb: SimulatedDynamoDb;
  readonly #budgets = new Map<string, { units: number; atMs: number }>();
  readonly #send: (command: GetItemCommand | UpdateItemCommand) => Promise<object>;

  constructor(time: SimulatedTime, scopeSets: ScopeSets) {
    this.#time = time;
    this.#scopeSets = scopeSets;
    this.#dynamoDb = new SimulatedDynamoDb(() => time.nowMs());
    const client = this.#dynamoDb.client(async (request) => request());
    this.#send = (command) => client.send(command as GetItemCommand) as Promise<object>;
  }

  table(command: GetItemCommand | UpdateItemCommand): TableRequest {
    const pk = command.input.Key?.pk?.S ?? '';
    const scopeSet = this.#scopeSets.rankOf(pk);
    if (command instanceof GetItemCommand) {
      const units = unitsOf(this.sizeOf(pk), 4_096);
      const isServed = this.#charge('read', pk, units, ITEM_LIMIT.readUnits);
      return { kind: 'read', scopeSet, units, publishes: false, answer: isServed ? this.#send(command) : undefined };
    }
    const values = command.input.ExpressionAttributeValues ?? {};
    const units = unitsOf(Math.max(this.sizeOf(pk), bytesOf(values)), 1_024);
    const isServed = this.#charge('write', pk, units, ITEM_LIMIT.writeUnits);
    const publishes = values[':sealed'] !== undefined;
    return { kind: 'write', scopeSet, units, publishes, answer: isServed ? this.#send(command) : undefined };
  }

  /** In bytes, as DynamoDB counts them: names and values. */
  sizeOf(pk: string): number {
    const item = this.#dynamoDb.items.get(pk);
    return item === undefined ? 0 : bytesOf(item);
  }

  /** From a bucket that holds one second's worth. False: there isn't enough in it. */
  #charge(kind: TableRequest['kind'], pk: string, units: number, limit: number): boolean {
    const key = `${kind} ${pk}`;
    const nowMs = this.#time.nowMs();
    const budget = this.#budgets.get(key) ?? { units: limit, atMs: nowMs };
    budget.units = Math.min(limit, budget.units + ((nowMs - budget.atMs) / SECOND) * limit);
    budget.atMs = nowMs;
    this.#budgets.set(key, budget);
    if (budget.units < units) return false;
    budget.units -= units;
    return true;
  }

  /** Nothing is shared then: each instance is on its own, and a crowd speaks for all. */
  get isAway(): boolean {
    return this.regionIsDown || this.serverIsDown;
  }

  get currentVersion(): string {
    return versionId(this.#rotations);
  }

  rotate(): void {
    this.#rotations++;
  }

  /** What GetSecretValue answers. */
  secret(input: GetSecretValueCommandInput): object {
    const staged = input.VersionStage === 'AWSPREVIOUS' ? versionId(this.#rotations - 1) : this.currentVersion;
    const VersionId = input.VersionId ?? staged;
    return { VersionId, SecretString: JSON.stringify({ client_id: 'client', client_secret: `of ${VersionId}` }) };
  }

  /** What the token endpoint answers, as Emporix does. */
  token(scopeSet: number): object {
    return {
      access_token: `${this.#tokens++}`.padStart(32, '0'),
      token_type: 'Bearer',
      expires_in: LIFETIME_SECONDS,
      session_idle_time: 120,
      refresh_token: '',
      refresh_token_expires_in: 0,
      scope: `scope=${this.#scopeSets.granted(scopeSet)} tenant=yourtenant`,
    };
  }
}

/** As long as Secrets Manager's. */
function versionId(number: number): string {
  return `00000000-0000-0000-0000-${`${number}`.padStart(12, '0')}`;
}

function unitsOf(bytes: number, bytesOfAUnit: number): number {
  return Math.max(1, Math.ceil(bytes / bytesOfAUnit));
}

function bytesOf(item: Item | Readonly<Record<string, AttributeValue>>): number {
  let bytes = 0;
  for (const [name, { S, N, B }] of Object.entries(item)) {
    // A number takes a byte for two digits, and one more.
    bytes += name.length + (S?.length ?? 0) + (B?.length ?? 0) + (N === undefined ? 0 : Math.ceil(N.length / 2) + 1);
  }
  return bytes;
}
