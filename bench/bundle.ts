// The contestants' code. All but one are bundled as the function is (lib/vend-code.ts), except that the SDK's modules stay
// the SDK's own: what the function puts in the place of some is its own doing.

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { BUNDLING } from '../lib/vend-code.ts';

const ROOT = join(import.meta.dirname, '..');

/** What the CDK's NodejsFunction does of itself: CommonJS, and the SDK left to what Lambda's runtime brings. */
const AS_CDK_DOES: BuildOptions = { format: 'cjs', external: ['@aws-sdk/*', '@smithy/*'] };

/**
 * Bundles a contestant into a folder.
 * @param entry relative to this folder
 * @returns the module that exports its handler, absolute
 */
export function writeAsDeployed(folder: string, entry: string): string {
  write(folder, entry, BUNDLING);
  return join(folder, 'index.mjs');
}

/** The same with the CDK's default bundling; a link to this project's packages stands in for those of Lambda's runtime. */
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
