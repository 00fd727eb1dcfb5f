// What generators make of the document, and a small program on each client that they make. The programs ask local mode.

import { copyFile, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { LocalMode } from '../../local/local-mode.ts';
import { run } from '../../testbed/processes/children.ts';
import { NPM_MODULES, npmProgram, python } from './tools.ts';

/** Where a program asks, and with which credentials. */
export type Endpoint = Pick<LocalMode, 'url' | 'region' | 'accessKeyId' | 'secretAccessKey'>;

/** Asks for a token of the scopes. Returns the line that the program prints. */
type Program = (endpoint: Endpoint, scope: string) => Promise<string>;

export interface Client {
  readonly name: string;
  /**
   * Generates the client and checks the types of the program on it.
   * @param folder holds an `openapi.json`, and the program
   * @throws Error that shows the generator's warnings or the type errors
   */
  readonly build: (folder: string) => Promise<Program>;
}

const environment = ({ url, region, accessKeyId, secretAccessKey }: Endpoint) => ({
  PATH: process.env.PATH,
  TOKEN_VENDING_URL: url,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
});

async function buildTypeScript(folder: string): Promise<Program> {
  await symlink(NPM_MODULES, join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module", "imports": { "#openapi": "./openapi.d.ts" } }');
  await run(npmProgram('openapi-typescript'), ['openapi.json', '--output', 'openapi.d.ts'], { cwd: folder });
  const options = ['--strict', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
  await run(npmProgram('tsc'), [...options, 'vend.ts'], { cwd: folder });
  return (endpoint, scope) => run(process.execPath, ['vend.js', scope], { cwd: folder, env: environment(endpoint) });
}

async function buildPython(folder: string): Promise<Program> {
  const env = {
    // The generator formats its files with a program from here.
    PATH: [join(python.folder, 'bin'), process.env.PATH].join(delimiter),
    PYTHONDONTWRITEBYTECODE: '1',
    PYTHONPATH: 'generated',
    MYPYPATH: 'generated',
  };
  const options = ['--path', 'openapi.json', '--output-path', 'generated', '--fail-on-warning'];
  await run(python.program('openapi-python-client'), ['generate', ...options], { cwd: folder, env });
  await run(python.program('mypy'), ['--strict', 'vend.py'], { cwd: folder, env });
  return (endpoint, scope) =>
    run(python.program('python'), ['vend.py', scope], { cwd: folder, env: { ...env, ...environment(endpoint) } });
}

export const CLIENTS: readonly Client[] = [
  { name: 'TypeScript', build: buildTypeScript },
  { name: 'Python', build: buildPython },
];

/** Builds the program on the client that is made of this document. */
export async function buildClient(client: Client, document: object, directory: string): Promise<Program> {
  const folder = await mkdtemp(join(directory, 'client-'));
  await writeFile(join(folder, 'openapi.json'), JSON.stringify(document));
  const programs = join(import.meta.dirname, 'clients');
  for (const file of ['vend.ts', 'vend.py']) await copyFile(join(programs, file), join(folder, file));
  return await client.build(folder);
}
