// An item of the token table, as DynamoDB stores it. The token in it is sealed. Times are seconds, or milliseconds if
// the attribute's name ends in `_ms`.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isErrorCode } from '../../errors.ts';
import type { BackOff } from '../state/back-off.ts';
import type { StoredToken } from './token-store.ts';

type Item = Readonly<Record<string, AttributeValue>>;

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

export function parseItem(item: Item): StoredToken {
  const leaseUntilMs = numberAt(item, 'lease_until_ms');
  const leaseId = item.lease_id?.S;
  const refusedVersion = item.refused_version?.S;
  return {
    sealed: item.sealed?.B,
    credentialVersion: item.credential_version?.S,
    refusal:
      refusedVersion === undefined
        ? undefined
        : { version: refusedVersion, atSeconds: numberAt(item, 'refused_at') ?? 0 },
    revision: item.revision?.S,
    lease: leaseId !== undefined && leaseUntilMs !== undefined ? { id: leaseId, untilMs: leaseUntilMs } : undefined,
    forcedAtSeconds: numberAt(item, 'forced_at'),
    backOff: parseBackOff(item),
  };
}

export function parseBackOff(item: Item): BackOff | undefined {
  const [code, ...missing] = (item.backoff_error?.S ?? '').split(' ');
  const version = item.backoff_version?.S;
  const untilSeconds = numberAt(item, 'backoff_until');
  if (!isErrorCode(code) || version === undefined || untilSeconds === undefined) return undefined;
  const count = numberAt(item, 'backoff_count') ?? 1;
  return { error: code, missing: missing.map(Number), version, untilSeconds, count };
}

function numberAt(item: Item, name: string): number | undefined {
  const text = item[name]?.N;
  return text === undefined ? undefined : Number(text);
}
