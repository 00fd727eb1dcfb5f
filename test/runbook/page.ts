// The tasks of docs/runbook.md, with the commands that an operator pastes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
const [, PART = ''] = /^## Day-two tasks\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(PAGE) ?? [];
const [INTRODUCTION = '', ...SECTIONS] = PART.split(/^### /m);

export interface Task {
  readonly heading: string;
  /** The blocks of commands in their order. Each may use the variables of the ones before. */
  readonly blocks: readonly string[];
}

/** Sets the variables that the tasks use. */
export const VARIABLES = blocksOf('bash', INTRODUCTION).join('');

export const TASKS: readonly Task[] = SECTIONS.map((section) => ({
  heading: section.split('\n')[0] ?? '',
  blocks: blocksOf('bash', section),
}));

/** The examples of cdk.json. */
export const CONFIGURATIONS: readonly unknown[] = blocksOf('json', PART).map(
  (block) => JSON.parse(`{${block}}`).tokenVending,
);

function blocksOf(language: string, text: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);
}
