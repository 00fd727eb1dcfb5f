// What must be true of every history of a fleet, whatever happened in it: the promises of docs/guarantees.md.

import { VendingError } from '../../lambda/errors.ts';
import { LEASE_MS } from '../../lambda/time-limits.ts';
import { CALL_LIMIT_MS } from '../../testbed/simulator/fleet.ts';
import type { RecordedCall } from '../../testbed/simulator/ledger.ts';
import type { TokenRequest } from '../../testbed/simulator/observer.ts';
import type { History } from './history.ts';

/** Two clocks, and the second that a time is cut to. */
const CLOCKS_MS = 2_000;
const MAX_BACK_OFF_MS = 310_000;
/** After Secrets Manager has failed an instance, it is not asked again before: a newer credential isn't known there. */
const SECRETS_RETRY_MS = 5_000;
/** Within this time after a replacement, an instance may read the secret only once more. */
const REPLACEMENT_MS = 6_000;
/**
 * A valid token is vended until this long before its end. Later, a call may find none: the token counts as ended one
 * second earlier, clocks differ by one more, and a read may take a second, twice.
 */
const END_MS = 4_000;
/** From a mint's beginning, which its token's times are counted from, to its arrival at the server. */
const REACH_MS = 3_000;
const FORCED_RENEWAL_EVERY_MS = 30_000;

/** Each violation as a sentence. */
export function violations(history: History): string[] {
  return [
    ...history.ledger.calls.flatMap((call) => violationsOfCall(history, call)),
    ...violationsOfBackOff(history),
    ...violationsOfMints(history),
  ];
}

function violationsOfCall(history: History, call: RecordedCall): string[] {
  const { endedAtMs, failure, instance, startedAtMs, request } = call;
  if (!instance.isAlive && endedAtMs === undefined) return [];
  const at = `the call at ${startedAtMs % 1e9} for "${request.scopes}"`;
  if (endedAtMs === undefined) return [`${at} never ended`];
  const found = violationsOfToken(history, call, endedAtMs);
  const stoodStill = instance.stoodStillUntilMs >= startedAtMs;
  const tookMs = endedAtMs - startedAtMs;
  if (tookMs > CALL_LIMIT_MS + 1 && !stoodStill) found.push(`took ${tookMs} ms`);
  if (failure === undefined) return found.map((what) => `${at} ${what}`);

  if (!(failure instanceof VendingError)) found.push(`failed with ${String(failure)}`);
  const { table, secret } = instance.gaveUpAtMs;
  const isUndisturbed = table < startedAtMs && secret + SECRETS_RETRY_MS < startedAtMs && !stoodStill;
  const isPlain = request.minTtlMs === 0 && request.rejectedTokenSha256 === undefined;
  if (isPlain && isUndisturbed) {
    const leftMs = call.tokenInTableEndsAtMs - startedAtMs;
    if (leftMs > END_MS) found.push(`failed (${failure}) while the table held a token for ${leftMs} ms more`);
    if (!hadReason(history, startedAtMs, endedAtMs)) found.push(`failed (${failure}) without a reason`);
  }
  return found.map((what) => `${at} ${what}`);
}

function violationsOfToken({ fleet }: History, { vended, request }: RecordedCall, endedAtMs: number): string[] {
  if (vended === undefined) return [];
  const issued = fleet.authorizationServer.find(vended.token.accessToken);
  if (issued === undefined) return ['got a token that was never issued'];
  const found: string[] = [];
  const leftMs = issued.expiresAtMs - endedAtMs;
  if (leftMs <= 0) found.push(`got a token that expired ${-leftMs} ms before`);
  if (leftMs < request.minTtlMs - CLOCKS_MS) found.push(`asked for min_ttl ${request.minTtlMs} and got ${leftMs} ms`);
  const scopes = issued.scopes.join(' ');
  if (scopes !== String(request.scopes)) found.push(`got a token for "${scopes}"`);
  if (vended.token.sha256 === request.rejectedTokenSha256) found.push('got the rejected token');
  return found;
}

/**
 * A call may fail if the server failed, or the table, or two minters died one after the other, or two secrets in a row
 * are wrong. One wrong secret is no reason, unless it was replaced within the 5 s in which it is read again only once.
 */
