// docs/security.md and docs/guarantees.md name tests. Each of them exists under that name.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const SECURITY = read('docs/security.md');

const TESTS = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name));

/** Each file named, by its path or its name alone, perhaps in a link, with the names of tests that follow it. */
const named = [SECURITY, read('docs/guarantees.md')].flatMap((page) =>
  [...page.matchAll(/`([\w/-]+\.test\.ts)`(?:\]\([^)]+\))?((?:, "[^"]+")*)/g)].map(([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  })),
);

test.each(named)('$file has $names', ({ file, names }) => {
  const found = TESTS.filter((path) => path === file || path.endsWith(`/${file}`));
  expect(found).toHaveLength(1);
  const source = read(String(found[0]));
  for (const name of names) expect(source).toContain(name);
});

test('each threat has a test', () => {
  const rows = SECURITY.split('\n').filter(
    (line) => /^\| (?!\*\*|threat|---)/.test(line) && line.split(' | ').length === 3,
  );
  const threats = rows.filter((row) => !/^\| (?:asset|the client|access tokens|the right|the record)/.test(row));
  expect(threats.length).toBeGreaterThan(25);
  for (const threat of threats) expect(threat).toMatch(/`(?:test\/|npm run test:)/);
});
