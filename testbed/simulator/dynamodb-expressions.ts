// The part of DynamoDB's expressions that the token store uses. Anything else throws, so that a new expression is noticed.

import { isDeepStrictEqual } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Readonly<Record<string, AttributeValue>>;

/** @throws Error where a value is used and not defined, or defined and not used, as DynamoDB does */
export function assertValuesUsed(expressions: string, values: Item): void {
  const used = new Set(expressions.match(/:\w+/g));
  const defined = new Set(Object.keys(values));
  if (used.size !== defined.size || [...used].some((name) => !defined.has(name))) {
    throw new Error(`the values defined and used differ: ${[...defined]} in ${expressions}`);
  }
}

/** OR binds less than AND; parentheses are resolved from the inside. */
export function isConditionMet(
  expression: string,
  item: Item,
  values: Item,
  names: Readonly<Record<string, string>> = {},
): boolean {
  const at = (name: string, placeholder = '') =>
    placeholder === '' ? item[name] : item[name]?.M?.[names[placeholder] ?? ''];
  const isListMet = (text: string) =>
    text.split(' OR ').some((part) => part.split(' AND ').every((term) => isTermMet(term.trim(), item, values)));
  let rest = expression
    .replaceAll(/attribute_exists\((\w+)(?:\.(#\w+))?\)/g, (_, ...path) => String(at(path[0], path[1]) !== undefined))
    .replaceAll(/size\((\w+)\)/g, 'size.$1')
    .replaceAll(/attribute_not_exists\((\w+)\)/g, (_, name) => String(item[name] === undefined));
  for (let inner = /\(([^()]*)\)/.exec(rest); inner; inner = /\(([^()]*)\)/.exec(rest)) {
    rest = rest.replace(inner[0], String(isListMet(inner[1] ?? '')));
  }
  return isListMet(rest);
}

function isTermMet(term: string, item: Item, values: Item): boolean {
  if (term === 'true' || term === 'false') return term === 'true';
  const [, name = '', operator, value = ''] = /^([\w.]+) (=|<>|<|<=|>) (:\w+)$/.exec(term) ?? [];
  const map = name.startsWith('size.') ? item[name.slice('size.'.length)]?.M : undefined;
  const left = map ? { N: String(Object.keys(map).length) } : item[name];
  const right = values[value];
  if (operator === '=') return left !== undefined && isDeepStrictEqual(left, right);
  if (operator === '<>') return !isDeepStrictEqual(left, right);
  const difference = left?.N === undefined ? Number.NaN : Number(left.N) - Number(right?.N);
  if (operator === '<') return difference < 0;
  if (operator === '<=') return difference <= 0;
  if (operator === '>') return difference > 0;
  throw new Error(`not a condition of the token store: ${term}`);
}

/** The item after the update. @param names the names that placeholders in paths stand for */
export function updatedItem(
  expression: string,
  item: Item,
  values: Item,
  names: Readonly<Record<string, string>> = {},
): Item {
  const [, sets = '', removes = ''] = /^(?:SET (.*?))?(?: ?REMOVE (.*))?$/.exec(expression) ?? [];
  const updated: Record<string, AttributeValue> = { ...item };
  const change = (path: string, value: AttributeValue | undefined) => {
    const [name = '', placeholder] = path.split('.');
    if (placeholder === undefined) return put(updated, name, value);
    const [map, key] = [updated[name]?.M, names[placeholder]];
    if (map === undefined || key === undefined) throw new Error(`not an update of the token store: ${path}`);
    const changed = { ...map };
    put(changed, key, value);
    updated[name] = { M: changed };
  };
  for (const path of removes === '' ? [] : removes.split(',')) change(path.trim(), undefined);
  for (const assignment of sets === '' ? [] : sets.split(',')) {
    const [path = '', placeholder = ''] = assignment.split('=').map((part) => part.trim());
    const value = values[placeholder];
    if (value === undefined) throw new Error(`not an update of the token store: ${assignment}`);
    change(path, value);
  }
  return updated;
}

function put(map: Record<string, AttributeValue>, key: string, value: AttributeValue | undefined): void {
  if (value === undefined) delete map[key];
  else map[key] = value;
}

/** As DynamoDB counts them: names and values. */
export function bytesOf(item: Item): number {
  let bytes = 0;
  for (const [name, { S, N, B, M }] of Object.entries(item)) {
    // A number takes a byte for two digits, and one more. A map takes three, and one for each entry.
    bytes += name.length + (S?.length ?? 0) + (B?.length ?? 0) + (N === undefined ? 0 : Math.ceil(N.length / 2) + 1);
    if (M) bytes += 3 + Object.keys(M).length + bytesOf(M);
  }
  return bytes;
}
