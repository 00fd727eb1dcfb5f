// Programs that judge the package and that no one here wrote, and the compilers that consumers have.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../testbed/processes/children.ts';
import { ROOT } from './projects.ts';

const FOLDER = join(ROOT, '.cache/package-judges');
const PACKAGES = ['publint@0.3.25', '@arethetypeswrong/cli@0.18.5', 'typescript@5.9.3'];

/** The paths of two versions of tsc: the newest 5 and this project's own. */
export const COMPILERS = {
  'TypeScript 5': join(FOLDER, 'node_modules/typescript/bin/tsc'),
  'TypeScript 7': join(ROOT, 'node_modules/typescript/bin/tsc'),
};

/** Installs the programs, unless exactly these are there already. */
export async function installJudges(): Promise<void> {
  const installedFile = join(FOLDER, 'installed');
  const packages = PACKAGES.join(' ');
  if ((await readFile(installedFile, 'utf8').catch(() => '')) === packages) return;
  await run('npm', ['install', '--no-save', '--no-package-lock', '--no-audit', '--prefix', FOLDER, ...PACKAGES]);
  await writeFile(installedFile, packages);
}

/** Each throws an Error that shows what it finds in the tarball. */
export const JUDGES: Readonly<Record<string, (tarball: string) => Promise<unknown>>> = {
  publint: (tarball) => run(program('publint'), ['run', tarball, '--strict']),
  attw: (tarball) => run(program('attw'), [tarball, '--profile', 'node16']),
};

function program(name: string): string {
  return join(FOLDER, 'node_modules/.bin', name);
}
