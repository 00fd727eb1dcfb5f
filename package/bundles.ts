// The JavaScript of the package. `./client` and `./testing` are bundled as ES modules, in chunks, so that what is needed
// later is loaded later. The same chunks become CommonJS one by one. The constructs are CommonJS only, as the CDK is: so
// there is one class `TokenVending` in a process, whoever imports it.

import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import * as constructs from '../lib/index.ts';

const ROOT = join(import.meta.dirname, '..');
/** Runs in a worker thread, from a file of its own. */
const WORKER = 'instance.mjs';

const OUTPUT = {
  // Names stay, for stack traces. Lines are short, because Node.js prints the one that an error was thrown in.
  minifySyntax: true,
  minifyWhitespace: true,
  lineLimit: 160,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
} satisfies BuildOptions;

const BUNDLED = {
  ...OUTPUT,
  bundle: true,
  mainFields: ['module', 'main'],
  external: ['aws-cdk-lib', 'constructs', 'dynalite'],
  plugins: [
    {
      name: 'ready-made function bundle',
      setup(building) {
        const path = join(import.meta.dirname, 'function-bundle.ts');
        building.onResolve({ filter: /\/function-bundle\.ts$/ }, () => ({ path }));
      },
    },
  ],
} satisfies BuildOptions;

const COMMONJS = {
  format: 'cjs',
  define: { 'import.meta.dirname': '__dirname' },
  // Jest runs CommonJS, and refuses import() in it.
  supported: { 'dynamic-import': false },
} satisfies BuildOptions;

/** The entry `.`: without its peers, it would only say that a module can't be found. */
const CONSTRUCTS_ENTRY = `'use strict';
const isMissing = (name) => {
  try {
    return !require.resolve(name);
  } catch {
    return true;
  }
};
const missing = ['aws-cdk-lib', 'constructs'].filter(isMissing);
if (missing.length > 0) {
  throw new Error(\`token-vending needs \${missing.join(' and ')}: npm i \${missing.join(' ')}\`);
}
module.exports = require('./constructs.js');
`;

/** @param dist gets the folders esm and cjs */
export async function writeBundles(dist: string): Promise<void> {
  const esm = join(dist, 'esm');
  const cjs = join(dist, 'cjs');
  const chunked = { client: join(ROOT, 'client/index.ts'), testing: join(ROOT, 'testing/index.ts') };
  await build({ ...BUNDLED, entryPoints: chunked, outdir: esm, format: 'esm', splitting: true });
  const chunks = readdirSync(esm).map((name) => join(esm, name));
  await build({ ...OUTPUT, ...COMMONJS, entryPoints: chunks, outdir: cjs });
  await build({ ...BUNDLED, ...COMMONJS, entryPoints: { constructs: join(ROOT, 'lib/index.ts') }, outdir: cjs });
  writeFileSync(join(cjs, 'index.js'), CONSTRUCTS_ENTRY);
  const names = Object.keys(constructs).join(', ');
  writeFileSync(
    join(esm, 'index.js'),
    `import constructs from '../cjs/index.js';\nexport const { ${names} } = constructs;\n`,
  );
  for (const folder of [esm, cjs]) copyFileSync(join(ROOT, 'local', WORKER), join(folder, WORKER));
}
