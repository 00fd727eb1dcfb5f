// A judge from PyPI: the program, and what is installed for it.

import { join } from 'node:path';
import { installPython } from '../deploy/python.ts';

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
  await installPython(venv, [requirement], signal);
  return { requirement, program: join(venv, 'bin', name) };
}
