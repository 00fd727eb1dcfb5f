// Memory: what a process holds after the first token, and after one for each of 10,000 scope sets.

import { run } from './child.ts';
import type { Stage } from './stage.ts';

const COUNT = 10_000;
/** What callers name, and nearly all that there is: 4 KB a set. */
const SETS = { usual: { least: 1, most: 5 }, large: { least: 150, most: 169 } };

interface Held {
  readonly firstBytes: number;
  readonly lastBytes: number;
}

/** Resident bytes. */
export type MemoryFigures = Readonly<Record<keyof typeof SETS, Held>>;

export async function measureMemory({ code, env }: Stage, node: string): Promise<MemoryFigures> {
  // A profile of its own per Node.js, so that the table has none of its tokens.
  const measure = async (size: keyof typeof SETS) =>
    await run<Held>({
      script: 'children/vend-all.mjs',
      args: [code.vend, JSON.stringify({ count: COUNT, seed: 3, ...SETS[size] })],
      env: { ...env, PROFILE: `memory-${size}-${node}` },
      node,
      nodeOptions: ['--expose-gc'],
    });
  return { usual: await measure('usual'), large: await measure('large') };
}
