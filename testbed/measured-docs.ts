// Writes measured figures into a Markdown page, between two lines that mark where they go.

import { readFile, writeFile } from 'node:fs/promises';

/** Two whole lines of the page, which stay. They are HTML comments, so that a reader doesn't see them. */
export interface Markers {
  readonly begin: string;
  readonly end: string;
}

/**
 * Replaces what is between the markers.
 * @throws Error where the page lacks the markers
 */
export async function writeBetween(file: string, markers: Markers, text: string): Promise<void> {
  const { before, after } = await readAround(file, markers);
  await writeFile(file, `${before}\n\n${text.trim()}\n\n${after}`);
}

/**
 * Reads the page without what is between the markers. A measurement of several minutes calls this first, so that it
 * fails before it measures and not afterwards.
 * @returns the page up to the end of the first marker, and from the beginning of the second on
 * @throws Error where the page lacks the markers
 */
export async function readAround(file: string, { begin, end }: Markers): Promise<{ before: string; after: string }> {
  const text = await readFile(file, 'utf8');
  const [beginIndex, endIndex] = [text.indexOf(begin), text.indexOf(end)];
  if (beginIndex < 0 || endIndex < beginIndex) {
    throw new Error(`${file} lacks the lines ${begin} and ${end}, between which the figures go`);
  }
  return { before: text.slice(0, beginIndex + begin.length), after: text.slice(endIndex) };
}

/** A Markdown table: the first column is text, the others are numbers. */
export function markdownTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
