// The first answer of an instance, as Lambda gives it: INIT at full CPU, the answers at the memory's share of a CPU, over
// TLS, with a way of 3 ms to each service. What Lambda does before INIT is the same for all candidates, and isn't included.

import { DEFAULTS } from '../lib/props.ts';
import { tokenRequestEvent } from '../testbed/function-url-event.mjs';
import { start } from './child.ts';
import { type CpuQuota, cpuQuota } from './cpu-quota.ts';
import type { Setup } from './setup.ts';
import { median } from './statistics.ts';

export const MEMORIES_MB = [256, 512, 1_024, 1_769] as const;
/** The default of `memoryMb`. */
export const DEFAULT_MB: MemoryMb = DEFAULTS.memoryMb;
export type MemoryMb = (typeof MEMORIES_MB)[number];

const STARTS = 20;
/** Answers after the first one, each for a scope set that the instance doesn't know. */
const LATER = 10;

interface Candidate {
  readonly file: string;
  /** The scopes that its first call names. @default none */
  readonly scope?: () => string;
  /** @default the profile of all other candidates */
  readonly profile?: string;
  /** Where its token must come from. @default it has none */
  readonly source?: 'memory' | 'table' | 'mint';
  /** The scopes that its later calls name. @default there are none */
  readonly laterScopes?: readonly string[];
}

/** Milliseconds, medians of many starts. */
export interface FirstAnswer {
  readonly initMs: number;
  readonly answerMs: number;
  /** Of later answers, each by way of the table. 0: there were none. */
  readonly laterMs: number;
}

function candidates({ code, published, fresh }: Setup) {
  const [known = '', ...others] = published;
  return {
    vend: { file: code.vend, source: 'memory' },
    vendTable: { file: code.vend, scope: () => known, source: 'table', laterScopes: others.slice(0, LATER) },
    vendMint: { file: code.vend, scope: () => String(fresh.next().value), source: 'mint' },
    vendFirstMint: { file: code.vend, scope: () => String(fresh.next().value), source: 'mint', profile: 'fresh' },
    withoutInit: { file: code.withoutInit, scope: () => known, source: 'table' },
    getItem: { file: code.warmGetItem },
    floorMint: { file: code.warmMint },
    handWritten: { file: code.handWrittenTuned, scope: () => known, source: 'table' },
    handWrittenMint: { file: code.handWrittenTuned, scope: () => String(fresh.next().value), source: 'mint' },
  } satisfies Record<string, Candidate>;
}

export type FirstAnswers = Readonly<Record<keyof ReturnType<typeof candidates>, FirstAnswer>>;
export type FirstAnswerFigures = Readonly<Partial<Record<MemoryMb, FirstAnswers>>>;

/** Undefined where nobody may limit the CPU of a process, or there is no openssl to make a certificate with. */
export async function measureFirstAnswers(
  setup: Setup,
  node: string,
  memoriesMb: readonly MemoryMb[],
): Promise<FirstAnswerFigures | undefined> {
  const { tlsEnv } = setup;
  if (tlsEnv === undefined) return undefined;
  const measured: [MemoryMb, FirstAnswers][] = [];
  const run = { env: tlsEnv, node };
  await publish(setup, run);
  for (const memoryMb of memoriesMb) {
    const quota = cpuQuota(memoryMb);
    if (quota === undefined) return undefined;
    measured.push([memoryMb, await measureAt(quota, setup, run)]);
    quota.close();
  }
  return Object.fromEntries(measured);
}

async function measureAt(quota: CpuQuota, setup: Setup, run: Omit<Run, 'quota'>): Promise<FirstAnswers> {
  const all = Object.entries<Candidate>(candidates(setup));
  const starts = new Map(all.map(([name]) => [name, [] as FirstAnswer[]]));
  for (let round = 0; round < STARTS; round++) {
    for (const [name, candidate] of all) {
      const { source, ...start } = await startOnce(candidate, { ...run, quota });
      if (source !== candidate.source) throw new Error(`${name}: its token is from ${source}, not ${candidate.source}`);
      starts.get(name)?.push(start);
    }
  }
  return Object.fromEntries([...starts].map(([name, each]) => [name, medians(each)])) as FirstAnswers;
}

/** The tokens of a token endpoint with another URL are other tokens. This also brings the files into the machine's cache. */
async function publish(setup: Setup, run: Run): Promise<void> {
  const { vend, vendTable, handWritten } = candidates(setup);
  for (const candidate of [vend, vendTable, handWritten]) await startOnce(candidate, run);
}

interface Run {
  readonly env: Readonly<Record<string, string>>;
  readonly node: string;
  /** @default a whole CPU */
  readonly quota?: CpuQuota;
}

async function startOnce(
  { file, scope, laterScopes = [], profile }: Candidate,
  { env, node, quota }: Run,
): Promise<FirstAnswer & { readonly source: string | undefined }> {
  const first = tokenRequestEvent(scope && { scope: scope() });
  const later = laterScopes.map((each) => tokenRequestEvent({ scope: each }));
  const instance = await start<{ initMs: number }>({
    script: 'children/first-answer.mjs',
    args: [JSON.stringify({ file, first, later })],
    env: { ...env, ...(profile !== undefined && { PROFILE: profile }) },
    node,
  });
  quota?.limit(instance.pid);
  const { answerMs, laterMs, source } = await instance.ask<Answers>('invoke');
  await instance.close();
  return { ...instance.said, answerMs, laterMs: laterMs.length > 0 ? median(laterMs) : 0, source };
}

/** What children/first-answer.mjs says in the end. */
interface Answers {
  readonly answerMs: number;
  readonly laterMs: readonly number[];
  readonly source?: string;
}

function medians(starts: readonly FirstAnswer[]): FirstAnswer {
  return {
    initMs: median(starts.map(({ initMs }) => initMs)),
    answerMs: median(starts.map(({ answerMs }) => answerMs)),
    laterMs: median(starts.map(({ laterMs }) => laterMs)),
  };
}
