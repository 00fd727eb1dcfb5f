// What must be true of every history of a fleet, whatever happened in it: the promises of docs/guarantees.md.

import { createHash } from 'node:crypto';
import { VendingError } from '../../lambda/errors.ts';
import { LEASE_MS } from '../../lambda/time-limits.ts';
import { CALL_LIMIT_MS, type Call, type Fleet } from './fleet.ts';
import type { ServerRequest } from './server.ts';

/** Two clocks, and the second that a time is cut to. */
const CLOCKS_MS = 2_000;
const LONGEST_BACK_OFF_MS = 310_000;
/** After Secrets Manager has failed an instance, it is not asked again before: a newer credential isn't known there. */
const SECRETS_TRIED_AGAIN_MS = 5_000;
/**
 * A valid token is vended up to here before its end; beyond, a call may find none: it is over a second before, clocks
 * differ by one more, and to look may take a second, twice.
 */
const END_MS = 4_000;

/** Each as a sentence; none: all is well. */
export function violations(fleet: Fleet): string[] {
  return [
    ...fleet.calls.flatMap((call) => violationsOfCall(fleet, call)),
    ...violationsOfBackOff(fleet),
    ...violationsOfMints(fleet),
  ];
}

function violationsOfCall(fleet: Fleet, call: Call): string[] {
  const { accessToken, endedAtMs, failure, instance, startedAtMs, request } = call;
  if (!instance.alive && endedAtMs === undefined) return [];
  const at = `call at ${startedAtMs % 1e9} for "${call.scope}"`;
  if (endedAtMs === undefined) return [`${at}: never ended`];
  const found: string[] = [];
  const stoodStill = instance.pausedAtMs >= startedAtMs;
  if (endedAtMs - startedAtMs > CALL_LIMIT_MS + 1 && !stoodStill)
    found.push(`${at}: ended ${endedAtMs - startedAtMs} ms after its start`);
  if (accessToken !== undefined && fleet.server.endOf(accessToken) <= endedAtMs) {
    found.push(`${at}: got "${accessToken}", expired ${endedAtMs - fleet.server.endOf(accessToken)} ms before`);
  }
  if (accessToken !== undefined) {
    const leftMs = fleet.server.endOf(accessToken) - endedAtMs;
    if (leftMs < request.minTtlMs - CLOCKS_MS) found.push(`${at}: min_ttl ${request.minTtlMs}, got ${leftMs} ms`);
    if (!accessToken.endsWith(` of ${call.scope}`)) found.push(`${at}: got "${accessToken}"`);
    const sha256 = createHash('sha256').update(accessToken).digest('hex');
    if (sha256 === request.rejectedTokenSha256) found.push(`${at}: got the rejected token`);
  }
  if (failure !== undefined && !(failure instanceof VendingError)) found.push(`${at}: ${String(failure)}`);
  const plain = request.minTtlMs === 0 && request.rejectedTokenSha256 === undefined;
  const knowsNoBetter = instance.secretsFailedAtMs + SECRETS_TRIED_AGAIN_MS >= startedAtMs;
  const undisturbed = instance.tableFailedAtMs < startedAtMs && !knowsNoBetter && !stoodStill;
  if (failure !== undefined && plain && undisturbed && call.tokenInTableEndsAtMs > startedAtMs + END_MS) {
    const leftMs = call.tokenInTableEndsAtMs - startedAtMs;
    found.push(`${at}: failed (${String(failure)}) while the table held a token for ${leftMs} ms more`);
  }
  if (failure !== undefined && plain && undisturbed && !hadReason(fleet, startedAtMs, endedAtMs)) {
    found.push(`${at}: failed (${String(failure)}) without a reason`);
  }
  return found;
}

/**
 * A call may fail when the server failed, or the table, or two minters died one after the other, or two secrets in a row
 * are wrong. One that is wrong is no reason, unless it was replaced within the 5 s in which it is read again but once.
 */
