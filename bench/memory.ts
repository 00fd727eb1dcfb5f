// Memory: what a process holds after the first token, and after one for each of very many scope sets.

import { run } from './child.ts';
import type { Stage } from './stage.ts';

/** What callers name; and nearly all that there is, 4 KB a set: fewer of those will do, an instance remembers 1,000. */
const SETS = {
  usual: { count: 10_000, least: 1, most: 5 },
  large: { count: 2_500, least: 150, most: 169 },
};

/** How Lambda starts Node.js in 512 MB: 5 % for a semi-space of V8, 90 % for the old space. NODE_OPTIONS takes their place. */
const HEAP_OF_LAMBDA = ['--max-semi-space-size=25', '--max-old-space-size=460'];

interface Held {
  readonly residentBytes: number;
  /** What V8's heap has in use. */
  readonly liveBytes: number;
}

export type MemoryFigures = Readonly<Record<keyof typeof SETS, { readonly first: Held; readonly last: Held }>>;

export async function measureMemory({ code, env }: Stage, node: string): Promise<MemoryFigures> {
  const measure = async (size: keyof typeof SETS) =>
    await run<MemoryFigures['usual']>({
      script: 'children/vend-all.mjs',
      args: [code.vend, JSON.stringify({ ...SETS[size], seed: 3 })],
      // A profile of its own, so that the table has none of its tokens.
      env: { ...env, PROFILE: `memory-${size}-${node}` },
      node,
      nodeOptions: ['--expose-gc', ...(env.NODE_OPTIONS === undefined ? HEAP_OF_LAMBDA : [])],
    });
  return { usual: await measure('usual'), large: await measure('large') };
}
