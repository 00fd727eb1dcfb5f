// (5) A token endpoint that is slow to renew tokens which live on for a while. First it holds renewals for ever, with
// 100 s of 600 s left: each caller has its answer within 2 s. Then it takes 2.5 s for each token, for three lifetimes:
// each of them costs at most one token that is issued and never vended.

import type { IssuedToken } from '../../local/authorization-server.ts';
import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { ask, failed, longestMs, rounds } from './ask.ts';
import { LIFETIME_SECONDS, SCOPES, type Setup } from './setup.ts';

const SIZE = 4;
const HELD = SCOPES.slice(0, 4);
const SLOW = SCOPES[4] ?? '';
/** The promise is 2 s; the rest is for a busy machine. */
const MAX_WAIT_MS = 2_500;
const CALLS_AT_ONCE = 3;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;
/** The renewals are held from 100 s before the end of the tokens until shortly before their last tenth. */
const HELD_FROM_MS = LIFETIME_MS - 100_000;
const HELD_FOR_MS = 30_000;
const SLOW_BY_MS = 2_500;
const LIFETIMES = 3;
/** Before the last tenth of a lifetime. It begins with the request, which is a mint's length before the token's issue. */
const PATIENT_AFTER_MS = LIFETIME_MS * 0.9 - 2 * SLOW_BY_MS;

export async function slowServer(setup: Setup): Promise<readonly Figure[]> {
  const fleet = await setup.start(SIZE);
  return [...(await heldRenewal(setup, fleet)), ...(await slowLifetimes(setup, fleet))];
}

async function heldRenewal(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const { server } = setup;
  await ask(setup, fleet, HELD);
  setup.forward(HELD_FROM_MS);
  const requestsBefore = server.requests.length;
  let release = () => {};
  const held = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  server.behaviour.respondWith = () => held;
  const answers: Answer[] = [];
  await rounds(setup, HELD_FOR_MS, async () => {
    const calls = Array.from({ length: CALLS_AT_ONCE }, () => ask(setup, fleet, HELD));
    for (const each of await Promise.all(calls)) answers.push(...each);
  });
  const renewals = server.requests.slice(requestsBefore).map(({ params }) => params.scope);
  const perToken = HELD.map((scope) => renewals.filter((renewed) => renewed === scope).length);
  release();
  server.behaviour.respondWith = undefined;
  return [
    { name: 'held: renewals', measured: renewals.length, bound: { min: 1 } },
    { name: 'held: of these per token', measured: Math.max(...perToken), bound: { max: 1 } },
    { name: 'held: failures', measured: failed(answers), bound: { exactly: 0 } },
    { name: 'held: longest wait (ms)', measured: longestMs(answers), bound: { max: MAX_WAIT_MS } },
    { name: 'held: requests', measured: answers.length },
  ];
}

async function slowLifetimes(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const { server } = setup;
  const slow = { ledger: new AnswerLedger(server) };
  const issuedBefore = server.tokens.length;
  server.behaviour.respondWith = () => ({ delayMs: SLOW_BY_MS });
  const isOver = () => vended().length > LIFETIMES;
  const issued = () => server.tokens.slice(issuedBefore).filter(({ scopes }) => scopes.includes(SLOW));
  const vended = () => {
    const found = slow.ledger.answers.map(({ sha256 = '' }) => server.find(sha256));
    return issued().filter((token) => found.includes(token));
  };
  await rounds(setup, (LIFETIMES + 1) * LIFETIME_MS, async () => {
    if (!isOver()) await ask(slow, fleet, [SLOW]);
  });
  server.behaviour.respondWith = undefined;
  const { answers, failures, expired } = slow.ledger;
  const patient = answers.filter(({ startedAtMs }) => hasTimeLeft(vended(), startedAtMs));
  return [
    { name: 'slow: lifetimes', measured: vended().length - 1, bound: { exactly: LIFETIMES } },
    { name: 'slow: tokens issued', measured: issued().length, bound: { max: 2 * LIFETIMES + 1 } },
    { name: 'slow: tokens discarded in a lifetime', measured: mostDiscarded(issued(), vended()), bound: { max: 1 } },
    { name: 'slow: failures', measured: failures.length, bound: { exactly: 0 } },
    { name: 'slow: expired tokens vended', measured: expired.length, bound: { exactly: 0 } },
    { name: 'slow: longest wait with a tenth left (ms)', measured: longestMs(patient), bound: { max: MAX_WAIT_MS } },
    { name: 'slow: longest wait (ms)', measured: longestMs(answers) },
  ];
}

/** Whether more than a tenth was left of the token that was known when a call began. */
function hasTimeLeft(vended: readonly IssuedToken[], startedAtMs: number): boolean {
  const known = vended.findLast(({ issuedAtMs }) => issuedAtMs < startedAtMs);
  return known !== undefined && startedAtMs < known.issuedAtMs + PATIENT_AFTER_MS;
}

function mostDiscarded(issued: readonly IssuedToken[], vended: readonly IssuedToken[]): number {
  const endsMs = [...vended.slice(1).map(({ issuedAtMs }) => issuedAtMs), Number.POSITIVE_INFINITY];
  const discarded = issued.filter((token) => !vended.includes(token));
  return Math.max(
    ...vended.map(
      ({ issuedAtMs: fromMs }, index) =>
        discarded.filter(({ issuedAtMs }) => issuedAtMs >= fromMs && issuedAtMs < Number(endsMs[index])).length,
    ),
  );
}
