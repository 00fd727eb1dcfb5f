// The functions' code: an ESM bundle with the AWS SDK inside, and the function's file beside it. It is split, so that
// only a mint loads what only a mint needs. Local mode and the tests run the same bundle.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, type BuildResult, buildSync } from 'esbuild';
import type { RotationFile } from '../lambda/rotate/settings.ts';
import type { ProfileFile } from '../lambda/vend/settings.ts';

const LAMBDA = join(import.meta.dirname, '../lambda');

/** An ES module, minified, in chunks. Nothing is written to the disk. */
export const BUNDLING = {
  outdir: 'out',
  write: false,
  metafile: true,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  // Lambda runs Node.js 24. Local mode runs the same bundle on the Node.js of the machine, which may be 20.
  target: 'node20',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  legalComments: 'none',
  // CommonJS dependencies call require() for Node's own modules, which an ES module doesn't have.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} satisfies BuildOptions;

/** What the functions have in the place of modules that they don't need. */
export const REPLACED_MODULES = {
  '@aws-sdk/credential-provider-node': join(LAMBDA, 'credentials-from-environment.ts'),
  '@aws-sdk/endpoint-cache': join(LAMBDA, 'without-endpoint-cache.ts'),
  'node:http2': join(LAMBDA, 'without-http2.ts'),
};

type FunctionName = 'vend' | 'rotate';
type Bundle = BuildResult<typeof BUNDLING>;

const bundles = new Map<FunctionName, Bundle>();

/** Writes the vend function's bundle and `profile.json` into a folder. The handler is `handler` of `index.mjs`. */
export function writeVendCode(directory: string, profile: ProfileFile): void {
  writeCode('vend', directory, { 'profile.json': profile });
}

/** Writes the rotation function's bundle and `rotation.json` into a folder. */
export function writeRotateCode(directory: string, rotation: RotationFile): void {
  writeCode('rotate', directory, { 'rotation.json': rotation });
}

function writeCode(name: FunctionName, directory: string, files: Readonly<Record<string, object>>): void {
  mkdirSync(directory, { recursive: true });
  for (const { path, contents } of bundleOf(name).outputFiles) writeFileSync(join(directory, basename(path)), contents);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(directory, file), JSON.stringify(content));
}

/** A function's bundle, made once per process. */
export function bundleOf(name: FunctionName): Bundle {
  const made = bundles.get(name);
  if (made) return made;
  const entryPoints = [join(LAMBDA, name, 'index.ts')];
  const bundle = buildSync({ ...BUNDLING, entryPoints, alias: REPLACED_MODULES });
  bundles.set(name, bundle);
  return bundle;
}
