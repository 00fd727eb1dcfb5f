// A replaced secret is in use everywhere within minutes, a wrong one costs few requests, and a rejected token that was
// replaced is gone within a minute.

import type { RecordedCall } from '../../testbed/simulator/ledger.ts';
import type { Replacement } from '../../testbed/simulator/observer.ts';
import { failedMints, isWithin, troubles } from './excuses.ts';
import type { History } from './history.ts';

/** Every instance has read secret and item by then: 50 s, and 5 s after a read that failed. */
export const KNOWN_EVERYWHERE_MS = 56_000;
const TESTED_AGAIN_MS = 300_000;
/** A test that was not finished is made again. */
const TEST_CLAIM_MS = 30_000;
/** How long a test takes, and how far clocks are apart. */
const SLACK_MS = 12_000;
const REJECTED_GONE_MS = 60_000;
const MAX_BACK_OFF_MS = 65_000;

export function credentialViolations(history: History): string[] {
  const { ledger } = history;
  return [
    ...ledger.replacements.flatMap((replacement, index) => ofReplacement(history, replacement, index)),
    ...ofRejectedTokens(history),
  ];
}

function ofReplacement(history: History, replacement: Replacement, index: number): string[] {
  const { ledger } = history;
  const endsAtMs = ledger.replacements[index + 1]?.atMs ?? Number.POSITIVE_INFINITY;
  const acceptedAtMs = ledger.accepted.find(({ version }) => version === replacement.version)?.atMs;
  return [
    ...refusedTooOften(history, replacement),
    ...ledger.calls.flatMap((call) => {
      const { startedAtMs, endedAtMs = 0, vended } = call;
      if (vended === undefined || endedAtMs >= endsAtMs || startedAtMs < replacement.rightFromMs) return [];
      if (endsSoon(history, call)) return [];
      const isOf = versionOf(history, call) === replacement.version;
      const at = `the call at ${startedAtMs % 1e9} got a token of a replaced credential`;
      if (isOf || !isHealthy(history, call)) return [];
      if (acceptedAtMs !== undefined && startedAtMs > acceptedAtMs + KNOWN_EVERYWHERE_MS) {
        return [`${at}, ${startedAtMs - acceptedAtMs} ms after the new one was accepted`];
      }
      const dueAtMs = Math.max(replacement.atMs + KNOWN_EVERYWHERE_MS, replacement.rightFromMs + TESTED_AGAIN_MS);
      // A test that could not be finished is made again.
      const span = { fromMs: startedAtMs - TEST_CLAIM_MS, toMs: endedAtMs + SLACK_MS };
      const isTested = [...ledger.tests, ...ledger.accepted].some(
        ({ version, atMs }) => version === replacement.version && isWithin(atMs, span),
      );
      return startedAtMs > dueAtMs + SLACK_MS && !isTested ? [`${at}, which nobody tested`] : [];
    }),
  ];
}

/** A version that is refused costs one request in 5 min, once another version is accepted and that is known. */
function refusedTooOften(history: History, { version, rightFromMs }: Replacement): string[] {
  const { ledger } = history;
  const acceptedAtMs = ledger.accepted[0]?.atMs ?? Number.POSITIVE_INFINITY;
  const refused = ledger.tokenRequests.filter(
    ({ credentialVersion, status, arrivedAtMs }) =>
      credentialVersion === version &&
      status === 401 &&
      arrivedAtMs > acceptedAtMs + SLACK_MS &&
      arrivedAtMs < rightFromMs,
  );
  return refused.flatMap(({ arrivedAtMs }, index) => {
    const beforeMs = refused[index - 1]?.arrivedAtMs ?? Number.NEGATIVE_INFINITY;
    const span = { fromMs: beforeMs - SLACK_MS, toMs: arrivedAtMs };
    const isExcused = troubles(history, span).length > 0 || failedMints(history, span).length > 0;
    if (arrivedAtMs - beforeMs > TESTED_AGAIN_MS - SLACK_MS || isExcused) return [];
    // The item holds the last test only. Just after a replacement of a version that isn't accepted, an instance that has
    // not seen the new version tests the replaced one, so each of them may be tested again.
    const laterReplacements = ledger.replacements.slice(1);
    if (laterReplacements.some(({ atMs }) => isWithin(arrivedAtMs, { fromMs: atMs, toMs: atMs + SLACK_MS }))) return [];
    return [`the wrong version was sent at ${arrivedAtMs % 1e9}, ${arrivedAtMs - beforeMs} ms after it was refused`];
  });
}

/** Once a rejected token was replaced, it is vended nowhere after a minute. */
function ofRejectedTokens(history: History): string[] {
  const { calls } = history.ledger;
  return calls.flatMap(({ request, vended, endedAtMs = 0, startedAtMs: reportedAtMs }) => {
    if (request.rejectedTokenSha256 === undefined || vended?.source !== 'mint') return [];
    return calls.flatMap((call) => {
      const { startedAtMs } = call;
      const isGone = call.vended?.token.sha256 !== request.rejectedTokenSha256;
      if (isGone || startedAtMs < endedAtMs + REJECTED_GONE_MS || !isHealthy(history, call)) return [];
      // The report itself could not be recorded.
      if (troubles(history, { fromMs: reportedAtMs, toMs: endedAtMs }).length > 0) return [];
      return [
        `the call at ${startedAtMs % 1e9} got a rejected token ${startedAtMs - endedAtMs} ms after its replacement`,
      ];
    });
  });
}

/** Nothing went wrong that could keep the call's instance from knowing, or the server from minting. */
function isHealthy(history: History, { startedAtMs, endedAtMs = startedAtMs }: RecordedCall): boolean {
  const span = { fromMs: startedAtMs - KNOWN_EVERYWHERE_MS - TEST_CLAIM_MS, toMs: endedAtMs + SLACK_MS };
  const failed = failedMints(history, { fromMs: startedAtMs - MAX_BACK_OFF_MS, toMs: endedAtMs + SLACK_MS });
  return troubles(history, span).length === 0 && failed.length === 0;
}

/** Whether too little of the vended token is left to replace it. */
function endsSoon({ fleet }: History, { vended, startedAtMs }: RecordedCall): boolean {
  const issued = fleet.authorizationServer.find(vended?.token.accessToken ?? '');
  return issued !== undefined && issued.expiresAtMs - startedAtMs < SLACK_MS;
}

function versionOf({ ledger }: History, { vended }: RecordedCall): string | undefined {
  return ledger.tokenRequests.find(({ accessToken }) => accessToken === vended?.token.accessToken)?.credentialVersion;
}
