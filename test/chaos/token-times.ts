// When the tokens of a short lifetime are renewed and when they stop being valid, by what the answers told of them.

import { createHash } from 'node:crypto';
import type { AnswerLedger } from '../../testbed/processes/ledger.ts';

/** The allowance for clocks, as a part of a short lifetime: so long before its end a token is no longer vended. */
const ALLOWANCE_SHARE = 0.1;
/** The margin before the end of a short-lived token, as a part of its lifetime. */
const MARGIN_SHARE = 0.1;
/** Renewal begins at this part of the lifetime at the earliest. */
const RENEW_SHARE = 0.75;

/** Until when the newest of the tokens vended for a scope is valid. Milliseconds since the epoch. */
export function validUntilMs(ledger: AnswerLedger, scope: string, lifetimeSeconds: number): number {
  const ends = ledger.answers.map(({ scope: named, sha256 }) =>
    named === scope && sha256 !== undefined ? (ledger.toldEndMs(sha256) ?? 0) : 0,
  );
  return ends.reduce((latest, endMs) => Math.max(latest, endMs), 0) - lifetimeSeconds * 1000 * ALLOWANCE_SHARE;
}

/**
 * Counts the lifetimes that have begun: the first one with the first mint, each other one with the first mint after the
 * renewal of the token before was due. A mint before that is one too many, and begins no lifetime.
 */
export function lifetimesBegun(ledger: AnswerLedger, lifetimeSeconds: number): number {
  let begun = 0;
  let renewalDueMs = 0;
  for (const { accessToken, issuedAtMs } of ledger.server.tokens) {
    if (issuedAtMs < renewalDueMs) continue;
    const endMs = ledger.toldEndMs(createHash('sha256').update(accessToken).digest('hex'));
    if (endMs === undefined) continue; // not vended yet
    begun += 1;
    renewalDueMs = endMs - lifetimeSeconds * 1000 + renewalAfterMs(lifetimeSeconds);
  }
  return begun;
}

/** The earliest renewal is at a whole second, but never within the margin. */
function renewalAfterMs(lifetimeSeconds: number): number {
  return Math.min(Math.ceil(lifetimeSeconds * RENEW_SHARE), lifetimeSeconds * (1 - MARGIN_SHARE)) * 1000;
}
