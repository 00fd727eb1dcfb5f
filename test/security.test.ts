// docs/security.md names tests. Each of them exists under that name.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = join(import.meta.dirname, '..');
const SECURITY = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');

/** Each file named, with the names of tests that follow it. */
const named = [...SECURITY.matchAll(/`(test\/[\w/-]+\.test\.ts)`((?:, "[^"]+")*)/g)].map(
  ([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }),
);

test.each(named)('$file has $names', ({ file, names }) => {
  expect(existsSync(join(ROOT, file))).toBe(true);
  const source = readFileSync(join(ROOT, file), 'utf8');
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
