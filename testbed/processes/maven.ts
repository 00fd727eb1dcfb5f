// Fetches a Java program from Maven Central into the git-ignored cache, if Java and Maven are installed.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './children.ts';

const CACHE = join(import.meta.dirname, '../../.cache');
const OLDEST_JAVA = 17;
const DOWNLOAD_LIMIT_MS = 180_000;

export interface JavaProgram {
  /** How messages call it. */
  readonly name: string;
  /** Its folder in the cache. */
  readonly folder: string;
  readonly version: string;
  /** The goal of Maven that puts the program into a new folder, with its options. */
  readonly goal: (folder: string) => readonly string[];
  /** The project that the goal needs. @default none */
  readonly pom?: string;
}

/** The folder that holds the program, or the sentence that says why there is none. */
export async function findJavaProgram(program: JavaProgram): Promise<{ folder: string } | { missing: string }> {
  const java = await versionOf('java', '--version', /^\S+ (\d+)/);
  if (java === undefined) return { missing: `Java ${OLDEST_JAVA} is not found` };
  if (java < OLDEST_JAVA) return { missing: `Java ${OLDEST_JAVA} is not found, but Java ${java}` };
  const parent = join(CACHE, program.folder);
  const folder = join(parent, program.version);
  if (existsSync(folder)) return { folder };
  if ((await versionOf('mvn', '-version', /Maven (\d+)/)) === undefined) return { missing: 'Maven (mvn) is not found' };
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(parent, { recursive: true });
  if (program.pom !== undefined) await writeFile(join(parent, 'pom.xml'), program.pom);
  try {
    await run('mvn', ['-q', '-B', ...program.goal(partial)], { cwd: parent, timeout: DOWNLOAD_LIMIT_MS });
  } catch (error) {
    return { missing: `Maven could not fetch ${program.name} (${String(error).split('\n')[0]})` };
  }
  // The folder gets its name only when it is complete, because a folder of that name is used as it is.
  await rename(partial, folder);
  return { folder };
}

/** The first part of an installed program's version. Undefined if it doesn't run. */
async function versionOf(program: string, option: string, pattern: RegExp): Promise<number | undefined> {
  const printed = await run(program, [option]).catch(() => '');
  const [, version] = pattern.exec(printed) ?? [];
  return version === undefined ? undefined : Number(version);
}
