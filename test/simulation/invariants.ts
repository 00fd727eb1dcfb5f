// What must be true of every history of a fleet, whatever happened in it: the promises of docs/guarantees.md.

import { VendingError } from '../../lambda/errors.ts';
import { CALL_LIMIT_MS, type Call, type Fleet } from './fleet.ts';
import type { ServerRequest } from './server.ts';

/** Two clocks, and the second that a time is cut to. */
const CLOCKS_MS = 2_000;
/** A valid token is vended up to here before its end; beyond, a call may find none. */
const END_MS = 3_000;

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
  if (!instance.alive) return [];
  const at = `call at ${startedAtMs % 1e9} for "${call.scope}"`;
  if (endedAtMs === undefined) return [`${at}: never ended`];
  const found: string[] = [];
  if (endedAtMs - startedAtMs > CALL_LIMIT_MS + 1)
    found.push(`${at}: ended ${endedAtMs - startedAtMs} ms after its start`);
  if (accessToken !== undefined && fleet.server.endOf(accessToken) <= endedAtMs) {
    found.push(`${at}: got "${accessToken}", expired ${endedAtMs - fleet.server.endOf(accessToken)} ms before`);
  }
  if (failure !== undefined && !(failure instanceof VendingError)) found.push(`${at}: ${String(failure)}`);
  const plain = request.minTtlMs === 0 && request.rejectedTokenSha256 === undefined;
  const hadTable = instance.tableFailedAtMs < startedAtMs;
  if (failure !== undefined && plain && hadTable && call.tokenInTableEndsAtMs > startedAtMs + END_MS) {
    const leftMs = call.tokenInTableEndsAtMs - startedAtMs;
    found.push(`${at}: failed (${String(failure)}) while the table held a token for ${leftMs} ms more`);
  }
  return found;
}

/** Nobody asks for what is in back-off. What was recorded while a mint set out can't be known to it. */
function violationsOfBackOff({ server, dynamoDb, tableFailures }: Fleet): string[] {
  if (tableFailures > 0) return [];
  return server.requests
    .filter(({ startedAtMs, version, pk }) =>
      dynamoDb.backOffs.some(
        (backOff) =>
          backOff.version === version &&
          (backOff.pk.startsWith('CREDENTIAL#') || backOff.pk === pk) &&
          backOff.recordedAtMs + CLOCKS_MS < startedAtMs &&
          startedAtMs < Math.min(backOff.untilMs - CLOCKS_MS, backOff.replacedAtMs),
      ),
    )
    .map(({ scope, startedAtMs }) => `request at ${startedAtMs % 1e9} for "${scope}": in back-off`);
}

/** One mint per key and lifetime, plus what the promises allow for. */
function violationsOfMints(fleet: Fleet): string[] {
  const { calls, crashes, rotations, server, tableFailures } = fleet;
  const issued = server.requests.filter(({ accessToken }) => accessToken !== undefined);
  const scopes = [...new Set(issued.map(({ scope }) => scope))];
  const early = scopes.flatMap((scope) =>
    earlyMints(
      fleet,
      issued.filter((request) => request.scope === scope),
    ),
  );
  const unheard = issued.filter(({ heard }) => !heard).length;
  const allowed = crashes + unheard + tableFailures + rotations * scopes.length + forcedAllowed(fleet, scopes.length);
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
