// The rules of the source tree, above all which folder may import which. They are checked against the sources
// themselves.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { cyclesIn } from '../testbed/cycles.ts';

const ROOT = join(import.meta.dirname, '..');

/** The folders that each folder may import besides itself. Imports go one way. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  operating: [],
  lambda: ['operating'],
  lib: ['lambda', 'operating'],
  local: ['lambda', 'operating'],
  client: ['lambda'],
  testing: ['local', 'lib', 'lambda', 'operating'],
  package: ['lib', 'local'],
  bin: ['client', 'testing', 'lib', 'local', 'lambda'],
  testbed: ['client', 'testing', 'local', 'lib', 'lambda', 'operating', 'bin'],
  test: ['testbed', 'bin', 'client', 'testing', 'local', 'lib', 'lambda', 'operating'],
  bench: ['testbed', 'bin', 'client', 'testing', 'local', 'lib', 'lambda', 'operating'],
};

/** A part of a folder that may import more than its folder: the canary is a consumer. */
const MAY_IMPORT_TOO: Readonly<Record<string, readonly string[]>> = { 'lambda/canary': ['client'] };

/** The same for the parts of the vend function: from the HTTP request down to the state of a token. */
const VEND_MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lambda/vend/state': [],
  'lambda/vend/store': ['lambda/vend/state'],
  'lambda/vend/vending': ['lambda/vend/store', 'lambda/vend/state'],
  'lambda/vend/http': ['lambda/vend/vending', 'lambda/vend/state'],
};

