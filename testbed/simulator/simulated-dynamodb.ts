// A DynamoDB table in memory, which runs the token store's own expressions. It counts units as DynamoDB does, and
// throttles an item that is asked for more than its capacity.

import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  ProvisionedThroughputExceededException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { assertValuesUsed, bytesOf, type Item, isConditionMet, updatedItem } from './dynamodb-expressions.ts';

/** A request that arrived at the table. */
export interface TableRequest {
  readonly kind: 'read' | 'write';
  readonly key: string;
  /** What it costs. A write that its condition refuses costs as much. */
  readonly units: number;
  readonly isThrottled: boolean;
}

/** Units a second. */
export interface ItemCapacity {
  readonly read: number;
  readonly write: number;
}

/** Is told what arrives at the table. */
export interface TableListener {
  tableAsked?(request: TableRequest): void;
  tableWritten?(key: string, before: Item, after: Item): void;
}

export interface SimulatedDynamoDbOptions {
  readonly nowMs: () => number;
  /** Of one item. @default it is never reached */
  readonly capacity?: ItemCapacity | undefined;
  /** @default nobody is told */
  readonly listener?: TableListener;
}

const UNIT_BYTES = { read: 4_096, write: 1_024 } as const;
/** A read that isn't consistent gives items as they were this long ago. DynamoDB promises no limit. */
const STALE_MS = 5_000;

interface Replaced {
  readonly item: Item | undefined;
  readonly untilMs: number;
}

export class SimulatedDynamoDb {
  readonly items = new Map<string, Item>();
  readonly #options: SimulatedDynamoDbOptions;
  /** What items were before, for as long as a read may still give that. */
  readonly #replaced = new Map<string, Replaced[]>();
  /** What is left of an item's capacity. */
  readonly #left = new Map<string, { units: number; atMs: number }>();

  constructor(options: SimulatedDynamoDbOptions) {
    this.#options = options;
  }

  /** A client whose requests arrive at once. */
  get client(): DynamoDBClient {
    return { send: async (command: unknown) => this.answer(command) } as unknown as DynamoDBClient;
  }

  /** @throws ConditionalCheckFailedException, ProvisionedThroughputExceededException */
  answer(command: unknown): object {
    if (command instanceof GetItemCommand) {
      const key = keyOf(command.input.Key);
      const item = command.input.ConsistentRead ? this.items.get(key) : this.#staleItem(key);
      this.#charge('read', key, item === undefined ? 0 : bytesOf(item));
      return item === undefined ? {} : { Item: { ...item } };
    }
    if (!(command instanceof UpdateItemCommand)) throw new Error('not an operation of the token store');
    const { Key, UpdateExpression = '', ConditionExpression, ExpressionAttributeNames: names } = command.input;
    const { ExpressionAttributeValues: values = {} } = command.input;
    assertValuesUsed(`${UpdateExpression} ${ConditionExpression ?? ''}`, values);
    const key = keyOf(Key);
    const before = this.items.get(key);
    this.#charge('write', key, Math.max(before === undefined ? 0 : bytesOf(before), bytesOf(values)));
    if (ConditionExpression !== undefined && !isConditionMet(ConditionExpression, before ?? {}, values, names)) {
      const asksForItem = command.input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
      throw new ConditionalCheckFailedException({
        message: 'The conditional request failed',
        $metadata: {},
        ...(asksForItem && before && { Item: { ...before } }),
      });
    }
    const after = { pk: { S: key }, ...updatedItem(UpdateExpression, before ?? {}, values, names) };
    this.items.set(key, after);
    this.#keepReplaced(key, before);
    this.#options.listener?.tableWritten?.(key, before ?? {}, after);
    return {};
  }

  sizeOf(key: string): number {
    const item = this.items.get(key);
    return item === undefined ? 0 : bytesOf(item);
  }

  #keepReplaced(key: string, item: Item | undefined): void {
    const nowMs = this.#options.nowMs();
    const recent = (this.#replaced.get(key) ?? []).filter(({ untilMs }) => untilMs > nowMs - STALE_MS);
    this.#replaced.set(key, [...recent, { item, untilMs: nowMs }]);
  }

  #staleItem(key: string): Item | undefined {
    const oldest = this.#replaced.get(key)?.find(({ untilMs }) => untilMs > this.#options.nowMs() - STALE_MS);
    return oldest ? oldest.item : this.items.get(key);
  }

  #charge(kind: TableRequest['kind'], key: string, bytes: number): void {
    const units = Math.max(1, Math.ceil(bytes / UNIT_BYTES[kind]));
    const { capacity, listener } = this.#options;
    const isThrottled = capacity !== undefined && !this.#take(`${kind} ${key}`, units, capacity[kind]);
    listener?.tableAsked?.({ kind, key, units, isThrottled });
    if (isThrottled) throw throttled();
  }

  /** From a bucket that holds one second's worth. False: there isn't enough in it. */
  #take(bucket: string, units: number, perSecond: number): boolean {
    const nowMs = this.#options.nowMs();
    const { units: leftUnits, atMs } = this.#left.get(bucket) ?? { units: perSecond, atMs: nowMs };
    const available = Math.min(perSecond, leftUnits + ((nowMs - atMs) / 1000) * perSecond);
    const isEnough = available >= units;
    this.#left.set(bucket, { units: isEnough ? available - units : available, atMs: nowMs });
    return isEnough;
  }
}

export function throttled(): ProvisionedThroughputExceededException {
  return new ProvisionedThroughputExceededException({ message: 'simulated', $metadata: {} });
}

function keyOf(key: Item | undefined): string {
  return key?.pk?.S ?? '';
}
