// `npm run prepack`, which `npm pack` runs first: builds the package into dist/.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFiles, type FunctionName } from '../lib/function-bundle.ts';
import { writeBundles } from './bundles.ts';
import { writeDeclarations } from './declarations.ts';

const DIST = join(import.meta.dirname, '../dist');
const FUNCTIONS: readonly FunctionName[] = ['vend', 'rotate', 'canary'];

rmSync(DIST, { recursive: true, force: true });
await writeBundles(DIST);
writeDeclarations([join(DIST, 'esm/types'), join(DIST, 'cjs/types')]);
// The rest of the package is ES modules.
writeFileSync(join(DIST, 'cjs/package.json'), '{ "type": "commonjs" }\n');
for (const functionName of FUNCTIONS) {
  const folder = join(DIST, 'functions', functionName);
  mkdirSync(folder, { recursive: true });
  for (const { name, contents } of bundleFiles(functionName)) writeFileSync(join(folder, name), contents);
}
