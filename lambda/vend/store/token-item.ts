// An item of a token, as DynamoDB stores it. The token in it is sealed. Times are seconds, or milliseconds if the
// attribute's name ends in `_ms`.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isErrorCode } from '../../errors.ts';
import type { BackOff } from '../state/back-off.ts';
import { isBelieved, type StoredTime } from '../state/bounds.ts';
import type { Item } from './dynamodb-items.ts';
import type { StoredToken } from './token-store.ts';

/** `backoff_error` is the code and the indexes of missing scopes, because the table must hold no scope in clear. */
export function backOffAttributes(backOff: BackOff): Record<string, AttributeValue> {
  return {
    backoff_until: { N: String(backOff.untilSeconds) },
    backoff_error: { S: [backOff.error, ...backOff.missing].join(' ') },
    backoff_version: { S: backOff.version },
    backoff_count: { N: String(backOff.count) },
  };
}

export const BACK_OFF_ATTRIBUTES = ['backoff_until', 'backoff_error', 'backoff_version', 'backoff_count'] as const;

export function parseItem(item: Item, nowMs: number): StoredToken {
  const leaseUntilMs = numberAt(item, 'lease_until_ms');
  const leaseId = item.lease_id?.S;
  return {
    sealed: item.sealed?.B,
    credentialVersion: item.credential_version?.S,
    revision: item.revision?.S,
    lease: leaseId !== undefined && leaseUntilMs !== undefined ? { id: leaseId, untilMs: leaseUntilMs } : undefined,
    forcedAtSeconds: believed('event', numberAt(item, 'forced_at'), 1000, nowMs),
    backOff: parseBackOff(item, nowMs),
  };
}

export function parseBackOff(item: Item, nowMs: number): BackOff | undefined {
  const [code, ...missing] = (item.backoff_error?.S ?? '').split(' ');
  const version = item.backoff_version?.S;
  const untilSeconds = numberAt(item, 'backoff_until');
  if (!isErrorCode(code) || version === undefined || untilSeconds === undefined) return undefined;
  if (!isBelieved('backOff', untilSeconds * 1000, nowMs)) return undefined;
  const count = numberAt(item, 'backoff_count') ?? 1;
  return { error: code, missing: missing.map(Number), version, untilSeconds, count };
}

/** A stored time. Undefined if it is too far ahead. @param unitMs of the time */
export function believed(kind: StoredTime, at: number | undefined, unitMs: number, nowMs: number): number | undefined {
  return at !== undefined && isBelieved(kind, at * unitMs, nowMs) ? at : undefined;
}

export function numberAt(item: Item, name: string): number | undefined {
  const text = item[name]?.N;
  return text === undefined ? undefined : Number(text);
}
