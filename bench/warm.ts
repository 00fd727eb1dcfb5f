// Warm calls: candidates in one process, in turn.

import { run } from './child.ts';
import type { Setup } from './setup.ts';
import { median } from './statistics.ts';

const CALLS = 10_000;
/** By then V8 has compiled what is called often. */
const WARM_UP_CALLS = 3_000;
/** From memory the times are so short that they differ from process to process. */
const PROCESSES = 3;

interface Times {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Milliseconds. */
export interface WarmFigures {
  readonly memory: { readonly vend: Times; readonly constant: Times };
  readonly table: { readonly vend: Times; readonly getItem: Times };
  readonly handWritten: Times;
}

export async function measureWarm({ code, env, published }: Setup, node: string): Promise<WarmFigures> {
  const [scope = ''] = published;
  const call = async (candidates: object[], scopes: readonly string[], warmUpCalls: number) => {
    const job = JSON.stringify({ candidates, scopes, warmUpCalls, calls: CALLS });
    return await run<Times[]>({ script: 'children/warm.mjs', args: [job], env, node });
  };
  const pairs: Times[][] = [];
  for (let round = 0; round < PROCESSES; round++) {
    pairs.push(
      await call(
        [
          { file: code.vend, source: 'memory' },
          { file: code.constant, source: null },
        ],
        [scope],
        WARM_UP_CALLS,
      ),
    );
  }
  const table = await call(
    [
      { file: code.vend, source: 'table' },
      { file: code.getItem, source: null },
    ],
    published,
    published.length,
  );
  const handWritten = await call([{ file: code.handWritten, source: 'table' }], [scope], 500);
  return {
    memory: { vend: middle(pairs.map((pair) => pair[0])), constant: middle(pairs.map((pair) => pair[1])) },
    table: { vend: middle([table[0]]), getItem: middle([table[1]]) },
    handWritten: middle([handWritten[0]]),
  };
}

function middle(of: readonly (Times | undefined)[]): Times {
  const times = of.filter((one) => one !== undefined);
  return {
    medianMs: median(times.map(({ medianMs }) => medianMs)),
    p99Ms: median(times.map(({ p99Ms }) => p99Ms)),
  };
}
