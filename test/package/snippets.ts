// The TypeScript of the README and the other pages, as it stands: it compiles in a project that has nothing but the packages
// that it imports, and it runs against local mode. `https://api.emporix.io` is answered within the process.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../testbed/processes/server.ts';
import type { Suite } from '../../testbed/suite.ts';
import { type LocalVending, startLocal } from '../../testing/index.ts';
import { COMPILERS } from './judges.ts';
import { type Packed, Project, ROOT } from './projects.ts';

const PAGES = ['README.md', 'docs/consumers.md', 'docs/configuration.md'];
const OPTIONS = ['--strict', '--noUncheckedIndexedAccess', '--module', 'nodenext', '--target', 'es2022'];
const { devDependencies: VERSIONS }: { devDependencies: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(join(ROOT, 'package.json'), 'utf8'),
);
/** With the versions of this project. */
const PACKAGES = [
  'aws-cdk-lib',
  'constructs',
  'dynalite',
  'axios',
  'undici',
  'openid-client',
  '@aws-sdk/credential-provider-node',
  '@smithy/hash-node',
  '@smithy/signature-v4',
  '@types/node',
].map((name) => `${name}@${VERSIONS[name]}`);

/** What a program does with a snippet that exports something, by a part of the snippet. */
const USES: Readonly<Record<string, string>> = {
  'function handler({ orderId }': "assert.deepEqual(await snippet.handler({ orderId: '1' }), { by: 'api' });",
  'createServer(async (_request': `
    const response = await fetch('http://127.0.0.1:' + process.env.PORT);
    assert.deepEqual([response.status, await response.json()], [200, { by: 'api' }]);`,
  "from 'axios'": "assert.deepEqual((await snippet.api.get('/orders/1')).data, { by: 'api' });",
  "from 'undici'": "assert.deepEqual(await snippet.readOrder('1'), { by: 'api' });",
  fetchProtectedResource: "assert.equal((await snippet.readOrder('1')).status, 200);",
};

/** Answers for the API, with 200 to a bearer token. undici's \`request\` has a mock of its own. */
const API = `
  import { MockAgent, setGlobalDispatcher } from 'undici';

  const { fetch } = globalThis;
  const isToken = (authorization) => /^Bearer \\S{32}$/.test(authorization ?? '');
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).origin !== 'https://api.emporix.io') return await fetch(input, init);
    return Response.json({ by: 'api' }, { status: isToken(request.headers.get('authorization')) ? 200 : 401 });
  };
  const { default: axios } = await import('axios');
  axios.defaults.adapter = 'fetch';
  const agent = new MockAgent();
  agent.enableNetConnect(/^127\\.0\\.0\\.1:/);
  const headers = { authorization: isToken };
  agent.get('https://api.emporix.io').intercept({ path: /./, headers }).reply(200, { by: 'api' });
  if (process.argv[1].endsWith('undici.mjs')) setGlobalDispatcher(agent);
`;

interface Snippet {
  readonly name: string;
  readonly text: string;
}

function snippets(): Snippet[] {
  return PAGES.flatMap((page) => {
    const blocks = readFileSync(join(ROOT, page), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm);
    return [...blocks].map(([, text = ''], index) => ({ name: `${page}, TypeScript ${index + 1}`, text }));
  });
}

export async function checkSnippets(suite: Suite, { tarball }: Packed): Promise<void> {
  const project = Project.empty();
  await suite.step('a project for the snippets is there', () => project.install(tarball, ...PACKAGES));
  const all = snippets();
  const files = all.map((_, index) => `snippet-${index}.mts`);
  for (const [index, { text }] of all.entries()) project.write(String(files[index]), text);
  project.write('api.mjs', API);
  for (const [compiler, tsc] of Object.entries(COMPILERS)) {
    await suite.step(`${compiler}: the snippets of the pages compile as they stand`, () =>
      project.run('node', tsc, ...OPTIONS, '--types', 'node', '--skipLibCheck', ...files),
    );
  }
  const local = await startLocal();
  try {
    for (const [index, snippet] of all.entries()) {
      await suite.check(`${snippet.name}: it runs`, () => runSnippet(project, local, index, snippet));
    }
  } finally {
    await local.close();
  }
}

async function runSnippet(project: Project, local: LocalVending, index: number, { text }: Snippet): Promise<void> {
  const use = Object.entries(USES).find(([part]) => text.includes(part))?.[1];
  const isExporting = /^export |createServer\(async \(_request/m.test(text) && !text.includes('extends Stack');
  assert.equal(use !== undefined, isExporting, 'each snippet that does something when it is used is used here');
  const program = `use-${index}${text.includes("from 'undici'") ? '-undici' : ''}.mjs`;
  project.write(
    program,
    `import assert from 'node:assert/strict';
     const snippet = await import(process.argv[2]);
     ${use ?? ''}
     ${text.includes('createServer(async (_request') ? 'process.exit();' : ''}`,
  );
  const env = { ...environmentOf(local), PORT: String(await freePort()) };
  await project.runWith(env, 'node', '--import', './api.mjs', program, `./snippet-${index}.mjs`);
}

function environmentOf({ url, region, credentials }: LocalVending): NodeJS.ProcessEnv {
  return {
    TOKEN_VENDING_URL: url,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
}
