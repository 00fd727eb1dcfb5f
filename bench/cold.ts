// Cold starts: fresh processes, the candidates in turn, and another one first in each round. The first rounds don't count:
// they bring the files into the machine's cache and the peer's token into the table.

import { tokenRequestEvent } from '../testbed/function-url-event.mjs';
import { run } from './child.ts';
import type { Setup } from './setup.ts';
import { median } from './statistics.ts';

const ROUNDS_BEFORE = 2;
const ROUNDS = 25;

interface Candidate {
  readonly file: string;
  /** Where its token must come from. @default it has none */
  readonly source?: 'table' | 'mint';
}

/** Milliseconds: of one process, or medians of many. */
export interface ColdStart {
  readonly importCpuMs: number;
  /** From before the import to the first answer. */
  readonly answerMs: number;
  readonly answerCpuMs: number;
}

type Name = keyof ReturnType<typeof candidates>;

export type ColdFigures = Readonly<Record<Name, ColdStart>>;

function candidates(code: Setup['code']) {
  return {
    sdk: { file: code.sdk },
    withoutInit: { file: code.withoutInit, source: 'table' },
    vendTable: { file: code.vend, source: 'table' },
    floorTable: { file: code.floorTable },
    vendMint: { file: code.vend, source: 'mint' },
    floorMint: { file: code.floorMint },
    handWritten: { file: code.handWritten, source: 'table' },
    handWrittenTuned: { file: code.handWrittenTuned, source: 'table' },
  } satisfies Record<string, Candidate>;
}

export async function measureCold({ code, env, published, fresh }: Setup, node: string): Promise<ColdFigures> {
  const all = Object.entries<Candidate>(candidates(code)).map(([name, candidate]) => ({
    name,
    ...candidate,
    starts: [] as ColdStart[],
  }));
  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    const first = round % all.length;
    for (const { name, file, source, starts } of [...all.slice(first), ...all.slice(0, first)]) {
      const scope = String(source === 'mint' ? fresh.next().value : published[0]);
      const args = [file, JSON.stringify(tokenRequestEvent({ scope }))];
      const start = await run<ColdStart & { source?: string }>({ script: 'children/cold.mjs', args, env, node });
      if (round < ROUNDS_BEFORE) continue;
      if (start.source !== source) throw new Error(`${name} had its token from ${start.source}, must be ${source}`);
      starts.push(start);
    }
  }
  return Object.fromEntries(all.map(({ name, starts }) => [name, medians(starts)])) as Record<Name, ColdStart>;
}

function medians(starts: readonly ColdStart[]): ColdStart {
  return {
    importCpuMs: median(starts.map(({ importCpuMs }) => importCpuMs)),
    answerMs: median(starts.map(({ answerMs }) => answerMs)),
    answerCpuMs: median(starts.map(({ answerCpuMs }) => answerCpuMs)),
  };
}
