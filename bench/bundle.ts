// The candidates' code. Most are bundled as the function is (lib/function-bundle.ts), but with all of the SDK's own
// modules: the replacement of some is an advantage of the function alone.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { BUNDLING, REPLACED_MODULES } from '../lib/function-bundle.ts';

const ROOT = join(import.meta.dirname, '..');

/** The defaults of the CDK's NodejsFunction: CommonJS, with the SDK that Lambda's runtime has. */
const AS_CDK_DOES: BuildOptions = { format: 'cjs', external: ['@aws-sdk/*', '@smithy/*'] };

/**
 * Bundles a candidate into a folder.
 * @param entry relative to this folder
 * @returns the module that exports its handler, absolute
 */
export function writeAsDeployed(folder: string, entry: string): string {
  write(folder, entry, BUNDLING);
  return join(folder, 'index.mjs');
}

/** The same with the replacements that the function has. */
export function writeAsFunction(folder: string, entry: string): string {
  write(folder, entry, { ...BUNDLING, alias: REPLACED_MODULES });
  return join(folder, 'index.mjs');
}

/** The same with the CDK's default bundling; a link to this project's packages replaces those of Lambda's runtime. */
export function writeAsCdkDoes(folder: string, entry: string): string {
  write(folder, entry, AS_CDK_DOES);
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(folder, 'index.js');
}

function write(folder: string, entry: string, options: BuildOptions): void {
  const { outputFiles = [] } = buildSync({
    entryPoints: [join(import.meta.dirname, entry)],
    outdir: 'out',
    entryNames: 'index',
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    ...options,
  });
  mkdirSync(folder, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(join(folder, basename(path)), contents);
}

/** The modules that importing this one loads at once, itself included; not those that it loads later. Absolute. */
export function loadedAtStart(entry: string): readonly string[] {
  const loaded = new Set([entry]);
  for (const file of loaded) {
    const imported = readFileSync(file, 'utf8').matchAll(/\b(?:from|import)"(\.\/[^"]+)"/g);
    for (const [, path] of imported) loaded.add(join(dirname(file), String(path)));
  }
  return [...loaded];
}
