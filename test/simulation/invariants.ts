// What must be true of every history of a fleet, whatever happened in it: the promises of docs/guarantees.md.

import { VendingError } from '../../lambda/errors.ts';
import { LEASE_MS } from '../../lambda/time-limits.ts';
import { CALL_LIMIT_MS } from '../../testbed/simulator/fleet.ts';
import type { RecordedCall } from '../../testbed/simulator/ledger.ts';
import { credentialViolations, KNOWN_EVERYWHERE_MS } from './credential-invariants.ts';
import { disturbances, failedMints, givenUp, isWithin, troubles } from './excuses.ts';
import type { History } from './history.ts';
import { mintViolations } from './mint-invariants.ts';

/** Two clocks, and the second that a time is cut to. */
const CLOCKS_MS = 2_000;
/** The longest back-off in a history. */
const MAX_BACK_OFF_MS = 65_000;
/** The back-off of a key whose mint was refused for all versions that it knew. */
const REFUSED_BACK_OFF_MS = 27_000;
/** After Secrets Manager has failed an instance, it is not asked again before: a newer credential isn't known there. */
const SECRETS_RETRY_MS = 5_000;
/**
 * A valid token is vended until this long before its end. Later, a call may find none: the token counts as ended one
 * second earlier, clocks differ by one more, and a read may take a second, twice.
 */
const END_MS = 4_000;

/** Each violation as a sentence. */
export function violations(history: History): string[] {
  return [
    ...history.ledger.calls.flatMap((call) => violationsOfCall(history, call)),
    ...violationsOfBackOff(history),
    ...mintViolations(history),
    ...credentialViolations(history),
  ];
}

function violationsOfCall(history: History, call: RecordedCall): string[] {
  const { endedAtMs, failure, instance, startedAtMs, request } = call;
  if (!instance.isAlive && endedAtMs === undefined) return [];
  const at = `the call at ${startedAtMs % 1e9} for "${request.scopes}"`;
  if (endedAtMs === undefined) return [`${at} never ended`];
  const found = violationsOfToken(history, call, endedAtMs);
  const span = { fromMs: startedAtMs, toMs: endedAtMs };
  const stoodStill = disturbances(history, span).some((trouble) => trouble.instance === instance);
  const tookMs = endedAtMs - startedAtMs;
  if (tookMs > CALL_LIMIT_MS + 1 && !stoodStill) found.push(`took ${tookMs} ms`);
  if (failure === undefined) return found.map((what) => `${at} ${what}`);

  if (!(failure instanceof VendingError)) found.push(`failed with ${String(failure)}`);
  const around = { fromMs: startedAtMs - SECRETS_RETRY_MS, toMs: endedAtMs };
  const isDisturbed = troubles(history, around, instance).some(
    ({ atMs, service }) => service === 'secret' || isWithin(atMs, span),
  );
  const isPlain = request.minTtlMs === 0 && request.rejectedTokenSha256 === undefined;
  if (isPlain && !isDisturbed && !stoodStill) {
    const leftMs = call.tokenInTableEndsAtMs - startedAtMs;
    if (leftMs > END_MS) found.push(`failed (${failure}) while the table held a token for ${leftMs} ms more`);
    if (!hadReason(history, call, endedAtMs)) found.push(`failed (${failure}) without a reason`);
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
 * A call may fail if the server failed lately, or the table, or two minters died one after the other, or if no version
 * was ever accepted and the ones there are are wrong.
 */
function hadReason(history: History, { startedAtMs, request }: RecordedCall, endedAtMs: number): boolean {
  const { fleet, ledger } = history;
  const since = (beforeMs: number) => ({ fromMs: startedAtMs - beforeMs, toMs: endedAtMs });
  const wasAccepted = ledger.accepted.some(({ atMs }) => atMs < startedAtMs - REFUSED_BACK_OFF_MS);
  if (!wasAccepted && ledger.replacements.length > 0) return true;
  const isOfCall = ({ scopes, status }: { scopes: unknown; status: number }) =>
    status === 429 || String(scopes) === String(request.scopes);
  if (failedMints(history, since(MAX_BACK_OFF_MS)).some(isOfCall)) return true;
  if (givenUp(history, since(2 * LEASE_MS)).length > 0) return true;
  // A call that waits for a lease may have too little time for a mint, if the lease was taken after the call began and
  // its holder died.
  const late = { fromMs: startedAtMs + 1_000, toMs: endedAtMs };
  if (ledger.disturbances.some(({ atMs }) => isWithin(atMs, late))) return true;
  // A minter that stands still runs out of time, and says so to all when it goes on: it may have been refused before.
  if (fleet.options.faults.pause > 0) return disturbances(history, since(REFUSED_BACK_OFF_MS)).length > 0;
  return ledger.disturbances.filter(({ atMs }) => isWithin(atMs, since(2 * LEASE_MS + SECRETS_RETRY_MS))).length > 1;
}

/** The server is not asked for what is in back-off, unless the back-off was recorded while a mint set out. */
function violationsOfBackOff(history: History): string[] {
  const { fleet, ledger } = history;
  return ledger.tokenRequests.flatMap(({ startedAtMs, credentialVersion, scopes }) => {
    const key = fleet.keyOf(scopes);
    const inForce = ledger.backOffs.find(
      (backOff) =>
        backOff.version === credentialVersion &&
        (backOff.key.startsWith('CREDENTIAL#') || backOff.key === key) &&
        backOff.recordedAtMs + CLOCKS_MS < startedAtMs &&
        startedAtMs < Math.min(backOff.untilMs - CLOCKS_MS, backOff.replacedAtMs),
    );
    if (inForce === undefined) return [];
    // An instance that couldn't read the back-off, or stood still after reading it, may ask all the same. A new version
    // is not held up by the back-off of the one before, and where it is refused, that one is asked with again. While not
    // all instances know it, one that is refused goes on with it without reading its back-off.
    const isExcused = troubles(history, { fromMs: startedAtMs - LEASE_MS, toMs: startedAtMs }).length > 0;
    const current = ledger.replacements.findLast(({ atMs }) => atMs < startedAtMs);
    const isOther = current !== undefined && current.version !== credentialVersion;
    const isRecent = current !== undefined && startedAtMs < current.atMs + KNOWN_EVERYWHERE_MS;
    if (isExcused || isOther || isRecent) return [];
    const { recordedAtMs, untilMs } = inForce;
    const afterMs = startedAtMs - recordedAtMs;
    return [
      `"${scopes}" was asked for ${afterMs} ms after a back-off of ${untilMs - recordedAtMs} ms (${inForce.key})`,
    ];
  });
}
