// A mistake in the configuration as one line: the key, what it holds, what it must hold. Values are shortened. A value
// that may be a secret in the wrong place is never shown.

import type { z } from 'zod';
import { kindOf } from '../lambda/kind-of.ts';

export const ROOT_KEY = 'tokenVending';
const MAX_SHOWN_CHARACTERS = 100;

/** Bad configuration. The message is one line, for the person who wrote the configuration. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** For an issue of our own: the mistake is the last key of the path, not its value. */
export const AT_KEY = { atKey: true } as const;
/** For an issue of our own: the value may be a secret, and isn't shown. */
export const HIDE_VALUE = { hideValue: true } as const;

/**
 * The line for the first of zod's issues.
 *
 * @internal The package's types don't name zod.
 */
export function configErrorOf(issue: z.core.$ZodIssue, root: unknown): ConfigError {
  if (issue.code === 'unrecognized_keys') {
    const path = [...issue.path, issue.keys[0] ?? ''];
    return configError(path, `holds ${kindOf(valueAt(root, path))}`, issue.message);
  }
  const params = issue.code === 'custom' ? issue.params : undefined;
  if (issue.code === 'invalid_key' || params?.atKey) {
    const requirement = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return configError(issue.path.slice(0, -1), `has the key ${show(issue.path.at(-1))}`, requirement);
  }
  const value = valueAt(root, issue.path);
  if (value === undefined) return configError(issue.path, 'is missing', issue.message);
  return configError(issue.path, params?.hideValue ? `holds ${kindOf(value)}` : `is ${show(value)}`, issue.message);
}

/** A line such as `tokenVending.memoryMb is "lots": must be …`. */
export function configError(path: readonly PropertyKey[], holds: string, requirement: string): ConfigError {
  return new ConfigError(`${keyOf(path)} ${holds}: ${requirement}`);
}

/** A value as the line shows it: JSON, at most 100 characters, without the user information of a URL. */
export function show(value: unknown): string {
  const text = (JSON.stringify(value) ?? String(value)).replace(/\/\/[^/@]*@/g, '//…@');
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}

function keyOf(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => {
    if (typeof step === 'number') return `[${step}]`;
    return /^[\w-]+$/.test(String(step)) ? `.${String(step)}` : `[${show(step)}]`;
  });
  return `${ROOT_KEY}${steps.join('')}`;
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step) ? Reflect.get(value, step) : undefined,
    root,
  );
}
