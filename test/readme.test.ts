// What the README and the other pages say is so: their code blocks, npm scripts, links and configuration.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { POLICY, type Situation } from '../lambda/vend/vending/decision.ts';
import { loadConfig } from '../lib/config.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const README = read('README.md');
const CONFIGURATION = read('docs/configuration.md');

const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** The code block of a page that is in the language and holds the text. */
function block(page: string, language: string, text: string): string {
  const blocks = [...page.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```/gm)];
  const found = blocks.find(([, of, code]) => of === language && code?.includes(text))?.[2];
  if (found === undefined) throw new Error(`there is no ${language} block with ${text}`);
  return found;
}

describe('the README', () => {
  // test/examples.test.ts runs the example.
  test('shows the curl command of the curl example', () => {
    expect(read('examples/vend.sh').endsWith(`\n${block(README, 'bash', '--aws-sigv4')}`)).toBe(true);
  });

  test('has at most 150 lines', () => {
    expect(README.split('\n').length).toBeLessThanOrEqual(151);
  });
});

describe('the oldest Node.js', () => {
  const { engines } = JSON.parse(read('package.json'));
  const { packages }: { packages: Record<string, { optional?: boolean; engines?: { node?: string } }> } = JSON.parse(
    read('package-lock.json'),
  );

  test.each(['20', '22'])('of %s that package.json names is the one that the packages need', (major) => {
    const { '': self, ...installed } = packages;
    const minimum = new RegExp(`(?:\\^|>=) ?${major}\\.(\\d+)\\.\\d`);
    const needed = Object.values(installed)
      .filter(({ optional }) => !optional)
      .map((installedPackage) => Number(minimum.exec(installedPackage.engines?.node ?? '')?.[1] ?? 0));
    expect(self?.engines).toEqual(engines);
    expect(Number(minimum.exec(engines.node)?.[1])).toBe(Math.max(...needed));
  });

  test.each(['README.md', 'CONTRIBUTING.md'])('is the one that %s names', (page) => {
    const [, of20, of22] = /^\^(\d+\.\d+)\.0 \|\| >=(\d+\.\d+)\.0$/.exec(engines.node) ?? [];
    expect(read(page)).toContain(`You need Node.js ${of20}, ${of22} or newer and npm`);
  });
});

test('each npm script that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const named = PAGES.flatMap((page) => [...read(page).matchAll(/`npm run ([\w:-]+)/g)].map(([, name]) => name));
  expect(named.length).toBeGreaterThan(10);
  for (const name of named) expect(scripts).toHaveProperty([String(name)]);
});

test('CONTRIBUTING.md names each npm script that is not a standard one', () => {
  const { scripts } = JSON.parse(read('package.json'));
  const contributing = read('CONTRIBUTING.md');
  for (const name of Object.keys(scripts)) {
    expect(contributing).toContain(['start', 'test'].includes(name) ? `npm ${name}` : `npm run ${name}`);
  }
});

test('the CI workflow runs each part of .ci/run, and no other', () => {
  const [, parts = ''] = /^parts=\((.+)\)$/m.exec(read('.ci/run')) ?? [];
  const workflow = read('.github/workflows/ci.yml');
  const [, suites = ''] = /^ +part:\s+\[([^\]]+)\]$/m.exec(workflow) ?? [];
  const named = [...workflow.matchAll(/^ +- run: \.ci\/run ([a-z -]+)$/gm)].flatMap(([, names = '']) =>
    names.split(' '),
  );
  const matrix = suites.match(/[\w-]+/g) ?? [];
  // The fast tests run on Node.js 24 by a job of their own.
  expect([...named, ...matrix, 'node24'].sort()).toEqual(parts.split(' ').sort());
});

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(PAGES)('each link of %s leads to a file, and to a heading of it', (page) => {
  const targets = [...read(page).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, target = '']) => target);
  for (const target of targets) {
    const [path = '', anchor] = target.split('#');
    const file = path === '' ? page : join(dirname(page), path);
    expect([target, existsSync(join(ROOT, file))]).toEqual([target, true]);
    if (anchor !== undefined) expect(anchors(read(file))).toContain(anchor);
  }
});

