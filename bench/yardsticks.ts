// The yardsticks: what is compared with what, and how much it may be. Each is a ratio or a difference of two figures of
// the same run on the same machine; only sizes stand for themselves.

import type { ClientFigures } from './client.ts';
import type { ColdFigures, ColdStart } from './cold.ts';
import { DEFAULT_MB, type FirstAnswer, type FirstAnswerFigures, type FirstAnswers } from './first-answer.ts';
import type { MemoryFigures } from './memory.ts';
import type { Sizes } from './sizes.ts';
import type { ThroughputFigures } from './throughput.ts';
import type { WarmFigures } from './warm.ts';

export interface Figures {
  readonly cold: ColdFigures;
  /** Undefined where they can't be measured. */
  readonly firstAnswers: FirstAnswerFigures | undefined;
  readonly warm: WarmFigures;
  readonly memory: MemoryFigures;
  readonly throughput: ThroughputFigures;
  readonly sizes: Sizes;
  readonly client: ClientFigures;
}

const UNITS = {
  ratio: { text: (value: number) => `${value.toFixed(2)} ×` },
  timesFaster: { text: (value: number) => `${value.toFixed(1)} × faster` },
  moreMicroseconds: { text: (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(0)} µs` },
  moreMegabytes: { text: (value: number) => `${value < 0 ? '' : '+'}${value.toFixed(1)} MB` },
  milliseconds: { text: (value: number) => `${value.toFixed(1)} ms` },
  kilobytes: { text: (value: number) => `${value.toFixed(0)} KB` },
};

interface Yardstick {
  readonly what: string;
  readonly against: string;
  readonly unit: keyof typeof UNITS;
  /** Neither: told for comparison. */
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Undefined where it can't be measured. */
  readonly measure: (figures: Figures) => number | undefined;
  /** The figures behind it, with their unit. */
  readonly behind?: (figures: Figures) => string;
}

const FLOOR = 'a program of both SDK clients, GetItem and GetSecretValue side by side';
const HAND_WRITTEN = 'a hand-written function: Powertools, lib-dynamodb, axios';
const AFTER_FIRST = 'after the first';
const AS_LAMBDA = `as Lambda runs it at ${DEFAULT_MB} MB`;

export const YARDSTICKS: readonly Yardstick[] = [
  {
    what: 'import of the bundle without the reads of INIT, CPU time',
    against: '`@aws-sdk/client-dynamodb` with one client made',
    unit: 'ratio',
    atMost: 1.15,
    measure: ({ cold }) => cold.withoutInit.importCpuMs / cold.sdk.importCpuMs,
    behind: ({ cold }) => milliseconds(cold.withoutInit.importCpuMs, cold.sdk.importCpuMs),
  },
  {
    what: 'cold, first answer from the table',
    against: FLOOR,
    unit: 'ratio',
    atMost: 1.25,
    measure: ({ cold }) => cold.vendTable.answerMs / cold.floorTable.answerMs,
    behind: ({ cold }) => coldStarts(cold.vendTable, cold.floorTable),
  },
  {
    what: 'cold, first answer by minting',
    against: 'the same and one POST by `node:http`',
    unit: 'ratio',
    atMost: 1.5,
    measure: ({ cold }) => cold.vendMint.answerMs / cold.floorMint.answerMs,
    behind: ({ cold }) => coldStarts(cold.vendMint, cold.floorMint),
  },
  {
    what: `INIT, ${AS_LAMBDA}`,
    against: 'that of the hand-written function, bundled as this project is, which reads nothing in it',
    unit: 'ratio',
    measure: ofDefault(({ vend, handWritten }) => vend.initMs / handWritten.initMs),
    behind: behindDefault(({ vend, handWritten }) => milliseconds(vend.initMs, handWritten.initMs)),
  },
  {
    what: 'first answer from the table after INIT',
    against: 'one GetItem of a client that has read before',
    unit: 'ratio',
    atMost: 2.5,
    measure: ofDefault(({ vendTable, getItem }) => vendTable.answerMs / getItem.answerMs),
    behind: behindDefault(({ vend, vendTable, getItem, handWritten }) => {
      const others = `from memory ${vend.answerMs.toFixed(1)}; hand-written ${handWritten.answerMs.toFixed(0)} ms`;
      return `${milliseconds(vendTable.answerMs, getItem.answerMs)}; ${others}`;
    }),
  },
  {
    what: 'first mint after INIT, where no token was found in it',
    against: 'one HTTPS POST, and a GetItem and an UpdateItem of a client that has done both before',
    unit: 'ratio',
    atMost: 3,
    measure: ofDefault(({ vendFirstMint, floorMint }) => vendFirstMint.answerMs / floorMint.answerMs),
    behind: behindDefault(({ vendFirstMint, floorMint, handWrittenMint }) => {
      const handWritten = `hand-written ${handWrittenMint.answerMs.toFixed(0)} ms`;
      return `${milliseconds(vendFirstMint.answerMs, floorMint.answerMs)}; ${handWritten}`;
    }),
  },
  {
    what: 'first mint after INIT, for other scopes than the token that was found in it',
    against: 'the same',
    unit: 'ratio',
    measure: ofDefault(({ vendMint, floorMint }) => vendMint.answerMs / floorMint.answerMs),
    behind: behindDefault(({ vendMint, floorMint }) => milliseconds(vendMint.answerMs, floorMint.answerMs)),
  },
  {
    what: 'INIT and first answer from the table',
    against: "the same without INIT's reads",
    unit: 'ratio',
    atMost: 0.75,
    measure: ofDefault(({ vendTable, withoutInit }) => startMs(vendTable) / startMs(withoutInit)),
    behind: behindDefault(({ vendTable, withoutInit, handWritten }) => {
      const others = `hand-written ${startMs(handWritten).toFixed(0)} ms`;
      return `${milliseconds(startMs(vendTable), startMs(withoutInit))}; ${others}`;
    }),
  },
  {
    what: 'warm, from memory, median',
    against: 'a handler that returns a constant',
    unit: 'moreMicroseconds',
    atMost: 60,
    measure: ({ warm }) => (warm.memory.vend.medianMs - warm.memory.constant.medianMs) * 1000,
  },
  {
    what: 'warm, from memory, p99',
    against: 'the same',
    unit: 'moreMicroseconds',
    atMost: 250,
    measure: ({ warm }) => (warm.memory.vend.p99Ms - warm.memory.constant.p99Ms) * 1000,
  },
  {
    what: 'warm, from the table',
    against: 'one GetItem',
    unit: 'ratio',
    atMost: 1.2,
    measure: ({ warm }) => warm.table.vend.medianMs / warm.table.getItem.medianMs,
    behind: ({ warm }) => milliseconds(warm.table.vend.medianMs, warm.table.getItem.medianMs),
  },
  {
    what: 'import of the bundle without the reads of INIT, CPU time',
    against: `${HAND_WRITTEN}; bundled as the CDK does by default`,
    unit: 'timesFaster',
    atLeast: 3,
    measure: ({ cold }) => cold.handWritten.importCpuMs / cold.withoutInit.importCpuMs,
    behind: ({ cold }) => milliseconds(cold.withoutInit.importCpuMs, cold.handWritten.importCpuMs),
  },
  {
    what: 'cold, first answer from the table',
    against: 'the same',
    unit: 'timesFaster',
    atLeast: 3,
    measure: ({ cold }) => cold.handWritten.answerMs / cold.vendTable.answerMs,
    behind: ({ cold }) => coldStarts(cold.vendTable, cold.handWritten),
  },
  {
    what: 'cold, first answer from the table',
    against: 'the same, bundled as this project is',
    unit: 'timesFaster',
    measure: ({ cold }) => cold.handWrittenTuned.answerMs / cold.vendTable.answerMs,
    behind: ({ cold }) => coldStarts(cold.vendTable, cold.handWrittenTuned),
  },
  {
    what: 'warm',
    against: HAND_WRITTEN,
    unit: 'timesFaster',
    atLeast: 10,
    measure: ({ warm }) => warm.handWritten.medianMs / warm.memory.vend.medianMs,
    behind: ({ warm }) => milliseconds(warm.memory.vend.medianMs, warm.handWritten.medianMs),
  },
  {
    what: 'loaded at the start, minified',
    against: '–',
    unit: 'kilobytes',
    atMost: 400,
    measure: ({ sizes }) => sizes.entry / 1000,
  },
  {
    what: 'whole bundle, minified',
    against: '–',
    unit: 'kilobytes',
    atMost: 700,
    measure: ({ sizes }) => sizes.bundle / 1000,
  },
  {
    what: 'resident memory after 10,000 distinct sets of 1 to 5 scopes',
    against: AFTER_FIRST,
    unit: 'moreMegabytes',
    atMost: 20,
    measure: ({ memory: { usual } }) => (usual.last.residentBytes - usual.first.residentBytes) / 1e6,
    behind: ({ memory: { usual } }) => megabytes(usual.last.residentBytes, usual.first.residentBytes),
  },
  {
    what: 'resident memory of a program that only reads one item, 10,000 times',
    against: AFTER_FIRST,
    unit: 'moreMegabytes',
    measure: ({ memory: { getItem } }) => (getItem.last.residentBytes - getItem.first.residentBytes) / 1e6,
    behind: ({ memory: { getItem } }) => megabytes(getItem.last.residentBytes, getItem.first.residentBytes),
  },
  {
    // 1,000 tokens are remembered, at 3 KB each, and the SDK grows by 2 MB. All 10,000 would be 30 MB.
    what: 'live heap after 10,000 distinct sets of 1 to 5 scopes',
    against: AFTER_FIRST,
    unit: 'moreMegabytes',
    atMost: 8,
    measure: ({ memory: { usual } }) => (usual.last.liveBytes - usual.first.liveBytes) / 1e6,
    behind: ({ memory: { usual } }) => megabytes(usual.last.liveBytes, usual.first.liveBytes),
  },
  {
    // 1,000 tokens are remembered, at 12 KB each. All 2,500 would be 30 MB.
    what: 'live heap after 2,500 distinct sets of 150 to 169 scopes',
    against: AFTER_FIRST,
    unit: 'moreMegabytes',
    atMost: 20,
    measure: ({ memory: { large } }) => (large.last.liveBytes - large.first.liveBytes) / 1e6,
    behind: ({ memory: { large } }) => megabytes(large.last.liveBytes, large.first.liveBytes),
  },
  {
    what: 'requests a second, one instance of local mode',
    against: 'the same with the constant handler',
    unit: 'ratio',
    atLeast: 0.8,
    measure: ({ throughput }) => throughput.vend / throughput.constant,
    behind: ({ throughput }) => `${throughput.vend.toFixed(0)} and ${throughput.constant.toFixed(0)}`,
  },
  {
    what: "import of the TokenClient's bundle, CPU time",
    against: '–',
    unit: 'milliseconds',
    atMost: 10,
    measure: ({ client }) => client.importCpuMs,
  },
  {
    what: "the TokenClient's first signature, with the default chain of credentials, CPU time",
    against: '–',
    unit: 'milliseconds',
    atMost: 40,
    measure: ({ client }) => client.signatureCpuMs,
    behind: ({ client }) => `${client.signatureMs.toFixed(0)} ms by the clock`,
  },
  {
    what: 'a cached `getToken`',
    against: 'a look-up in a Map and a `Date.now()`',
    unit: 'ratio',
    atMost: 5,
    measure: ({ client }) => client.cachedNs / client.lookUpNs,
    behind: ({ client }) => `${client.cachedNs.toFixed(0)} and ${client.lookUpNs.toFixed(0)} ns`,
  },
];

export function isMet({ atMost = Infinity, atLeast = -Infinity, measure }: Yardstick, figures: Figures): boolean {
  const measured = measure(figures);
  return measured === undefined || (measured <= atMost && measured >= atLeast);
}

/** `at most 1.15 ×`; nothing where there is no bound. */
export function boundText({ atMost, atLeast, unit }: Yardstick): string {
  if (atMost !== undefined) return `at most ${UNITS[unit].text(atMost)}`;
  return atLeast === undefined ? '' : `at least ${UNITS[unit].text(atLeast)}`;
}

/** `1.02 ×`, and that it was missed where it was. */
export function measuredText(yardstick: Yardstick, figures: Figures): string {
  const measured = yardstick.measure(figures);
  if (measured === undefined) return 'skipped: no CPU quota can be set here, or there is no openssl';
  const text = UNITS[yardstick.unit].text(measured);
  return isMet(yardstick, figures) ? text : `${text}, missed`;
}

function ofDefault(measure: (answers: FirstAnswers) => number): Yardstick['measure'] {
  return ({ firstAnswers }) => {
    const answers = firstAnswers?.[DEFAULT_MB];
    return answers && measure(answers);
  };
}

function behindDefault(text: (answers: FirstAnswers) => string): NonNullable<Yardstick['behind']> {
  return ({ firstAnswers }) => {
    const answers = firstAnswers?.[DEFAULT_MB];
    return answers ? text(answers) : '';
  };
}

function startMs({ initMs, answerMs }: FirstAnswer): number {
  return initMs + answerMs;
}

function milliseconds(ours: number, other: number): string {
  const digits = Math.max(ours, other) < 10 ? 3 : 0;
  return `${ours.toFixed(digits)} and ${other.toFixed(digits)} ms`;
}

/** The CPU time beside it shows whether the machine had other things to do. */
function coldStarts(ours: ColdStart, other: ColdStart): string {
  const cpu = milliseconds(ours.answerCpuMs, other.answerCpuMs);
  return `${milliseconds(ours.answerMs, other.answerMs)}; CPU ${cpu}`;
}

function megabytes(ours: number, other: number): string {
  return `${(ours / 1e6).toFixed(0)} and ${(other / 1e6).toFixed(0)} MB`;
}
