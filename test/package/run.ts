// `npm run test:package`: packs the package and uses it as consumers do, in projects that have nothing else: with three
// versions of Node.js, as ES modules and as CommonJS, with and without its peers, and in a CDK app. It installs what it
// needs from npm.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fetchNode } from '../../testbed/node-versions.ts';
import { run } from '../../testbed/processes/children.ts';
import { runSuite, type Suite } from '../../testbed/suite.ts';
import { createCdkApp, synthesizeApp, synthesizeSources, testApp } from './cdk-app.ts';
import { installJudges, JUDGES } from './judges.ts';
import { checkNode } from './node.ts';
import { type Packed, pack, ROOT } from './projects.ts';
import { checkSnippets } from './snippets.ts';
import { checkSideEffects, checkTypes } from './types.ts';

const OTHER_NODES = [22, 24];
const { peerDependencies: PEERS }: { peerDependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);

await runSuite({ limitMinutes: 20 }, async (suite) => {
  const packed = await suite.step('the package is packed', pack);
  await checkPackage(suite, packed);
  await checkNode(suite, packed, process.execPath, `Node.js ${process.versions.node}`);
  for (const major of OTHER_NODES) {
    const node = fetchNode(major);
    if (node) await checkNode(suite, packed, node, `Node.js ${major}`);
    else suite.skip(`Node.js ${major}`, 'npm has none for this machine');
  }
  await checkTypes(suite, packed);
  await checkSideEffects(suite, packed);
  await checkSnippets(suite, packed);
  await checkCdkVersions(suite, packed);
});

async function checkPackage(suite: Suite, { tarball, files }: Packed): Promise<void> {
  await suite.check('it holds what is built, and nothing of the sources', async () => {
    const others = files.filter((file) => !/^dist\/.+\.(m?js|d\.ts)$/.test(file));
    assert.deepEqual(others.sort(), ['README.md', 'dist/cjs/package.json', 'package.json']);
  });
  await suite.step('publint and attw are installed', installJudges);
  for (const [name, judge] of Object.entries(JUDGES)) {
    await suite.check(`${name} finds nothing`, async () => void (await judge(tarball)));
  }
}

async function checkCdkVersions(suite: Suite, { tarball }: Packed): Promise<void> {
  const ofSources = synthesizeSources();
  for (const [which, version] of Object.entries({
    lowest: lowest('aws-cdk-lib'),
    newest: await newest('aws-cdk-lib'),
  })) {
    const constructs = which === 'lowest' ? lowest('constructs') : await newest('constructs');
    const name = `aws-cdk-lib ${version}, the ${which}`;
    const app = await suite.step(`${name}: an app is made by cdk init, with constructs ${constructs}`, () =>
      createCdkApp(tarball, { 'aws-cdk-lib': version, constructs }),
    );
    await suite.check(`${name}: the types of all packages agree`, async () => {
      await app.run('npx', 'tsc', '--skipLibCheck', 'false');
    });
    // The template's configuration of Jest names a module of the newest.
    if (which === 'newest') await suite.check(`${name}: the app's tests pass in Jest`, () => testApp(app));
    for (const esbuild of ['with esbuild', 'without esbuild'] as const) {
      await suite.check(`${name}: the app gets the functions that the sources give, ${esbuild} installed`, async () => {
        const { code, actions } = await synthesizeApp(app, esbuild);
        assert.equal(Object.keys(code).length, 2);
        assert.deepEqual(code, ofSources.code);
        assert.deepEqual(actions, ['lambda:InvokeFunction', 'lambda:InvokeFunctionUrl']);
      });
    }
  }
}

/** A peer's range is `^VERSION`. */
function lowest(peer: string): string {
  return String(/^\^(\d+\.\d+\.\d+)$/.exec(String(PEERS[peer]))?.[1]);
}

async function newest(peer: string): Promise<string> {
  const versions: unknown = JSON.parse(await run('npm', ['view', `${peer}@${PEERS[peer]}`, 'version', '--json']));
  return String([versions].flat().at(-1));
}
