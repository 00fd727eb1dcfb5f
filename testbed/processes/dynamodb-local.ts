// Fetches DynamoDB Local from Maven Central into the git-ignored cache, if Java and Maven are installed.

import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './children.ts';

export const DYNAMODB_LOCAL_VERSION = '3.3.1';
const FOLDER = join(import.meta.dirname, '../../.cache/dynamodb-local');
const JARS = join(FOLDER, DYNAMODB_LOCAL_VERSION);
const DOWNLOAD_LIMIT_MS = 180_000;

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>dynamodb-local</artifactId><version>1</version>
  <dependencies><dependency>
    <groupId>software.amazon.dynamodb</groupId><artifactId>DynamoDBLocal</artifactId><version>${DYNAMODB_LOCAL_VERSION}</version>
  </dependency></dependencies>
</project>
`;

/** The folder of its jars, or the sentence that says why there is none. */
export async function findDynamoDbLocal(): Promise<{ jars: string } | { missing: string }> {
  if (!(await isInstalled('java', '-version'))) return { missing: 'Java is not found' };
  if (existsSync(JARS)) return { jars: JARS };
  if (!(await isInstalled('mvn', '-version'))) return { missing: 'Maven (mvn) is not found' };
  const partial = `${JARS}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, 'pom.xml'), POM);
  const args = ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  try {
    await run('mvn', args, { cwd: FOLDER, timeout: DOWNLOAD_LIMIT_MS });
  } catch (error) {
    return { missing: `Maven could not fetch DynamoDB Local (${String(error).split('\n')[0]})` };
  }
  // The folder gets its name only when it is complete, because a folder of that name is used as it is.
  await rename(partial, JARS);
  return { jars: JARS };
}

async function isInstalled(program: string, ...args: string[]): Promise<boolean> {
  return await run(program, args).then(
    () => true,
    () => false,
  );
}
