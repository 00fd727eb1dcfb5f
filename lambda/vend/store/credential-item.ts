// An item of a credential, as DynamoDB stores it. It has no `expires_at`, because DynamoDB's TTL must not delete it.

import { isBelieved } from '../state/bounds.ts';
import type { CredentialState, VersionTest } from '../state/credential-state.ts';
import type { Item } from './dynamodb-items.ts';
import { believed, numberAt, parseBackOff } from './token-item.ts';

export function testAttributes({ version, nextAtSeconds }: VersionTest): Item {
  return { tested_version: { S: version }, next_test_at: { N: String(nextAtSeconds) } };
}

export function parseCredentialItem(item: Item, nowMs: number): CredentialState {
  const rejected = item.rejected?.M;
  return {
    acceptedVersion: item.accepted_version?.S,
    test: parseTest(item, nowMs),
    rejected: rejected && new Map(Object.keys(rejected).map((name) => [name, numberAt(rejected, name) ?? 0])),
    rereadBeforeMs: believed('reread', numberAt(item, 'reread_before_ms'), 1, nowMs),
    backOff: parseBackOff(item, nowMs),
  };
}

function parseTest(item: Item, nowMs: number): VersionTest | undefined {
  const version = item.tested_version?.S;
  const nextAtSeconds = numberAt(item, 'next_test_at');
  if (version === undefined || nextAtSeconds === undefined) return undefined;
  return isBelieved('test', nextAtSeconds * 1000, nowMs) ? { version, nextAtSeconds } : undefined;
}
