// Programs from PyPI. Each has a Python environment of its own in the project's folder, because their dependencies
// exclude each other.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './children.ts';

export class PythonEnvironment {
  readonly folder: string;
  readonly packages: readonly string[];

  /**
   * @param name names the folder: `.venv-NAME`
   * @param packages what is installed, with versions, such as `checkov==3.3.30`
   */
  constructor(name: string, ...packages: readonly string[]) {
    this.folder = join(import.meta.dirname, `../../.venv-${name}`);
    this.packages = packages;
  }

  /** Installs the packages, unless exactly these are there already. Needs Python 3. */
  async install(): Promise<void> {
    const installedFile = join(this.folder, 'installed');
    const packages = this.packages.join(' ');
    if ((await readFile(installedFile, 'utf8').catch(() => '')) === packages) return;
    await run('python3', ['-m', 'venv', this.folder]);
    await run(this.program('pip'), ['install', '--quiet', ...this.packages]);
    await writeFile(installedFile, packages);
  }

  /** The file of an installed program. */
  program(name: string): string {
    return join(this.folder, 'bin', name);
  }
}
