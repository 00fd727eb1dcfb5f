// The TokenClient in processes of its own: what importing it costs, its first signature, and a token that it keeps.

import { run } from './child.ts';
import type { Setup } from './setup.ts';
import { median } from './statistics.ts';

const STARTS = 20;
/** The first starts bring the files into the machine's cache. */
const STARTS_BEFORE = 2;

export interface ClientFigures {
  readonly importCpuMs: number;
  /** From the first `getToken` until its signed request is handed to `fetch`, with the default chain of credentials. */
  readonly signatureMs: number;
  readonly signatureCpuMs: number;
  /** One cached `getToken`. */
  readonly cachedNs: number;
  /** One look-up in a Map and one `Date.now()`. */
  readonly lookUpNs: number;
}

/** Medians of many starts. */
export async function measureClient({ code, env }: Setup, node: string): Promise<ClientFigures> {
  const starts: ClientFigures[] = [];
  for (let start = 0; start < STARTS_BEFORE + STARTS; start++) {
    const figures = await run<ClientFigures>({ script: 'children/client.mjs', args: [code.client], env, node });
    if (start >= STARTS_BEFORE) starts.push(figures);
  }
  const of = (name: keyof ClientFigures) => median(starts.map((figures) => figures[name]));
  return {
    importCpuMs: of('importCpuMs'),
    signatureMs: of('signatureMs'),
    signatureCpuMs: of('signatureCpuMs'),
    cachedNs: of('cachedNs'),
    lookUpNs: of('lookUpNs'),
  };
}
