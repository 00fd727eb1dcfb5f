// What the package does with one version of Node.js.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Suite } from '../../testbed/suite.ts';
import { FORMATS, type Format, HANDLED, LOADED_BYTES, program, VENDING } from './programs.ts';
import { bytesIn, type Packed, Project } from './projects.ts';

const MAX_INSTALLED_BYTES = 5_000_000;
/** The signer alone is more, and the chain of credentials more still. */
const MAX_CLIENT_BYTES = 60_000;
/** Node.js prints the line that threw, too. */
const MAX_LINE_CHARACTERS = 250;

const NEEDS_CDK = 'Error: token-vending needs aws-cdk-lib and constructs: npm i aws-cdk-lib constructs';
const NEEDS_DYNALITE = 'Error: token-vending/testing needs the package dynalite: npm i -D dynalite@4';

export async function checkNode(suite: Suite, { tarball }: Packed, node: string, name: string): Promise<void> {
  const project = Project.empty(node);
  await suite.step(`${name}: it installs into an empty project`, () => project.install(tarball));
  const runProgram = (format: Format, text: string) => {
    project.write(`program.${format}`, text);
    return project.run('node', `program.${format}`);
  };
  await suite.check(`${name}: nothing else is installed, and that is 5 MB at most`, async () => {
    assert.deepEqual(project.installed(), ['token-vending']);
    const bytes = bytesIn(join(project.folder, 'node_modules'));
    assert(bytes <= MAX_INSTALLED_BYTES, `${bytes} bytes`);
  });
  for (const format of Object.keys(FORMATS) as Format[]) {
    const as = `${name}, ${FORMATS[format]}`;
    await suite.check(`${as}: the constructs say in one line which packages they need`, async () => {
      await assertSays(NEEDS_CDK, () => runProgram(format, program(format, { 'token-vending': 'TokenVending' })));
    });
    await suite.check(`${as}: startLocal says in one line which package it needs`, async () => {
      const text = program(format, { 'token-vending/testing': 'startLocal' }, 'await startLocal(); process.exit();');
      await assertSays(NEEDS_DYNALITE, () => runProgram(format, text));
    });
    await suite.check(`${as}: a process that handles this ends, so nothing was left open`, async () => {
      const text = program(format, { 'token-vending/testing': 'startLocal' }, HANDLED);
      assert.equal(await runProgram(format, text), `${NEEDS_DYNALITE}\n`);
    });
  }
  await suite.check(
    `${name}: the client loads the signer and the credential chain only when it needs them`,
    async () => {
      const client = { 'token-vending/client': 'TokenClient' };
      const bytes = Number(await runProgram('cjs', program('cjs', client, LOADED_BYTES)));
      assert(bytes > 0 && bytes <= MAX_CLIENT_BYTES, `${bytes} bytes`);
    },
  );
  await suite.step(`${name}: its peers are installed`, () => project.install('aws-cdk-lib', 'constructs', 'dynalite'));
  for (const format of Object.keys(FORMATS) as Format[]) {
    await suite.check(`${name}, ${FORMATS[format]}: a token is vended by startLocal`, async () => {
      const imports = { 'token-vending/testing': 'startLocal', 'token-vending/client': 'TokenClient' };
      await runProgram(format, program(format, imports, VENDING));
    });
    await suite.check(`${name}, ${FORMATS[format]}: the constructs are there`, async () => {
      const printNames = 'console.log(typeof TokenVending, new ConfigError().name);';
      const text = program(format, { 'token-vending': 'TokenVending, ConfigError' }, printNames);
      assert.equal(await runProgram(format, text), 'function ConfigError\n');
    });
  }
}

/** The program fails with this line, which stands alone among short ones. */
async function assertSays(line: string, runs: () => Promise<string>): Promise<void> {
  await assert.rejects(runs, ({ message }: Error) => {
    const lines = message.split('\n');
    assert(lines.includes(line), message);
    assert(
      lines.every(({ length }) => length <= MAX_LINE_CHARACTERS),
      message,
    );
    return true;
  });
}
