// What happened after each rotation, compared with the promises.

import type { AuthorizationServer } from '../../local/authorization-server.ts';
import { type Figure, numberText } from '../../testbed/figures.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import type { AnswerLedger } from '../../testbed/processes/ledger.ts';
import type { PrintedLines } from '../../testbed/processes/printed-lines.ts';
import { LONG_SCOPES, SCOPES } from './client.ts';
import { PROCESSES } from './setup.ts';
import type { Rotated, Story } from './story.ts';

/** By then every instance has seen a replacement. */
const SEEN_AFTER_MS = 60_000;
/** For the call that is under way then, in real milliseconds. */
const UNDER_WAY_MS = 500;

export interface Evidence {
  readonly server: AuthorizationServer;
  readonly printed: PrintedLines;
  readonly ledger: AnswerLedger;
  readonly story: Story;
  readonly speed: number;
}

/** From one rotation until the next. */
interface Period {
  readonly rotated: Rotated;
  readonly seenMs: number;
  readonly untilMs: number;
  readonly ledger: AnswerLedger;
  readonly mints: number;
  readonly longMints: number;
  readonly refused: number;
  /** When a token of the replaced secret was vended for the last time, in seconds after the rotation. 0: never after it. */
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
  const { ledger, story } = evidence;
  const startMs = ledger.answers[0]?.startedAtMs ?? 0;
  return story.rotations.map((rotated, index) => {
    const period = periodOf(evidence, rotated, story.rotations[index + 1]?.atMs ?? story.endMs);
    const cells = [
      rotated.name,
      numberText((rotated.atMs - startMs) / 1000),
      numberText(period.ledger.answers.length),
      numberText(period.mints),
      numberText(period.refused),
      // The secret before a wrong one is meant to stay in use.
      rotated.isWrong ? 'in use' : numberText(period.lastReplacedVendS),
      numberText(period.ledger.failures.length),
      numberText(period.ledger.dead.length),
    ];
    return { cells, figures: figuresOf(evidence, period) };
  });
}

function periodOf({ server, ledger, speed }: Evidence, rotated: Rotated, untilMs: number): Period {
  const part = ledger.between(rotated.atMs, untilMs);
  const requests = fleetRequests(server).filter(
    ({ receivedAtMs }) => receivedAtMs >= rotated.atMs && receivedAtMs < untilMs,
  );
  const minted = requests.filter(({ token }) => token !== undefined);
  const replaced = part.answers.filter(({ sha256 = '' }) => server.find(sha256)?.clientSecret !== rotated.secret);
  return {
    rotated,
    seenMs: rotated.atMs + seenWithinMs(speed),
    untilMs,
    ledger: part,
    mints: minted.length,
    longMints: minted.filter(({ params: { scope = '' } }) => LONG_SCOPES.includes(scope)).length,
    refused: requests.length - minted.length,
    lastReplacedVendS: replaced.length > 0 ? (latestMs(replaced) - rotated.atMs) / 1000 : 0,
  };
}

function figuresOf({ printed, speed }: Evidence, period: Period): readonly Figure[] {
  const { rotated, seenMs, untilMs, ledger, longMints, refused } = period;
  const withinS = seenWithinMs(speed) / 1000;
  const refusals = printed.counting('CredentialRefused', rotated.atMs, untilMs);
  const inUse = printed.counting('ReplacedCredentialInUse', seenMs, untilMs);
  const figures: Figure[] = [
    { name: 'failed requests', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'dead tokens vended', measured: ledger.dead.length, bound: { exactly: 0 } },
    { name: 'mints of the two long-lived tokens', measured: longMints, bound: { max: LONG_SCOPES.length } },
    { name: 'refused requests', measured: refused, bound: { max: maxRefused(rotated) } },
  ];
  if (rotated.isWrong) {
    const events = refusals.filter(({ event }) => event === 'credential_refused');
    const processes = new Set(inUse.map(({ pid }) => pid)).size;
    const firstS = ((events[0]?.atMs ?? Number.POSITIVE_INFINITY) - rotated.atMs) / 1000;
    return [
      ...figures,
      { name: 'CredentialRefused', measured: refusals.length, bound: { min: refused } },
      { name: 'credential_refused events', measured: events.length, bound: { min: 1 } },
      { name: 'the first of them after (s)', measured: firstS, bound: { max: withinS } },
      { name: 'processes: ReplacedCredentialInUse', measured: processes, bound: { exactly: PROCESSES } },
    ];
  }
  // Until then, a process that hasn't seen the correction of a wrong secret still reports the refusal of that secret.
  const lateRefusals = refusals.filter(({ atMs }) => atMs >= seenMs);
  return [
    ...figures,
    { name: 'last vend of a replaced token (s)', measured: period.lastReplacedVendS, bound: { max: withinS } },
    { name: 'CredentialRefused after 60 s', measured: lateRefusals.length, bound: { exactly: 0 } },
    { name: 'ReplacedCredentialInUse after 60 s', measured: inUse.length, bound: { exactly: 0 } },
  ];
}

/**
 * A wrong secret costs one request for each token of the fleet in 5 min. A replaced secret that is refused at once costs
 * each process one request, which tells it of the new one.
 */
function maxRefused({ isWrong, refusesReplaced }: Rotated): number {
  if (isWrong) return SCOPES.length;
  return refusesReplaced ? PROCESSES : 0;
}

/** The requests of the fleet, which all name a scope. Those without one are the rotation function's. */
export function fleetRequests({ requests }: AuthorizationServer): AuthorizationServer['requests'] {
  return requests.filter(({ params }) => params.scope !== undefined);
}

function seenWithinMs(speed: number): number {
  return SEEN_AFTER_MS + UNDER_WAY_MS * speed;
}

function latestMs(answers: readonly Answer[]): number {
  return answers.reduce((latest, { atMs }) => Math.max(latest, atMs), 0);
}
