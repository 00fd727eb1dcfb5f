// The items of the token table. No other file makes requests to DynamoDB. All reads are consistent, and every write is
// an update under a condition.

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { FIRST_READS, FIRST_TABLE_REQUEST_MS } from '../../time-limits.ts';

export type Item = Readonly<Record<string, AttributeValue>>;

export interface Update {
  readonly set?: Item;
  readonly remove?: readonly string[];
  /** The names that placeholders in paths stand for: `{ '#name': 'a-b' }` for `map.#name`. */
  readonly names?: Readonly<Record<string, string>>;
  readonly condition: string;
  /** The values that the condition compares with, by their placeholders. */
  readonly compared?: Item;
}

/** DynamoDB's errors when a key, the table or the account gets too many requests. */
const THROTTLING = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];

export class DynamoDbItems {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;
  /** How many reads and writes the table has answered. */
  #reads = 0;
  #writes = 0;

  constructor(client: Pick<DynamoDBClient, 'send'>, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async get(key: string): Promise<Item | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: key } }, ConsistentRead: true }),
      limitOf(this.#reads < FIRST_READS),
    );
    this.#reads += 1;
    return Item;
  }

  /**
   * Writes under a condition. If the condition doesn't hold, it returns a function that gets the item as it is stored.
   * DynamoDB sends that item with its answer. A database that doesn't send it is read once more.
   */
  async update(key: string, update: Update): Promise<'written' | (() => Promise<Item | undefined>)> {
    try {
      await this.#client.send(
        new UpdateItemCommand({ TableName: this.#tableName, ...expressionsOf(key, update) }),
        limitOf(this.#writes === 0),
      );
      this.#writes += 1;
      return 'written';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const { Item } = error;
      return async () => Item ?? (await this.get(key));
    }
  }

  isThrottled(error: unknown): boolean {
    return error instanceof Error && THROTTLING.includes(error.name);
  }
}

function limitOf(isFirst: boolean): { requestTimeout?: number } {
  return isFirst ? { requestTimeout: FIRST_TABLE_REQUEST_MS } : {};
}

/** The placeholder of a value that is set has the name of its attribute, or the letters of its path. */
function expressionsOf(key: string, { set = {}, remove = [], names, condition, compared = {} }: Update) {
  const placeholder = (path: string) => `:${path.replace(/\W/g, '')}`;
  const assignments = Object.keys(set).map((path) => `${path} = ${placeholder(path)}`);
  const expressions = [
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
  ];
  const values = Object.fromEntries(Object.entries(set).map(([path, value]) => [placeholder(path), value]));
  const all = { ...values, ...compared };
  return {
    Key: { pk: { S: key } },
    UpdateExpression: expressions.join(' '),
    ConditionExpression: condition,
    ...(names && { ExpressionAttributeNames: names }),
    ...(Object.keys(all).length > 0 && { ExpressionAttributeValues: all }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}
