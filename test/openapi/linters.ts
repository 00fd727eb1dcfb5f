// The linters of the document. Their rules are in redocly.yaml and spectral.yaml.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import document from '../../docs/openapi.json' with { type: 'json' };
import { run } from '../../testbed/processes/children.ts';
import type { Suite } from '../../testbed/suite.ts';
import { npmProgram, python } from './tools.ts';

const rules = (file: string) => join(import.meta.dirname, file);

interface Linter {
  readonly name: string;
  readonly command: (file: string) => readonly [program: string, ...args: string[]];
  /** A mistake in the document, and how the linter names it. */
  readonly mistake: object;
  readonly finding: RegExp;
}

const { schemas } = document.components;
const withSchema = (name: string, schema: object) => ({
  ...document,
  components: { ...document.components, schemas: { ...schemas, [name]: schema } },
});

const LINTERS: readonly Linter[] = [
  {
    name: 'Redocly',
    command: (file) => [npmProgram('redocly'), 'lint', file, '--config', rules('redocly.yaml'), '--format', 'stylish'],
    mistake: withSchema('Unused', { type: 'string' }),
    finding: /no-unused-components/,
  },
  {
    name: 'Spectral',
    command: (file) => [npmProgram('spectral'), 'lint', file, '-r', rules('spectral.yaml'), '--fail-severity', 'hint'],
    mistake: withSchema('RequestId', { type: 'array' }),
    finding: /array-items/,
  },
  {
    name: 'openapi-spec-validator',
    command: (file) => [python.program('openapi-spec-validator'), file],
    mistake: withSchema('RequestId', { type: 'text' }),
    finding: /'text' is not valid/,
  },
];

/** @throws Error that shows what the linter finds */
async function lint({ command }: Linter, linted: object, directory: string): Promise<void> {
  const file = join(directory, 'linted.json');
  await writeFile(file, JSON.stringify(linted));
  const [program, ...args] = command(file);
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    REDOCLY_TELEMETRY: 'off',
    REDOCLY_SUPPRESS_UPDATE_NOTICE: '1',
  };
  await run(program, args, { cwd: directory, env });
}

export async function checkLinters(suite: Suite, directory: string): Promise<void> {
  for (const linter of LINTERS) {
    await suite.check(`${linter.name} finds nothing in the document`, () => lint(linter, document, directory));
    await suite.check(`${linter.name} finds a mistake that is put into the document`, () =>
      assert.rejects(lint(linter, linter.mistake, directory), linter.finding),
    );
  }
}
