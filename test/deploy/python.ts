// Programs from PyPI, pinned, in a Python environment of their own in the project's folder: their dependencies quarrel.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './command.ts';

/** Makes a Python environment that holds the packages, such as `checkov==3.3.30`, unless just those are there already. */
export async function installPython(venv: string, packages: readonly string[], signal: AbortSignal): Promise<void> {
  const stamp = join(venv, 'installed');
  const wanted = packages.join(' ');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await run('python3', ['-m', 'venv', venv], { signal });
  await run(join(venv, 'bin', 'pip'), ['install', '--quiet', ...packages], { signal });
  await writeFile(stamp, wanted);
}
