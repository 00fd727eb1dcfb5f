// The code of a vend function as it is deployed, and as local mode and the tests run it: an ESM bundle with the AWS SDK
// inside, split so that what only a mint needs is loaded by a mint, and the profile's file beside it.

import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildSync, type OutputFile } from 'esbuild';
import type { ProfileFile } from '../lambda/vend/settings.ts';

const ENTRY = join(import.meta.dirname, '../lambda/vend/index.ts');

let bundle: readonly OutputFile[] | undefined;

/** Writes the bundle (`index.mjs` and its chunks; handler `index.handler`) and `profile.json` into a folder. */
export function writeVendCode(directory: string, profile: ProfileFile): void {
  bundle ??= bundleVend();
  mkdirSync(directory, { recursive: true });
  for (const file of bundle) writeFileSync(join(directory, basename(file.path)), file.contents);
  writeFileSync(join(directory, 'profile.json'), JSON.stringify(profile));
}

function bundleVend(): readonly OutputFile[] {
  return buildSync({
    entryPoints: [ENTRY],
    outdir: 'out',
    write: false,
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
  }).outputFiles;
}
