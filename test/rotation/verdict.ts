// What each rotation came to, held against the promises.

import { type Figure, number } from '../chaos/figures.ts';
import type { Answer } from '../chaos/instance.ts';
import { type AuthorizationServer, LONG_SCOPES, SHORT_SCOPES } from './authorization-server.ts';
import type { Printed } from './printed.ts';
import type { Rotated, Story } from './story.ts';

export const PROCESSES = 8;
/** Every instance has seen a replacement by then. */
const SEEN_AFTER_MS = 60_000;
/** For the call that is under way then, in real milliseconds. */
const UNDER_WAY_MS = 500;

export interface Evidence {
  readonly server: AuthorizationServer;
  readonly printed: Printed;
  readonly answers: readonly Answer[];
  readonly story: Story;
  readonly speed: number;
}

/** From one rotation to the next. */
interface Period {
  readonly rotated: Rotated;
  readonly seenMs: number;
  readonly untilMs: number;
  readonly answers: readonly Answer[];
  readonly mints: number;
  readonly longMints: number;
  readonly refused: number;
  /** Seconds after the rotation; 0: none was vended after it. */
  readonly lastReplacedVendS: number;
}

export interface Row {
  readonly cells: readonly string[];
  readonly figures: readonly Figure[];
}

export const HEADS = [
  'rotation',
  'at (s)',
  'vends',
  'mints',
  'refused',
  'last replaced (s)',
  'failed',
  'dead',
] as const;

export function rows(evidence: Evidence): readonly Row[] {
  const { rotations } = evidence.story;
  const startMs = evidence.answers[0]?.startedAtMs ?? 0;
  return rotations.map((rotated, index) => {
    const period = periodOf(evidence, rotated, rotations[index + 1]?.atMs ?? evidence.story.endMs);
    const cells = [
      rotated.name,
      number((rotated.atMs - startMs) / 1000),
      number(period.answers.length),
      number(period.mints),
      number(period.refused),
      lastReplaced(period),
      number(failures(period.answers).length),
      number(dead(evidence, period.answers).length),
    ];
    return { cells, figures: figuresOf(evidence, period) };
  });
}

/** Of a wrong secret: the one before stays in use, and is meant to. */
function lastReplaced({ rotated, lastReplacedVendS }: Period): string {
  return rotated.isWrong ? 'in use' : number(lastReplacedVendS);
}

function periodOf({ server, answers, speed }: Evidence, rotated: Rotated, untilMs: number): Period {
  const within = (atMs: number) => atMs >= rotated.atMs && atMs < untilMs;
  const asked = server.requests.filter(({ atMs, scope }) => scope !== undefined && within(atMs));
  const minted = asked.filter(({ isGranted }) => isGranted);
  const its = answers.filter(({ atMs }) => within(atMs));
  const replaced = its.filter(({ sha256 = '' }) => server.secretOf(sha256) !== rotated.secret);
  return {
    rotated,
    seenMs: rotated.atMs + SEEN_AFTER_MS + UNDER_WAY_MS * speed,
    untilMs,
    answers: its,
    mints: minted.length,
    longMints: minted.filter(({ scope = '' }) => LONG_SCOPES.includes(scope)).length,
    refused: asked.length - minted.length,
    lastReplacedVendS: replaced.length > 0 ? (latestMs(replaced) - rotated.atMs) / 1000 : 0,
  };
}

function figuresOf(evidence: Evidence, period: Period): readonly Figure[] {
  const { printed, speed } = evidence;
  const { rotated, seenMs, untilMs, answers } = period;
  const refusals = printed.seen('CredentialRefused', rotated.atMs, untilMs);
  const figures: Figure[] = [
    { what: 'failed requests', measured: failures(answers).length, bound: { exactly: 0 } },
    { what: 'dead tokens vended', measured: dead(evidence, answers).length, bound: { exactly: 0 } },
    { what: 'mints of the two long-lived tokens', measured: period.longMints, bound: { most: LONG_SCOPES.length } },
    { what: 'refused requests', measured: period.refused, bound: { most: mostRefused(rotated) } },
  ];
  const inUse = printed.seen('ReplacedCredentialInUse', seenMs, untilMs);
  if (rotated.isWrong) {
    const events = refusals.filter(({ event }) => event === 'credential_refused');
    const processes = new Set(inUse.map(({ pid }) => pid)).size;
    const most = { most: (SEEN_AFTER_MS + UNDER_WAY_MS * speed) / 1000 };
    const firstToldS = ((events[0]?.atMs ?? Number.POSITIVE_INFINITY) - rotated.atMs) / 1000;
    return [
      ...figures,
      { what: 'CredentialRefused', measured: refusals.length, bound: { least: period.refused } },
      { what: 'credential_refused events', measured: events.length, bound: { least: 1 } },
      { what: 'the first of them after (s)', measured: firstToldS, bound: most },
      { what: 'processes: ReplacedCredentialInUse', measured: processes, bound: { exactly: PROCESSES } },
    ];
  }
  return [
    ...figures,
    {
      what: 'last vend of a replaced token (s)',
      measured: period.lastReplacedVendS,
      bound: { most: (SEEN_AFTER_MS + UNDER_WAY_MS * speed) / 1000 },
    },
    // Until then, who has not seen the correction of a wrong one tells that one's refusal still.
    {
      what: 'CredentialRefused after 60 s',
      measured: refusals.filter(({ atMs }) => atMs >= seenMs).length,
      bound: { exactly: 0 },
    },
    { what: 'ReplacedCredentialInUse after 60 s', measured: inUse.length, bound: { exactly: 0 } },
  ];
}

/**
 * A wrong secret costs one request for each token of the fleet in 5 min; a replaced one that is refused at once costs
 * each process one, with which it learns of the new one.
 */
function mostRefused({ isWrong, refusesReplaced }: Rotated): number {
  if (isWrong) return LONG_SCOPES.length + SHORT_SCOPES.length;
  return refusesReplaced ? PROCESSES : 0;
}

export function failures(answers: readonly Answer[]): readonly Answer[] {
  return answers.filter(({ status }) => status !== 200);
}

/** Tokens that the server had killed, or that had ended, when they were vended, or that it never issued. */
export function dead({ server }: Evidence, answers: readonly Answer[]): readonly Answer[] {
  return answers.filter(({ status, sha256 = '', atMs }) => status === 200 && !server.isAlive(sha256, atMs));
}

function latestMs(answers: readonly Answer[]): number {
  return answers.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
}
