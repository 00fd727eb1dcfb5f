// `npm run bench:cost`: what token vending costs, from prices, measured durations and the length of the audit line.
//
//   npm run bench:cost -- --write-docs    (renews docs/cost.md)
//   npm run bench:cost -- --check         (fails where docs/cost.md says something else)

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeBetween } from '../../testbed/measured-docs.ts';
import { logBytesPerCall } from '../fleet/log-lines.ts';
import { tables } from './tables.ts';

const PAGE = join(import.meta.dirname, '../../docs/cost.md');
const MARKERS = {
  begin: '<!-- computed: begin, written by npm run bench:cost -- --write-docs -->',
  end: '<!-- computed: end -->',
};

const { values: options } = parseArgs({
  options: { 'write-docs': { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
});

const text = tables((await logBytesPerCall()).printed);
console.log(text);
if (options['write-docs']) await writeBetween(PAGE, MARKERS, text);
if (options.check && !(await readFile(PAGE, 'utf8')).includes(`${MARKERS.begin}\n\n${text}\n\n${MARKERS.end}`)) {
  console.error('docs/cost.md says something else: run npm run bench:cost -- --write-docs');
  process.exit(1);
}
