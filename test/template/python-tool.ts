// A program from PyPI, pinned, in a Python environment of its own in the project's folder: their dependencies quarrel.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../deploy/command.ts';

export interface PythonTool {
  /** What is installed, such as `checkov==3.3.30`. */
  readonly requirement: string;
  /** The file to run. */
  readonly program: string;
}

/** Installs it, unless that version is there already. */
export async function installPythonTool(name: string, version: string, signal: AbortSignal): Promise<PythonTool> {
  const venv = join(import.meta.dirname, `../../.venv-${name}`);
  const requirement = `${name}==${version}`;
  const tool = { requirement, program: join(venv, 'bin', name) };
  const stamp = join(venv, 'installed');
  const installed = await readFile(stamp, 'utf8').catch(() => '');
  if (installed === requirement) return tool;
  await run('python3', ['-m', 'venv', venv], { signal });
  await run(join(venv, 'bin', 'pip'), ['install', '--quiet', requirement], { signal });
  await writeFile(stamp, requirement);
  return tool;
}
