// The rules of the house: which room may know which. Read off the sources' own imports.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');

function sources(...rooms: string[]): string[] {
  return rooms.flatMap((room) =>
    readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|mjs)$/.test(file) && !file.endsWith('.d.ts'))
      .map((file) => join(room, file)),
  );
}

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** What a file imports at run time: types are gone by then. */
function imports(file: string): string[] {
  const statements = read(file).matchAll(
    /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
  );
  return [...statements].map(([, stated, loaded]) => stated ?? loaded ?? '');
}

const files = sources('bin', 'lib', 'lambda', 'local');

test('the rules are read off real files', () => {
  expect(files.length).toBeGreaterThan(30);
  expect(imports('lambda/vend/index.ts')).toContain('@aws-sdk/client-dynamodb');
  expect(imports('lambda/oauth/token-endpoint.ts')).toContain('undici/lib/dispatcher/pool.js');
});

describe('the rules of the policy know no SDK, no network and no process', () => {
  const pure = ['oauth/scopes', 'oauth/token', 'errors', 'vend/single-flight', 'vend/known-token', 'vend/back-off'];
  test.each(pure.map((name) => `lambda/${name}.ts`))('%s', (file) => {
    expect(imports(file).filter((name) => !name.startsWith('.') && !/^node:(util|crypto)$/.test(name))).toEqual([]);
    expect(read(file)).not.toMatch(/\bprocess\b/);
  });
});

test('only an index.ts of lambda/ reads the environment or makes a client', () => {
  const readers = sources('lambda').filter((file) => /process\.env|new \w+Client\(/.test(read(file)));
  expect(readers.filter((file) => !file.endsWith('index.ts'))).toEqual([]);
});

test('nothing that is deployed knows of local/, lib/ or the tests', () => {
  const wrong = sources('lambda').filter((file) =>
    imports(file).some((name) => /^\..*\/(local|lib|test|bin)\//.test(name)),
  );
  expect(wrong).toEqual([]);
});

test('lambda/ does not print by hand', () => {
  expect(sources('lambda').filter((file) => /console\.\w+\(/.test(read(file)))).toEqual([]);
});

test('a file is 250 lines at the most', () => {
  expect(files.filter((file) => read(file).split('\n').length > 250)).toEqual([]);
});
