// How large the deployed code is.

import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadedAtStart } from './bundle.ts';

/** Bytes, minified. */
export interface Sizes {
  /** The entry chunk and all that it imports statically: what each cold start loads. */
  readonly entry: number;
  /** All chunks. */
  readonly bundle: number;
}

/** @param entry the bundle's index.mjs, absolute */
export function measureSizes(entry: string): Sizes {
  const all = readdirSync(dirname(entry)).filter((name) => name.endsWith('.mjs'));
  return { entry: bytes(loadedAtStart(entry)), bundle: bytes(all.map((name) => join(dirname(entry), name))) };
}

function bytes(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(file).size, 0);
}
