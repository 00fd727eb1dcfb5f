// Cold starts: fresh processes, the contestants in turn and each round in another order. The first rounds, which bring
// the files into the machine's cache and the peer's token into the table, don't count.

import { run } from './child.ts';
import type { Stage } from './stage.ts';
import { median } from './statistics.ts';

const ROUNDS_BEFORE = 2;
const ROUNDS = 21;

interface ColdStart {
  readonly importMs: number;
  /** From before the import to the first answer. */
  readonly answerMs: number;
  readonly status?: number;
  readonly source?: string;
}

/** Medians, in milliseconds. */
export interface ColdFigures {
  readonly sdkImportMs: number;
  readonly vendImportMs: number;
  readonly floorTableMs: number;
  readonly vendTableMs: number;
  readonly floorMintMs: number;
  readonly vendMintMs: number;
  readonly handWrittenMs: number;
  readonly handWrittenTunedMs: number;
}

export async function measureCold({ code, env, published, fresh }: Stage, node: string): Promise<ColdFigures> {
  const [scope = ''] = published;
  const contestants = {
    sdk: { file: code.sdk },
    vendTable: { file: code.vend, source: 'table' },
    floorTable: { file: code.floorTable },
    vendMint: { file: code.vend, source: 'mint' },
    floorMint: { file: code.floorMint },
    handWritten: { file: code.handWritten, source: 'table' },
    handWrittenTuned: { file: code.handWrittenTuned, source: 'table' },
  } satisfies Record<string, { file: string; source?: string }>;
  type Name = keyof typeof contestants;
  const names = Object.keys(contestants) as Name[];
  const starts: Record<Name, ColdStart[]> = {
    sdk: [],
    vendTable: [],
    floorTable: [],
    vendMint: [],
    floorMint: [],
    handWritten: [],
    handWrittenTuned: [],
  };

  for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length] as Name;
      const { file, source }: { file: string; source?: string } = contestants[name];
      const asked = source === 'mint' ? String(fresh.next().value) : scope;
      const start = await run<ColdStart>({ script: 'children/cold.mjs', args: [file, asked], env, node });
      if (round < ROUNDS_BEFORE) continue;
      if (name !== 'sdk' && (start.status !== 200 || start.source !== source)) {
        throw new Error(`${name} answered ${start.status} from ${start.source}, must be 200 from ${source}`);
      }
      starts[name].push(start);
    }
  }

  const imports = (name: Name) => median(starts[name].map(({ importMs }) => importMs));
  const answers = (name: Name) => median(starts[name].map(({ answerMs }) => answerMs));
  return {
    sdkImportMs: imports('sdk'),
    vendImportMs: imports('vendTable'),
    floorTableMs: answers('floorTable'),
    vendTableMs: answers('vendTable'),
    floorMintMs: answers('floorMint'),
    vendMintMs: answers('vendMint'),
    handWrittenMs: answers('handWritten'),
    handWrittenTunedMs: answers('handWrittenTuned'),
  };
}
