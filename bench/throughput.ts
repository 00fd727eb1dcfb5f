// Requests a second through local mode: signature checked, one instance, one connection, by a process that only sends.
// The function and the constant handler in turn; tokens come from memory.

import { sign } from '../local/sign.ts';
import { run, start } from './child.ts';
import type { Setup } from './setup.ts';
import { median } from './statistics.ts';

const ROUNDS_BEFORE = 1;
const ROUNDS = 7;
const ROUND_MS = 1_200;

/** Medians of the rounds, in requests a second. */
export interface ThroughputFigures {
  readonly vend: number;
  readonly constant: number;
}

export async function measureThroughput({ code, env, published }: Setup, node: string): Promise<ThroughputFigures> {
  const servers = await start<[vend: string, constant: string]>({
    script: 'function-urls.ts',
    args: [code.vend, code.constant],
    env,
    node,
    nodeOptions: ['--import', 'tsx'],
  });
  const rates: Record<keyof ThroughputFigures, number[]> = { vend: [], constant: [] };
  try {
    for (let round = 0; round < ROUNDS_BEFORE + ROUNDS; round++) {
      for (const name of round % 2 === 0 ? (['vend', 'constant'] as const) : (['constant', 'vend'] as const)) {
        const url = `${servers.said[name === 'vend' ? 0 : 1]}/oauth/token`;
        const rate = await run<number>({
          script: 'children/load-generator.mjs',
          args: [await job(url, published)],
          env,
          node,
        });
        if (round >= ROUNDS_BEFORE) rates[name].push(rate);
      }
    }
  } finally {
    await servers.close();
  }
  return { vend: median(rates.vend), constant: median(rates.constant) };
}

async function job(url: string, [scope = '']: readonly string[]): Promise<string> {
  const body = new URLSearchParams({ grant_type: 'client_credentials', scope }).toString();
  const { headers } = await sign(url, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
  return JSON.stringify({ url, headers, body, forMs: ROUND_MS });
}
