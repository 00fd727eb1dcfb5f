// A DynamoDB that understands the expressions of lambda/vend/token-table.ts, so that a simulation runs that file as it
// is, with its conditions.

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

export type Item = Record<string, AttributeValue>;
type Values = Readonly<Record<string, AttributeValue>>;

/** A back-off that was in the table. */
export interface RecordedBackOff {
  readonly pk: string;
  readonly version: string;
  readonly untilMs: number;
  readonly recordedAtMs: number;
  /** When another took its place, or a token. */
  replacedAtMs: number;
}

export class SimulatedDynamoDb {
  readonly items = new Map<string, Item>();
  readonly backOffs: RecordedBackOff[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A client whose every request goes through `transport`, which decides when and whether it arrives. */
  client(transport: <T>(request: () => T, isRead: boolean) => Promise<T>): DynamoDBClient {
    const send = (command: unknown) => transport(() => this.#answer(command), command instanceof GetItemCommand);
    return { send } as unknown as DynamoDBClient;
  }

  #answer(command: unknown): object {
    if (command instanceof GetItemCommand) {
      const item = this.items.get(keyOf(command.input.Key));
      return item === undefined ? {} : { Item: { ...item } };
    }
    if (!(command instanceof UpdateItemCommand)) throw new Error('not an operation of the token table');
    const { Key, UpdateExpression = '', ConditionExpression, ExpressionAttributeValues: values = {} } = command.input;
    refuseUnusedValues(`${UpdateExpression} ${ConditionExpression ?? ''}`, values);
    const pk = keyOf(Key);
    const item = this.items.get(pk) ?? {};
    if (ConditionExpression !== undefined && !holds(ConditionExpression, item, values)) {
      throw new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} });
    }
    const after = { pk: { S: pk }, ...updated(UpdateExpression, item, values) };
    this.items.set(pk, after);
    this.#noteBackOff(pk, item, after);
    return {};
  }

  #noteBackOff(pk: string, before: Item, after: Item): void {
    const untilMs = Number(after.backoff_until?.N) * 1000;
    const stays = (name: string) => before[name]?.S === after[name]?.S && before[name]?.N === after[name]?.N;
    if (['revision', 'backoff_until', 'backoff_version'].every(stays)) return;
    for (const backOff of this.backOffs) {
      if (backOff.pk === pk) backOff.replacedAtMs = Math.min(backOff.replacedAtMs, this.#nowMs());
    }
    if (Number.isNaN(untilMs)) return;
    const version = after.backoff_version?.S ?? '';
    this.backOffs.push({ pk, version, untilMs, recordedAtMs: this.#nowMs(), replacedAtMs: Number.POSITIVE_INFINITY });
  }
}

function keyOf(key: Item | undefined): string {
  return key?.pk?.S ?? '';
}

/** As DynamoDB does. */
function refuseUnusedValues(expressions: string, values: Values): void {
  const used = new Set(expressions.match(/:\w+/g));
  const defined = new Set(Object.keys(values));
  if (used.size !== defined.size || [...used].some((name) => !defined.has(name))) {
    throw new Error(`values defined and used differ: ${[...defined]} in ${expressions}`);
  }
}

/** OR binds less than AND; parentheses are resolved from the inside. */
function holds(expression: string, item: Item, values: Values): boolean {
  const term = (text: string): boolean => {
    const condition = text.trim();
    if (condition === 'true' || condition === 'false') return condition === 'true';
    const absent = /^attribute_not_exists\((\w+)\)$/.exec(condition)?.[1];
    if (absent !== undefined) return item[absent] === undefined;
    const [, name = '', operator, value = ''] = /^(\w+) (=|<>|<) (:\w+)$/.exec(condition) ?? [];
    const [left, right] = [item[name], values[value]];
    if (operator === '=') return left !== undefined && left.S === right?.S && left.N === right?.N;
    if (operator === '<>') return left === undefined || left.S !== right?.S || left.N !== right?.N;
    if (operator === '<') return left?.N !== undefined && Number(left.N) < Number(right?.N);
    throw new Error(`not a condition of the token table: ${condition}`);
  };
  const flat = (text: string) => text.split(' OR ').some((part) => part.split(' AND ').every(term));
  let rest = expression.replaceAll(/attribute_not_exists\((\w+)\)/g, (_, name) => String(item[name] === undefined));
  for (let inner = /\(([^()]*)\)/.exec(rest); inner; inner = /\(([^()]*)\)/.exec(rest)) {
    rest = rest.replace(inner[0], String(flat(inner[1] ?? '')));
  }
  return flat(rest);
}

function updated(expression: string, item: Item, values: Values): Item {
  const [, sets = '', removes = ''] = /^(?:SET (.*?))?(?: ?REMOVE (.*))?$/.exec(expression) ?? [];
  const removed = new Set(removes.split(',').map((name) => name.trim()));
  const kept = Object.entries(item).filter(([name]) => !removed.has(name));
  const set = (sets === '' ? [] : sets.split(',')).map((assignment): [string, AttributeValue] => {
    const [name = '', value = ''] = assignment.split('=').map((part) => part.trim());
    const given = values[value];
    if (given === undefined || removed.has(name)) throw new Error(`not an update of the token table: ${assignment}`);
    return [name, given];
  });
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) };
}
