// Measured figures go between two marked lines of a page, and change nothing else in it.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { markdownTable, writeBetween } from '../../testbed/measured-docs.ts';

const MARKERS = { begin: '<!-- measured: begin -->', end: '<!-- measured: end -->' };
const folder = temporaryFolder();
const page = join(folder.path, 'page.md');
afterAll(() => folder.close());

test('what is between the markers is replaced, and the rest of the page stays', async () => {
  await writeFile(page, `# Page\n\n${MARKERS.begin}\nold\n${MARKERS.end}\n\nThe end.\n`);
  await writeBetween(page, MARKERS, 'new\n');
  await writeBetween(page, MARKERS, 'newer\n');
  expect(await readFile(page, 'utf8')).toBe(`# Page\n\n${MARKERS.begin}\n\nnewer\n\n${MARKERS.end}\n\nThe end.\n`);
});

test.each(['', MARKERS.begin, MARKERS.end, `${MARKERS.end}\n${MARKERS.begin}`])(
  'a page that lacks a marker, or has them in the wrong order, is left as it is: %j',
  async (text) => {
    await writeFile(page, text);
    await expect(writeBetween(page, MARKERS, 'new')).rejects.toThrow(/page\.md lacks the lines <!-- measured: begin/);
    expect(await readFile(page, 'utf8')).toBe(text);
  },
);

test('a table has text on the left and numbers on the right', () => {
  expect(markdownTable(['', 'bound'], [['mints', '1']])).toBe('|  | bound |\n| --- | ---: |\n| mints | 1 |');
});
