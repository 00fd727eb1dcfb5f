// Programs that call a profile as consumers do: each signs with a library or a tool that nobody here wrote. What a
// program needs is installed with a fixed version.

import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { run } from '../../testbed/processes/children.ts';
import { findJavaProgram } from '../../testbed/processes/maven.ts';
import { PythonEnvironment } from '../../testbed/processes/python.ts';

const HERE = import.meta.dirname;
const CACHE = join(HERE, '../../.cache/signers');

const PYTHON_PACKAGES = [
  'awscurl==0.44',
  'botocore==1.44.8',
  'httpx==0.28.1',
  'httpx-aws-auth==4.2.0',
  'requests==2.34.2',
  'requests-aws4auth==1.4.0',
];
const JAVA_SDK = '2.59.1';
/** The oldest Go that go.mod takes is 1.24. */
const OLDEST_GO_MINOR = 24;

/** The program and its first arguments. Two follow: `form`, `json` or `metadata`, and the scopes. */
export type Command = readonly [string, ...(readonly string[])];

export interface Signer {
  readonly name: string;
  /** An x-amz header that it sends without signing it, which AWS documents as an error. @default none */
  readonly unsignedHeader?: string;
  /** Installs what the program needs. Returns its command, or the sentence that says what this machine lacks. */
  prepare(): Promise<Command | { readonly missing: string }>;
}

/** @param packages with versions, the signer first */
function javaScript(name: string, ...packages: readonly [string, ...string[]]): Signer {
  return {
    name,
    async prepare() {
      const folder = join(CACHE, packages[0]);
      // npm writes this file when all packages are there.
      if (!existsSync(join(folder, 'node_modules/.package-lock.json'))) {
        await run('npm', ['install', '--no-save', '--no-package-lock', '--prefix', folder, ...packages]);
      }
      // An imported package is searched for beside the program.
      const program = join(folder, 'caller.mjs');
      await copyFile(join(HERE, `javascript/with-${name}.mjs`), program);
      return [process.execPath, program];
    },
  };
}

const pythonEnvironment = new PythonEnvironment('signers', ...PYTHON_PACKAGES);

function python(name: string, program: string): Signer {
  return {
    name,
    async prepare() {
      await pythonEnvironment.install();
      return [pythonEnvironment.program('python'), join(HERE, 'python', program)];
    },
  };
}

const awscurl: Signer = {
  name: 'awscurl',
  async prepare() {
    await pythonEnvironment.install();
    const path = [join(pythonEnvironment.folder, 'bin'), process.env.PATH].join(delimiter);
    return ['env', `PATH=${path}`, join(HERE, 'shell/with_awscurl.sh')];
  },
};

const go: Signer = {
  name: 'aws-sdk-go-v2',
  async prepare() {
    const printed = await run('go', ['env', 'GOVERSION']).catch(() => '');
    const [version, minor] = /^go1\.(\d+)/.exec(printed) ?? [];
    if (version === undefined) return { missing: 'Go is not found' };
    if (Number(minor) < OLDEST_GO_MINOR) return { missing: `Go 1.${OLDEST_GO_MINOR} is not found, but ${version}` };
    const program = join(temporaryFolder().path, 'caller');
    await run('go', ['build', '-o', program], { cwd: join(HERE, 'go') });
    return [program];
  },
};

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>aws-sdk-java</artifactId><version>1</version>
  <dependencies>
    ${['auth', 'url-connection-client'].map(javaDependency).join('\n    ')}
  </dependencies>
</project>
`;

function javaDependency(artifact: string): string {
  const id = `<groupId>software.amazon.awssdk</groupId><artifactId>${artifact}</artifactId>`;
  return `<dependency>${id}<version>${JAVA_SDK}</version></dependency>`;
}

const java: Signer = {
  name: 'AWS SDK for Java 2',
  async prepare() {
    const found = await findJavaProgram({
      name: 'the AWS SDK for Java',
      folder: 'aws-sdk-java',
      version: JAVA_SDK,
      pom: POM,
      goal: (folder) => ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`],
    });
    if ('missing' in found) return found;
    const hasCompiler = await run('javac', ['--version']).then(Boolean, () => false);
    if (!hasCompiler) return { missing: 'the Java compiler (javac) is not found' };
    const { path: classes } = temporaryFolder();
    const classPath = [join(found.folder, '*'), classes].join(delimiter);
    await run('javac', ['-cp', classPath, '-d', classes, join(HERE, 'java/Caller.java')]);
    return ['java', '-cp', classPath, 'Caller'];
  },
};

export const SIGNERS: readonly Signer[] = [
  javaScript('aws4fetch', 'aws4fetch@1.0.20'),
  javaScript('aws4-axios', 'aws4-axios@3.4.0', 'axios@1.21.1'),
  python('requests-aws4auth', 'with_requests.py'),
  { ...python('httpx-aws-auth', 'with_httpx.py'), unsignedHeader: 'x-amz-content-sha256' },
  python('botocore', 'with_botocore.py'),
  awscurl,
  go,
  java,
];
