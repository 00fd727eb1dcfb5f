// The package's types, as two versions of TypeScript check them with the types of all packages, and what a bundler
// leaves of an entry that is imported and not used.

import assert from 'node:assert/strict';
import { type BuildOptions, build } from 'esbuild';
import type { Suite } from '../../testbed/suite.ts';
import { COMPILERS } from './judges.ts';
import { TYPED_CLIENT, TYPED_CONSTRUCTS_AND_TESTING } from './programs.ts';
import { type Packed, Project } from './projects.ts';

const OPTIONS = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--skipLibCheck', 'false'];

const BUNDLER = {
  bundle: true,
  write: false,
  platform: 'node',
  format: 'esm',
  external: ['aws-cdk-lib', 'constructs', 'dynalite'],
  logLevel: 'error',
} satisfies BuildOptions;

export async function checkTypes(suite: Suite, { tarball }: Packed): Promise<void> {
  const alone = Project.empty();
  const complete = Project.empty();
  await suite.step('projects for the compilers are there', async () => {
    await alone.install(tarball);
    await complete.install(tarball, 'aws-cdk-lib', 'constructs', 'dynalite', '@types/node@20');
  });
  for (const [compiler, tsc] of Object.entries(COMPILERS)) {
    const compile = async (project: Project, text: string, ...options: readonly string[]) => {
      // As an ES module and as CommonJS.
      const files = ['program.mts', 'program.cts'];
      for (const file of files) project.write(file, text);
      await project.run('node', tsc, ...OPTIONS, ...options, ...files);
    };
    await suite.check(`${compiler}: the types of the client need no others`, () => compile(alone, TYPED_CLIENT));
    await suite.check(`${compiler}: the types of all entries need those of the peers and Node.js only`, () =>
      compile(complete, TYPED_CLIENT + TYPED_CONSTRUCTS_AND_TESTING, '--types', 'node'),
    );
  }
}

export async function checkSideEffects(suite: Suite, { tarball }: Packed): Promise<void> {
  const project = Project.empty();
  await suite.step('a project for a bundler is there', () => project.install(tarball));
  const bundledBytes = async (contents: string) => {
    const stdin = { contents, resolveDir: project.folder };
    const { outputFiles } = await build({ ...BUNDLER, stdin });
    return outputFiles.reduce((sum, { contents }) => sum + contents.length, 0);
  };
  for (const entry of ['token-vending', 'token-vending/client', 'token-vending/testing']) {
    await suite.check(`a bundler leaves nothing of ${entry} where it isn't used`, async () => {
      assert.equal(await bundledBytes(`import '${entry}';`), 0);
      assert((await bundledBytes(`export * from '${entry}';`)) > 0);
    });
  }
}