function hadReason(fleet: Fleet, startedAtMs: number, endedAtMs: number): boolean {
  const { server, mishapsAtMs, options, tableFailures, wrongVersions } = fleet;
  if (wrongVersions.size > 0 && fleet.replacedAtMs.some((atMs) => startedAtMs - 6_000 < atMs && atMs < endedAtMs))
    return true;
  const numbers = [...wrongVersions].map((version) => Number(version.slice(1)));
  if (numbers.some((number) => numbers.includes(number + 1))) return true;
  const within = (atMs: number, beforeMs: number) => startedAtMs - beforeMs <= atMs && atMs <= endedAtMs;
  const serverFailed = server.requests.some(
    ({ accessToken, atMs, heard, refused }) =>
      ((accessToken === undefined && !refused) || !heard) && within(atMs, LONGEST_BACK_OFF_MS),
  );
  // Who waits for a lease that was taken after the call began, and whose holder died, may have too little time for a mint.
  const diedLate = mishapsAtMs.some((atMs) => startedAtMs + 1_000 < atMs && atMs <= endedAtMs);
  const deaths = mishapsAtMs.filter((atMs) => within(atMs, 2 * LEASE_MS)).length;
  // A minter that stands still runs out of time, and says so to all.
  const mostDeaths = options.faults.pause > 0 ? 0 : 1;
  return serverFailed || tableFailures > 0 || diedLate || deaths > mostDeaths;
}

/** Nobody asks for what is in back-off. What was recorded while a mint set out can't be known to it. */
function violationsOfBackOff({ server, dynamoDb, options, tableFailures, wrongVersions }: Fleet): string[] {
  // Who couldn't read it, or stood still after reading, may ask all the same; and a mint under way, whose version is
  // refused, goes on to the one before without asking for the back-off of that one.
  if (tableFailures > 0 || options.faults.pause > 0 || wrongVersions.size > 0) return [];
  return server.requests.flatMap(({ startedAtMs, version, pk, scope }) => {
    const inForce = dynamoDb.backOffs.find(
      (backOff) =>
        backOff.version === version &&
        (backOff.pk.startsWith('CREDENTIAL#') || backOff.pk === pk) &&
        backOff.recordedAtMs + CLOCKS_MS < startedAtMs &&
        startedAtMs < Math.min(backOff.untilMs - CLOCKS_MS, backOff.replacedAtMs),
    );
    if (inForce === undefined) return [];
    const { recordedAtMs, untilMs } = inForce;
    const afterMs = startedAtMs - recordedAtMs;
    return [`request for "${scope}" ${afterMs} ms after a back-off of ${untilMs - recordedAtMs} ms (${inForce.pk})`];
  });
}

/** One mint per key and lifetime, plus what the promises allow for. */
function violationsOfMints(fleet: Fleet): string[] {
  const { calls, mishapsAtMs, rotations, server, tableFailures } = fleet;
  const issued = server.requests.filter(({ accessToken }) => accessToken !== undefined);
  const scopes = [...new Set(issued.map(({ scope }) => scope))];
  const early = scopes.flatMap((scope) =>
    earlyMints(
      fleet,
      issued.filter((request) => request.scope === scope),
    ),
  );
  const unheard = issued.filter(({ heard }) => !heard).length;
  const allowed =
    mishapsAtMs.length + unheard + tableFailures + rotations * scopes.length + forcedAllowed(fleet, scopes.length);
  if (early.length <= allowed) return [];
  const list = early.map(({ scope, atMs }) => `"${scope}" at ${atMs % 1e9}`).join(', ');
  return [`${early.length} early mints (${list}) of ${issued.length}, ${allowed} allowed, ${calls.length} calls`];
}

/** One in 30 s per key, where callers report rejected tokens. */
function forcedAllowed({ calls, server }: Fleet, keys: number): number {
  if (calls.every(({ request }) => request.rejectedTokenSha256 === undefined)) return 0;
  const spanMs = (server.requests.at(-1)?.atMs ?? 0) - (server.requests[0]?.atMs ?? 0);
  return keys * (1 + Math.floor(spanMs / (30_000 - CLOCKS_MS - REACH_MS)));
}

/** Mints that came before the one before them was due for renewal, or for the longest `min_ttl`. */
function earlyMints({ calls, options }: Fleet, mints: readonly ServerRequest[]): ServerRequest[] {
  const share = calls.some(({ request }) => request.minTtlMs > 0) ? 0.25 : 0.75;
  const leastMs = options.lifetimeSeconds * 1000 * share - CLOCKS_MS - REACH_MS;
  return mints.filter((mint, place) => mint.atMs - (mints[place - 1]?.atMs ?? Number.NEGATIVE_INFINITY) < leastMs);
}

/** From a mint's beginning, which its token's times are counted from, to its arrival at the server. */
const REACH_MS = 3_000;
