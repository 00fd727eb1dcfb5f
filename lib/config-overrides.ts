// Configuration by the command line: `-c tokenVending:KEY=VALUE`, with dots for nesting. The CDK turns it into context
// keys `tokenVending:KEY`.

import { ConfigError, configError, ROOT_KEY, show } from './config-error.ts';

const PREFIX = `${ROOT_KEY}:`;
/** The beginning of a key that only looks like ours: in other case, with separators, in the plural. */
const SIMILAR = new RegExp(`^[\\W_]*${[...ROOT_KEY].join('[\\W_]*')}(?:s(?![a-z0-9]))?[\\W_]*`, 'i');

/**
 * The `tokenVending` object with the command line's values in it, not yet checked.
 *
 * A VALUE that parses as JSON is taken as JSON, any other as a string. A nested key is set after the key that holds it.
 * A name with a dot in it (only one of `parameters` can have that) is given with its whole object, as JSON.
 *
 * @param context the whole context of the CDK app
 * @throws ConfigError if a key only looks like `tokenVending` or `tokenVending:KEY`: ignored, it could lose a guard
 */
export function readOverrides(context: Readonly<Record<string, unknown>>): unknown {
  for (const key of Object.keys(context)) assertOursOrOthers(key);
  const given = parse(context[ROOT_KEY] ?? {});
  return Object.entries(context)
    .filter(([key]) => key.startsWith(PREFIX))
    .map(([key, value]) => ({ path: key.slice(PREFIX.length).split('.'), value: parse(value) }))
    .sort((a, b) => a.path.length - b.path.length)
    .reduce((tree, { path, value }) => withValue(tree, path, [], value), given);
}

/** @throws ConfigError if a context key looks like one of ours and is none */
function assertOursOrOthers(key: string): void {
  const isOurs = key === ROOT_KEY || (key.startsWith(PREFIX) && key !== PREFIX);
  const [similar] = SIMILAR.exec(key) ?? [];
  if (isOurs || similar === undefined) return;
  const path = key.slice(similar.length).replace(/[/:]+/g, '.');
  const meant =
    path === '' ? `${ROOT_KEY} or ${PREFIX}KEY` : show(`${PREFIX}${path[0]?.toLowerCase()}${path.slice(1)}`);
  throw new ConfigError(`the context key ${show(key)} is unknown: must be ${meant}`);
}

function withValue(tree: unknown, path: readonly string[], done: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (!isObject(tree)) throw configError(done, `is ${show(tree)}`, `must be an object to hold the key "${key}"`);
  const inner = Object.hasOwn(tree, key) ? tree[key] : {};
  return { ...tree, [key]: withValue(inner, rest, [...done, key], value) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
