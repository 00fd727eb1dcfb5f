// Projects that install the package as a consumer does. They are outside of this project's folder, where Node.js and
// TypeScript would find its packages.

import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { run } from '../../testbed/processes/children.ts';

export const ROOT = join(import.meta.dirname, '../..');
/** Only a program that hangs takes so long. */
const LIMIT_MS = 300_000;
const { path: FOLDERS } = temporaryFolder();

/** A new empty folder, which is removed in the end. */
export const emptyFolder = () => mkdtempSync(join(FOLDERS, 'project-'));

/** Packs the package as it would be published. */
export async function pack(): Promise<Packed> {
  const path = emptyFolder();
  const printed = await run('npm', ['pack', '--silent', '--json', '--pack-destination', path], { cwd: ROOT });
  const [{ filename, files }] = JSON.parse(printed);
  return { tarball: join(path, filename), files: files.map((file: { path: string }) => file.path) };
}

export interface Packed {
  readonly tarball: string;
  /** Relative to the package. */
  readonly files: readonly string[];
}

export class Project {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  /** @param node the executable that everything in this project runs with */
  constructor(folder: string, node = process.execPath) {
    this.folder = folder;
    this.#env = {
      ...process.env,
      PATH: [dirname(node), process.env.PATH].join(delimiter),
      // A package that doesn't support this version of Node.js isn't installed.
      npm_config_engine_strict: 'true',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    };
  }

  static empty(node?: string): Project {
    const project = new Project(emptyFolder(), node);
    project.write('package.json', '{}');
    return project;
  }

  write(name: string, text: string): void {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), 'utf8');
  }

  /** @param packages as `npm install` takes them. @default those of package.json */
  async install(...packages: readonly string[]): Promise<void> {
    await this.run('npm', 'install', '--no-audit', '--no-fund', '--loglevel', 'error', ...packages);
  }

  /** The names of all packages in node_modules. */
  installed(): string[] {
    const folder = join(this.folder, 'node_modules');
    const names = readdirSync(folder).filter((name) => !name.startsWith('.'));
    return names.flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(folder, name)).map((own) => `${name}/${own}`) : name,
    );
  }

  /** @returns what it printed on standard output */
  run(program: string, ...args: readonly string[]): Promise<string> {
    return this.runWith({}, program, ...args);
  }

  /** @param env is added to the environment */
  runWith(env: NodeJS.ProcessEnv, program: string, ...args: readonly string[]): Promise<string> {
    return run(program, args, { cwd: this.folder, env: { ...this.#env, ...env }, timeout: LIMIT_MS });
  }
}

/** As `du -sb` counts. */
export function bytesIn(path: string): number {
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), status.size);
}
