// The functions' code as it is deployed, and as local mode and the tests run it: an ESM bundle with the AWS SDK inside,
// split so that what only a mint needs is loaded by a mint, and the function's file beside it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, type BuildResult, buildSync } from 'esbuild';
import type { RotationFile } from '../lambda/rotate/settings.ts';
import type { ProfileFile } from '../lambda/vend/settings.ts';

const LAMBDA = join(import.meta.dirname, '../lambda');

/** An ES module, minified, in chunks; nothing is written to the disk. */
export const BUNDLING = {
  outdir: 'out',
  write: false,
  metafile: true,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  platform: 'node',
  // Lambda runs Node.js 24; local mode runs the same bundle on the Node.js of the machine, which may be 20.
  target: 'node20',
  mainFields: ['module', 'main'],
  outExtension: { '.js': '.mjs' },
  legalComments: 'none',
  // CommonJS dependencies call require() for Node's own modules, which an ES module doesn't have.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
} satisfies BuildOptions;

type Room = 'vend' | 'rotate';
type Bundle = BuildResult<typeof BUNDLING>;

const bundles = new Map<Room, Bundle>();

/** Writes the vend function's bundle (`index.mjs` and its chunks; handler `index.handler`) and `profile.json` into a folder. */
export function writeVendCode(directory: string, profile: ProfileFile): void {
  writeCode('vend', directory, { 'profile.json': profile });
}

/** The same of the rotation function, with `rotation.json`. */
export function writeRotateCode(directory: string, rotation: RotationFile): void {
  writeCode('rotate', directory, { 'rotation.json': rotation });
}

function writeCode(room: Room, directory: string, files: Readonly<Record<string, object>>): void {
  mkdirSync(directory, { recursive: true });
  for (const { path, contents } of bundleOf(room).outputFiles) writeFileSync(join(directory, basename(path)), contents);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), JSON.stringify(content));
}

/** A function's bundle, made once per process. */
export function bundleOf(room: Room): Bundle {
  const made = bundles.get(room);
  if (made) return made;
  const alias = {
    '@aws-sdk/credential-provider-node': join(LAMBDA, 'credentials-from-environment.ts'),
    'node:http2': join(LAMBDA, 'without-http2.ts'),
  };
  const bundle = buildSync({ ...BUNDLING, entryPoints: [join(LAMBDA, room, 'index.ts')], alias });
  bundles.set(room, bundle);
  return bundle;
}