test.each(['docs', 'docs/decisions'])('%s/README.md lists every page of its folder', (folder) => {
  const index = read(`${folder}/README.md`);
  const pages = PAGES.filter((page) => dirname(page) === folder && !page.endsWith('README.md'));
  expect(pages.length).toBeGreaterThan(5);
  for (const page of pages) expect(index).toContain(`](${basename(page)})`);
});

describe('docs/architecture.md', () => {
  const page = read('docs/architecture.md');

  test('has a row for each attribute that is written to the table', () => {
    const stored = page.slice(page.indexOf('## What is stored'), page.indexOf('## How a token is vended'));
    const documented = [...stored.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    );
    const sources = readdirSync(join(ROOT, 'lambda/vend/store')).map((name) => read(join('lambda/vend/store', name)));
    // As the SDK takes them: `lease_id: { S: leaseId }`.
    const written = sources.flatMap((source) => [...source.matchAll(/\b(\w+): \{ [BMNS]: /g)].map(([, name]) => name));
    expect(new Set(documented)).toEqual(new Set(written));
  });

  test('has each row of the policy, in its order', () => {
    const timeLeft = ({ hasTimeToReadAndMint, hasTimeToMint, hasTimeToWait }: Partial<Situation>) =>
      [hasTimeToReadAndMint && 'to read and mint', hasTimeToMint && 'to mint', hasTimeToWait && 'to wait']
        .filter(Boolean)
        .join(', ');
    const rows = POLICY.map(({ because, when, next }) => {
      const backOff = when.isBackedOff ? 'yes' : undefined;
      const cells = [when.token, when.table, backOff, when.lease, timeLeft(when) || undefined, next, because];
      return `| ${cells.map((cell) => cell ?? '–').join(' | ')} |`;
    });
    const [, table = ''] = /^\| token \| table \|.*\n\|[-|]+\n((?:\|.*\n)+)/m.exec(page) ?? [];
    expect(table.trim().split('\n')).toEqual(rows);
  });
});

/** What this test reads of config.schema.json. */
interface Schema {
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
}

describe('docs/configuration.md', () => {
  const example = JSON.parse(block(CONFIGURATION, 'json', '"profiles"'));
  const cdkJson: Schema = JSON.parse(read('config.schema.json'));
  const { properties: keys = {} } = cdkJson.properties?.context?.properties?.tokenVending ?? {};

  test('has an example that is accepted', () => {
    expect(Object.keys(loadConfig(example).profiles)).toEqual(Object.keys(example.profiles));
  });

  test.each([
    ['credentials.NAME.', keys.credentials?.additionalProperties?.properties],
    ['profiles.NAME.', keys.profiles?.additionalProperties?.properties],
    ['top level', keys],
  ])('has a row for each key of: %s', (table, schemas = {}) => {
    const rows = CONFIGURATION.slice(CONFIGURATION.search(new RegExp(`^\\| \`?${table}`, 'm'))).split('\n\n')[0] ?? '';
    const documented = [...rows.matchAll(/^\| `(\w+)` \| .+ \| (.+) \| .+ \|$/gm)];
    expect(Object.keys(schemas).length).toBeGreaterThan(4);
    expect(new Set(documented.map(([, key]) => key))).toEqual(new Set(Object.keys(schemas)));
    for (const [, key = '', defaultCell] of documented) {
      const { default: value } = schemas[key] ?? {};
      if (typeof value === 'string' || typeof value === 'number') expect(defaultCell).toContain(String(value));
    }
  });
});

describe('docs/servers.md', () => {
  const page = read('docs/servers.md');
  const sections = page.split(/^#+ /m);
  const configured = sections.flatMap((section) => {
    const [, json] = /^```json\n([\s\S]*?)^```/m.exec(section) ?? [];
    return json === undefined ? [] : [[section.split('\n')[0] ?? '', json] as const];
  });

  test('says for ten servers or more what to configure, and each of them is in the table', () => {
    expect(configured.length).toBeGreaterThanOrEqual(10);
    expect(configured).toHaveLength(page.match(/^```json$/gm)?.length ?? 0);
    const linked = [...page.matchAll(/^\| \[([^\]]+)\]\(#/gm)].map(([, name]) => name);
    expect(linked).toEqual(configured.map(([name]) => name));
  });

  test.each(configured)('has a configuration for %s that is accepted', (_, json) => {
    const given = JSON.parse(json);
    expect(loadConfig(given)).toMatchObject(given);
  });
});
