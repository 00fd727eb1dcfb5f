// The types of the package, as tsc declares them: those that the entries reach, and no others. They may name the
// packages that a consumer has anyway, and no package that is bundled.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { temporaryFolder } from '../local/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '..');
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const ENTRIES = ['lib/index.d.ts', 'client/index.d.ts', 'testing/index.d.ts'];
const MAY_NAME = /^(aws-cdk-lib(\/.+)?|constructs|node:.+)$/;
const IMPORTED = /(?<=\b(?:from|import) '|\bimport\(["'])[^"']+(?=["'])/g;

/** @param folders each gets all declarations */
export function writeDeclarations(folders: readonly string[]): void {
  const declared = temporaryFolder();
  execFileSync(process.execPath, [TSC, '-p', import.meta.dirname, '--outDir', declared.path], { stdio: 'inherit' });
  const reached = new Set(ENTRIES);
  for (const file of reached) {
    const text = readFileSync(join(declared.path, file), 'utf8');
    for (const [name] of text.matchAll(IMPORTED)) {
      if (name.startsWith('.')) reached.add(join(dirname(file), name.replace(/\.[jt]s$/, '.d.ts')));
      else if (!MAY_NAME.test(name)) throw new Error(`the declared types of ${file} name the package ${name}`);
    }
    for (const folder of folders) {
      const path = join(folder, normalize(file));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(
        path,
        text.replace(IMPORTED, (name) => name.replace(/^(\..*)\.ts$/, '$1.js')),
      );
    }
  }
}
