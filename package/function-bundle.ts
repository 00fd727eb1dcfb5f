// What the package has in the place of lib/function-bundle.ts: it reads the bundle that the build has made, so that
// nobody who installs the package needs esbuild.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundleFile, FunctionName } from '../lib/function-bundle.ts';

/** From dist/esm and dist/cjs. */
const FUNCTIONS = join(import.meta.dirname, '../functions');

/** The files of a function's bundle. Its handler is `handler` of `index.mjs`. */
export function bundleFiles(functionName: FunctionName): readonly BundleFile[] {
  const folder = join(FUNCTIONS, functionName);
  return readdirSync(folder).map((name) => ({ name, contents: readFileSync(join(folder, name)) }));
}
