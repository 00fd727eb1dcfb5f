// The alarms and the tasks of docs/runbook.md, with the commands that an operator pastes.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/runbook.md'), 'utf8');
const [ALARMS_PART = '', TASKS_PART = ''] = PAGE.split(/^## Day-two tasks\n/m);
const [ALARMS_INTRODUCTION = '', ...ALARM_SECTIONS] = ALARMS_PART.split(/^##+ /m);
const [INTRODUCTION = '', ...SECTIONS] = TASKS_PART.split(/^### /m);

/** An alarm or a task. */
export interface Section {
  readonly heading: string;
  /** The commands in their order. Each may use the variables of the ones before. */
  readonly blocks: readonly string[];
}

/** Sets the variables that the tasks use. */
export const VARIABLES = blocksOf('bash', INTRODUCTION).join('');

/** The same for the alarms. */
export const ALARM_VARIABLES = blocksOf('bash', ALARMS_INTRODUCTION).join('');

export const TASKS: readonly Section[] = SECTIONS.map((section) => ({
  heading: headingOf(section),
  blocks: blocksOf('bash', section),
}));

/** The alarms that have commands. These are within sentences, and a line may end in them. */
export const ALARM_CHECKS: readonly Section[] = ALARM_SECTIONS.map((section) => ({
  heading: headingOf(section),
  blocks: [...section.matchAll(/`((?:aws|lines)\s[^`]+)`/g)].map(
    ([, code = '']) => `${code.replaceAll(/\s+/g, ' ')}\n`,
  ),
})).filter(({ blocks }) => blocks.length > 0);

/** The examples of cdk.json. */
export const CONFIGURATIONS: readonly unknown[] = blocksOf('json', TASKS_PART).map(
  (block) => JSON.parse(`{${block}}`).tokenVending,
);

function headingOf(section: string): string {
  return section.split('\n')[0] ?? '';
}

function blocksOf(language: string, text: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, code = '']) => code);
}
