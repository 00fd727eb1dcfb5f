// Cold starts: fresh processes, the contestants in turn and each round begun by another. The first rounds, which bring
// the files into the machine's cache and the peer's token into the table, don't count.

import { run } from './child.ts';
import type { Stage } from './stage.ts';
import { median } from './statistics.ts';

const ROUNDS_BEFORE = 2;
const ROUNDS = 25;

interface Contestant {
  readonly file: string;
  /** Where it must have its token from. @default it has none */
  readonly source?: 'table' | 'mint';
}

/** Of one process, and medians of many. */
export interface ColdStart {
  readonly importCpuMs: number;
  /** From before the import to the first answer. */
  readonly answerMs: number;
  readonly answerCpuMs: number;
}

type Name = keyof ReturnType<typeof contestants>;

export type ColdFigures = Readonly<Record<Name, ColdStart>>;

function contestants(code: Stage['code']) {
  return {
    sdk: { file: code.sdk },
    vendTable: { file: code.vend, source: 'table' },
    floorTable: { file: code.floorTable },
    vendMint: { file: code.vend, source: 'mint' },
    floorMint: { file: code.floorMint },
    handWritten: { file: code.handWritten, source: 'table' },
    handWrittenTuned: { file: code.handWrittenTuned, source: 'table' },
  } satisfies Record<string, Contestant>;
}

export async function measureCold({ code, env, published, fresh }: Stage, node: string): Promise<ColdFigures> {
  const all = Object.entries<Contestant>(contestants(code)).map(([name, contestant]) => ({
    name,
    ...contestant,
    starts: [] as ColdStart[],
  }));
  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    const first = round % all.length;
    for (const { name, file, source, starts } of [...all.slice(first), ...all.slice(0, first)]) {
      const scope = String(source === 'mint' ? fresh.next().value : published[0]);
      const args = [file, scope];
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