function hadReason({ fleet, ledger }: History, startedAtMs: number, endedAtMs: number): boolean {
  const { tokenRequests, disturbedAtMs, requestsGivenUp, replacements } = ledger;
  const isWithin = (atMs: number, beforeMs: number) => startedAtMs - beforeMs <= atMs && atMs <= endedAtMs;
  const wasWrong = replacements.some(({ isRight }) => !isRight);
  const wasReplaced = replacements.some(({ atMs }) => startedAtMs - REPLACEMENT_MS < atMs && atMs < endedAtMs);
  if (wasWrong && wasReplaced) return true;
  if (replacements.some(({ isRight }, index) => !isRight && replacements[index + 1]?.isRight === false)) return true;
  const serverFailed = tokenRequests.some(
    ({ accessToken, arrivedAtMs, isHeard, isRefused }) =>
      ((accessToken === undefined && !isRefused) || !isHeard) && isWithin(arrivedAtMs, MAX_BACK_OFF_MS),
  );
  // A call that waits for a lease may have too little time for a mint, if the lease was taken after the call began and
  // its holder died.
  const diedLate = disturbedAtMs.some((atMs) => startedAtMs + 1_000 < atMs && atMs <= endedAtMs);
  const deaths = disturbedAtMs.filter((atMs) => isWithin(atMs, 2 * LEASE_MS)).length;
  // A minter that stands still runs out of time, and says so to all.
  const maxDeaths = fleet.options.faults.pause > 0 ? 0 : 1;
  return serverFailed || requestsGivenUp > 0 || diedLate || deaths > maxDeaths;
}

/** The server is not asked for what is in back-off, unless the back-off was recorded while a mint set out. */
function violationsOfBackOff({ fleet, ledger }: History): string[] {
  const { tokenRequests, backOffs, requestsGivenUp, replacements } = ledger;
  // An instance that couldn't read the back-off, or stood still after reading it, may ask all the same. A mint under way,
  // whose version is refused, goes on to the version before without reading the back-off of that one.
  const wasWrong = replacements.some(({ isRight }) => !isRight);
  if (requestsGivenUp > 0 || fleet.options.faults.pause > 0 || wasWrong) return [];
  return tokenRequests.flatMap(({ startedAtMs, credentialVersion, scopes }) => {
    const key = fleet.keyOf(scopes);
    const inForce = backOffs.find(
      (backOff) =>
        backOff.version === credentialVersion &&
        (backOff.key.startsWith('CREDENTIAL#') || backOff.key === key) &&
        backOff.recordedAtMs + CLOCKS_MS < startedAtMs &&
        startedAtMs < Math.min(backOff.untilMs - CLOCKS_MS, backOff.replacedAtMs),
    );
    if (inForce === undefined) return [];
    const { recordedAtMs, untilMs } = inForce;
    const afterMs = startedAtMs - recordedAtMs;
    return [
      `"${scopes}" was asked for ${afterMs} ms after a back-off of ${untilMs - recordedAtMs} ms (${inForce.key})`,
    ];
  });
}

/** One mint per key and lifetime, plus what the promises allow for. */
function violationsOfMints(history: History): string[] {
  const { calls, disturbedAtMs, replacements, tokenRequests, requestsGivenUp } = history.ledger;
  const issued = tokenRequests.filter(({ accessToken }) => accessToken !== undefined);
  const keys = new Set(issued.map(({ scopes }) => String(scopes)));
  const early = [...keys].flatMap((key) => {
    const ofKey = issued.filter(({ scopes }) => String(scopes) === key);
    return earlyMints(history, ofKey);
  });
  const unheard = issued.filter(({ isHeard }) => !isHeard).length;
  const allowed =
    disturbedAtMs.length +
    unheard +
    requestsGivenUp +
    replacements.length * keys.size +
    maxForcedMints(history, keys.size);
  if (early.length <= allowed) return [];
  const list = early.map(({ scopes, arrivedAtMs }) => `"${scopes}" at ${arrivedAtMs % 1e9}`).join(', ');
  return [`${early.length} early mints (${list}) of ${issued.length}, ${allowed} allowed, ${calls.length} calls`];
}

/** One in 30 s per key, where callers report rejected tokens. */
function maxForcedMints({ ledger: { calls, tokenRequests } }: History, keys: number): number {
  if (calls.every(({ request }) => request.rejectedTokenSha256 === undefined)) return 0;
  const spanMs = (tokenRequests.at(-1)?.arrivedAtMs ?? 0) - (tokenRequests[0]?.arrivedAtMs ?? 0);
  return keys * (1 + Math.floor(spanMs / (FORCED_RENEWAL_EVERY_MS - CLOCKS_MS - REACH_MS)));
}

/** Mints that came before the one before them was due for renewal, or for the longest `min_ttl`. */
function earlyMints({ fleet, ledger }: History, mints: readonly TokenRequest[]): TokenRequest[] {
  const share = ledger.calls.some(({ request }) => request.minTtlMs > 0) ? 0.25 : 0.75;
  const minMs = fleet.options.lifetimeSeconds * 1000 * share - CLOCKS_MS - REACH_MS;
  return mints.filter(({ arrivedAtMs }, index) => {
    const beforeMs = mints[index - 1]?.arrivedAtMs ?? Number.NEGATIVE_INFINITY;
    return arrivedAtMs - beforeMs < minMs;
  });
}
