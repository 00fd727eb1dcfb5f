// Renews docs/scaling.md: the tables between its markers, and the plots beside it.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plots } from './plots.ts';
import { type Report, tables } from './report.ts';

const DOCS = join(import.meta.dirname, '../../docs');
const BEGIN = '<!-- measured: begin, written by npm run bench:fleet -- --write-docs -->';
const END = '<!-- measured: end -->';

export async function writeDocs(report: Report): Promise<void> {
  const page = join(DOCS, 'scaling.md');
  const text = await readFile(page, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before < 0 || after < before) throw new Error(`${page} lacks the lines that say where the figures go`);
  await writeFile(page, `${text.slice(0, before + BEGIN.length)}\n\n${measured(report)}\n${text.slice(after)}`);
  await mkdir(join(DOCS, 'scaling'), { recursive: true });
  for (const [file, svg] of Object.entries(plots(report))) await writeFile(join(DOCS, 'scaling', file), svg);
}

function measured(report: Report): string {
  const { date, node, machine, seed, seconds, runs } = report;
  const callsRun = runs.reduce((sum, { figures }) => sum + figures.whole.callsRun, 0);
  const head = `Simulated ${date}, Node.js ${node}, ${machine}, seed ${seed}: ${Math.round(callsRun).toLocaleString('en-US')} calls of \`vend\` really run, in ${seconds.toFixed(0)} s.`;
  return [head, ...tables(report).map(({ title, text }) => `### ${title}\n\n${text}`)].join('\n\n').concat('\n');
}
