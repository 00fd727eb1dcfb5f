// Memory: what a process holds after the first token, and after one for each of very many scope sets.

import { run } from './child.ts';
import type { Setup } from './setup.ts';

/** What callers name; and nearly all that there is, 4 KB a set: fewer of those will do, an instance remembers 1,000. */
const USUAL = { count: 10_000, min: 1, max: 5, seed: 3 };
const LARGE = { count: 2_500, min: 150, max: 169, seed: 3 };

/** How Lambda starts Node.js in 512 MB: 5 % for a semi-space of V8, 90 % for the old space. NODE_OPTIONS takes their place. */
const HEAP_OF_LAMBDA = ['--max-semi-space-size=25', '--max-old-space-size=460'];

interface Held {
  readonly residentBytes: number;
  /** What V8's heap has in use. */
  readonly liveBytes: number;
}

interface Growth {
  readonly first: Held;
  readonly last: Held;
}

export interface MemoryFigures {
  readonly usual: Growth;
  readonly large: Growth;
  /** Of a program that only reads one item, each time anew: what Node.js and the SDK come to by themselves. */
  readonly getItem: Growth;
}

export async function measureMemory({ code, env }: Setup, node: string): Promise<MemoryFigures> {
  const nodeOptions = ['--expose-gc', ...(env.NODE_OPTIONS === undefined ? HEAP_OF_LAMBDA : [])];
  const measure = async (file: string, sets: typeof USUAL, ...source: string[]) =>
    await run<Growth>({
      script: 'children/vend-all.mjs',
      args: [file, JSON.stringify(sets), ...source],
      // A profile of its own, so that the table has none of its tokens.
      env: { ...env, PROFILE: `memory-${sets.count}-${node}` },
      node,
      nodeOptions,
    });
  return {
    usual: await measure(code.vend, USUAL, 'mint'),
    large: await measure(code.vend, LARGE, 'mint'),
    getItem: await measure(code.getItem, USUAL),
  };
}