function sources(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => join(folder, file));
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The modules that a file imports. Without types, only those that it imports at run time. */
function imports(file: string, withTypes: boolean): string[] {
  const text = read(file).replaceAll(/^\s*(\/\/|\*).*$/gm, '');
  const statements = text.matchAll(/^(?:import|export)\s+(type\b)?[^;']*?\bfrom\s+'([^']+)'/gm);
  const others = text.matchAll(/^import\s+'([^']+)'|\bimport\('([^']+)'\)/gm);
  return [
    ...[...statements].filter(([, type]) => withTypes || type === undefined).map(([, , path]) => path ?? ''),
    ...[...others].map(([, alone, loaded]) => alone ?? loaded ?? ''),
  ];
}

/** The project's own files that a file imports, relative to the project. */
function ownImports(file: string): string[] {
  return imports(file, true)
    .filter((path) => path.startsWith('.'))
    .map((path) => normalize(join(dirname(file), path)));
}

const FILES = Object.keys(MAY_IMPORT).flatMap((folder) => sources(folder));
const folderOf = (file: string) => file.split('/')[0] ?? '';

test('the rules are read from real files', () => {
  expect(FILES.length).toBeGreaterThan(150);
  expect(imports('lambda/vend/index.ts', true)).toContain('@aws-sdk/client-dynamodb');
  expect(imports('lambda/oauth/token-endpoint.ts', false)).toContain('./connections.ts');
  expect(imports('lambda/oauth/connections.ts', false)).toContain('undici/lib/dispatcher/pool.js');
  expect(imports('lambda/oauth/connections.ts', false)).not.toContain('undici');
  const missing = FILES.flatMap((file) => ownImports(file)).filter((file) => !existsSync(join(ROOT, file)));
  expect(missing).toEqual([]);
});

test('every folder with sources has a rule', () => {
  const folders = readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !/^(\.|node_modules|docs|examples|cdk\.out|dist)/.test(entry.name))
    .map(({ name }) => name);
  expect(folders.sort()).toEqual(Object.keys(MAY_IMPORT).sort());
});

describe('imports go one way', () => {
  test.each(Object.entries(MAY_IMPORT))('%s imports nothing of the project but itself and: %s', (folder, allowed) => {
    const wrong = sources(folder).flatMap((file) =>
      ownImports(file)
        .filter((path) => path.includes('/'))
        .filter((path) => folderOf(path) !== folder)
        .filter((path) => ![...allowed, ...(MAY_IMPORT_TOO[dirname(file)] ?? [])].includes(folderOf(path)))
        .filter((path) => /\.(ts|mjs)$/.test(path))
        .map((path) => `${file} imports ${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test.each(Object.entries(VEND_MAY_IMPORT))(
    '%s imports no other part of the vend function but: %s',
    (part, allowed) => {
      const wrong = sources(part).flatMap((file) =>
        ownImports(file)
          .filter(
            (path) => dirname(path) in VEND_MAY_IMPORT && dirname(path) !== part && !allowed.includes(dirname(path)),
          )
          .map((path) => `${file} imports ${path}`),
      );
      expect(wrong).toEqual([]);
    },
  );

  test('no file imports itself through other files', () => {
    expect(cyclesIn(FILES, (file) => ownImports(file).filter((name) => FILES.includes(name)))).toEqual([]);
  });
});

describe('no SDK, network or process is used', () => {
  const pure = [
    'lambda/errors.ts',
    'lambda/oauth/answer-policy.ts',
    'lambda/oauth/answer.ts',
    'lambda/oauth/retry-after.ts',
    'lambda/oauth/scopes.ts',
    'lambda/oauth/token.ts',
    'lambda/oauth/client-authentication.ts',
    ...sources('lambda/vend/state'),
    'lambda/vend/vending/decision.ts',
    'lambda/vend/vending/time-left.ts',
    'lambda/secrets/secret-value.ts',
    'lambda/shared-calls.ts',
    'lambda/vend/vending/scope-policy.ts',
    ...sources('operating'),
  ];
  test.each(pure)('in %s', (file) => {
    expect(imports(file, false).filter((name) => !name.startsWith('.') && name !== 'node:crypto')).toEqual([]);
    expect(read(file)).not.toMatch(/\bprocess\b/);
  });
});

test('the client imports the scopes alone of lambda/, and no package before it is used', () => {
  const files = sources('client');
  const own = files.flatMap((file) => ownImports(file)).filter((path) => folderOf(path) === 'lambda');
  expect([...new Set(own)].sort()).toEqual(['lambda/errors.ts', 'lambda/oauth/scopes.ts']);
  const reached = files.filter((file) => file !== 'client/signature.ts');
  const packages = reached.flatMap((file) => [...read(file).matchAll(/^(?:import|export) .* from '([^.'][^']*)'/gm)]);
  expect(packages.map(([, name]) => name)).toEqual(['node:crypto']);
});

test('besides the index, only one file of the vend function imports the client of DynamoDB', () => {
  const importing = sources('lambda/vend').filter((file) => imports(file, false).includes('@aws-sdk/client-dynamodb'));
  expect(importing).toEqual(['lambda/vend/index.ts', 'lambda/vend/store/dynamodb-items.ts']);
});

test('only an index.ts of lambda/ reads the environment or makes a client', () => {
  const readers = sources('lambda').filter((file) => /process\.env|new \w+Client\(/.test(read(file)));
  expect(readers.filter((file) => !file.endsWith('index.ts'))).toEqual([]);
});

test('only the compositions create the parts of a function', () => {
  const parts = /new (TokenVendor|Minting|Minter|TokenReader|TokenWriter|CredentialSource|StagedSecret|Comparison)\(/;
  const composing = FILES.filter((file) => parts.test(read(file)));
  expect(composing).toEqual([
    'lambda/rotate/rotate-function.ts',
    'lambda/vend/vend-function.ts',
    // The simulated designs of other projects read the credential in the same way.
    'testbed/simulator/designs.ts',
    // This part is also tested alone.
    'test/lambda/secrets/credential-source.test.ts',
  ]);
});

test('no file of lambda/ prints with console', () => {
  expect(sources('lambda').filter((file) => /console\.\w+\(/.test(read(file)))).toEqual([]);
});

test('no file outside test/ and bench/ has more than 250 lines', () => {
  const long = FILES.filter((file) => !/^(test|bench)\//.test(file));
  expect(long.filter((file) => read(file).split('\n').length > 250)).toEqual([]);
});
