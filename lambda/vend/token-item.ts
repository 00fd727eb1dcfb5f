// An item of the token table, as DynamoDB holds it and as it is read here. What is secret in it is sealed; its times are
// seconds.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { isErrorCode } from '../errors.ts';
import type { BackOff } from './back-off.ts';

export interface TokenItem {
  readonly sealed?: Uint8Array | undefined;
  /** The Secrets Manager version that minted the token, and opens it. */
  readonly credentialVersion?: string | undefined;
  readonly refusedVersion?: string | undefined;
  readonly refusedAtSeconds?: number | undefined;
  /** Random, new at each publish and each recorded failure: what a writer compares. */
  readonly revision?: string | undefined;
  readonly lease?: { readonly id: string; readonly untilMs: number } | undefined;
  readonly forcedAtSeconds?: number | undefined;
  readonly backOff?: BackOff | undefined;
  /** The TTL attribute: when DynamoDB may take the item. */
  readonly expiresAtSeconds: number;
}

export const BACK_OFF_ATTRIBUTES = 'backoff_until, backoff_error, backoff_version, backoff_count';
export const SET_BACK_OFF =
  'backoff_until = :until, backoff_error = :error, backoff_version = :version, backoff_count = :count';

/** `backoff_error` is the code and the places of missing scopes, never their names: the table holds none in clear. */
export function backOffValues(backOff: BackOff): Record<string, AttributeValue> {
  return {
    ':until': { N: String(backOff.untilSeconds) },
    ':error': { S: [backOff.error, ...backOff.missing].join(' ') },
    ':version': { S: backOff.version },
    ':count': { N: String(backOff.count) },
  };
}

export function parseItem(item: Record<string, AttributeValue>): TokenItem {
  const number = (name: string) => (item[name]?.N === undefined ? undefined : Number(item[name].N));
  const leaseUntilMs = number('lease_until_ms');
  return {
    sealed: item.sealed?.B,
    credentialVersion: item.credential_version?.S,
    refusedVersion: item.refused_version?.S,
    refusedAtSeconds: number('refused_at'),
    revision: item.revision?.S,
    lease:
      item.lease_id?.S !== undefined && leaseUntilMs !== undefined
        ? { id: item.lease_id.S, untilMs: leaseUntilMs }
        : undefined,
    forcedAtSeconds: number('forced_at'),
    backOff: parseBackOff(
      item.backoff_error?.S,
      item.backoff_version?.S,
      number('backoff_until'),
      number('backoff_count'),
    ),
    expiresAtSeconds: number('expires_at') ?? 0,
  };
}

function parseBackOff(
  error: string | undefined,
  version: string | undefined,
  untilSeconds: number | undefined,
  count: number | undefined,
): BackOff | undefined {
  const [code, ...missing] = (error ?? '').split(' ');
  if (!isErrorCode(code) || version === undefined || untilSeconds === undefined) return undefined;
  return { error: code, missing: missing.map(Number), version, untilSeconds, count: count ?? 1 };
}
