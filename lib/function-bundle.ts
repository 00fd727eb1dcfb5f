// The functions' bundle, made by esbuild: an ES module with the AWS SDK inside. It is split, so that only a mint loads
// what only a mint needs. The package has it ready made (package/function-bundle.ts).

import { basename, join } from 'node:path';
import { type BuildOptions, type BuildResult, buildSync } from 'esbuild';

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

export type FunctionName = 'vend' | 'rotate' | 'canary';

export interface BundleFile {
  readonly name: string;
  readonly contents: Uint8Array;
}

type Bundle = BuildResult<typeof BUNDLING>;

const bundles = new Map<FunctionName, Bundle>();

/** The files of a function's bundle. Its handler is `handler` of `index.mjs`. */
export function bundleFiles(name: FunctionName): readonly BundleFile[] {
  return bundleOf(name).outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
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
