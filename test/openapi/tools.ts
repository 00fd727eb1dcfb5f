// The linters and generators that read docs/openapi.json. Nobody here wrote them. Those of npm are not among the
// project's packages, because they would double what `npm ci` installs.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../testbed/processes/children.ts';
import { PythonEnvironment } from '../../testbed/processes/python.ts';

const NPM_FOLDER = join(import.meta.dirname, '../../.cache/openapi');
/** Where compilers and Node.js find the packages. */
export const NPM_MODULES = join(NPM_FOLDER, 'node_modules');
const NPM_PACKAGES = [
  '@redocly/cli@2.77.0',
  '@stoplight/spectral-cli@6.16.3',
  '@types/node@20.19.43',
  'aws4fetch@1.0.20',
  'openapi-fetch@0.17.0',
  'openapi-typescript@7.13.0',
  // openapi-typescript needs the JavaScript API of TypeScript, which version 7 lacks.
  'typescript@5.9.3',
];

export const python = new PythonEnvironment(
  'openapi',
  'httpx-aws-auth==4.2.0',
  'mypy==2.4.1',
  'openapi-python-client==0.29.1',
  'openapi-spec-validator==0.9.0',
);

/** Installs the packages of npm, unless exactly these are there already. No script of a package is run. */
export async function installFromNpm(): Promise<void> {
  const installedFile = join(NPM_FOLDER, 'installed');
  const packages = NPM_PACKAGES.join(' ');
  if ((await readFile(installedFile, 'utf8').catch(() => '')) === packages) return;
  await mkdir(NPM_FOLDER, { recursive: true });
  const options = ['--prefix', NPM_FOLDER, '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts'];
  await run('npm', ['install', ...options, ...NPM_PACKAGES]);
  await writeFile(installedFile, packages);
}

/** The file of a program of npm. */
export function npmProgram(name: string): string {
  return join(NPM_MODULES, '.bin', name);
}
