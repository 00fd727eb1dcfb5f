// The token store in DynamoDB: one table for all profiles, with one item per token.

import type { Clock } from '../../clock.ts';
import type { DynamoDbItems } from './dynamodb-items.ts';
import { BACK_OFF_ATTRIBUTES, backOffAttributes, parseItem } from './token-item.ts';
import type { FailureRecord, LeaseRequest, Publication, StoredToken, TokenStore } from './token-store.ts';

const LEASE = ['lease_id', 'lease_until_ms'] as const;

/** The conditions of writes. The guarantees depend on them, and on how they are joined. */
export const CONDITIONS = {
  leaseIsMine: 'lease_id = :lease_id',
  leaseIsFree: 'attribute_not_exists(lease_id)',
  leaseEndedByTheClock: 'lease_until_ms < :ended',
  leaseWasWatchedToItsEnd: 'lease_id = :watched',
  unchangedSinceRead: 'revision = :seen',
  withoutRevisionAsRead: 'attribute_not_exists(revision)',
  noItem: 'attribute_not_exists(pk)',
};

export class DynamoDbTokenStore implements TokenStore {
  readonly #items: DynamoDbItems;
  readonly #clock: Pick<Clock, 'nowMs'>;

  constructor(items: DynamoDbItems, clock: Pick<Clock, 'nowMs'>) {
    this.#items = items;
    this.#clock = clock;
  }

  async read(key: string): Promise<StoredToken | undefined> {
    const item = await this.#items.get(key);
    return item && parseItem(item, this.#clock.nowMs());
  }

  async acquireLease(request: LeaseRequest): Promise<boolean> {
    const { key, leaseId, untilMs, endedBeforeMs, watchedLeaseId, seenRevision, expiresAtSeconds } = request;
    const { leaseIsFree, leaseIsMine, leaseEndedByTheClock, leaseWasWatchedToItsEnd } = CONDITIONS;
    const leaseMayBeTaken = [leaseIsFree, leaseIsMine, leaseEndedByTheClock];
    if (watchedLeaseId) leaseMayBeTaken.push(leaseWasWatchedToItsEnd);
    // An attempt whose answer was lost is repeated, by the SDK or by the caller: the lease is one's own then.
    const stored = await this.#items.update(key, {
      set: {
        lease_id: { S: leaseId },
        lease_until_ms: { N: String(untilMs) },
        expires_at: { N: String(expiresAtSeconds) },
      },
      condition: `(${leaseMayBeTaken.join(' OR ')}) AND ${asRead(seenRevision)}`,
      compared: {
        ':ended': { N: String(endedBeforeMs) },
        ...(watchedLeaseId && { ':watched': { S: watchedLeaseId } }),
        ...(seenRevision && { ':seen': { S: seenRevision } }),
      },
    });
    return stored === 'written';
  }

  async releaseLease(key: string, leaseId: string, revision: string): Promise<void> {
    await this.#items.update(key, {
      set: { revision: { S: revision } },
      remove: LEASE,
      condition: CONDITIONS.leaseIsMine,
      compared: { ':lease_id': { S: leaseId } },
    });
  }

  async publish(publication: Publication): Promise<boolean> {
    const { key, leaseId, seenRevision, revision, forcedAtSeconds } = publication;
    const { leaseIsMine, leaseIsFree, noItem } = CONDITIONS;
    const stored = await this.#items.update(key, {
      set: {
        sealed: { B: publication.sealed },
        credential_version: { S: publication.credentialVersion },
        revision: { S: revision },
        expires_at: { N: String(publication.expiresAtSeconds) },
        ...(forcedAtSeconds !== undefined && { forced_at: { N: String(forcedAtSeconds) } }),
      },
      remove: [...LEASE, ...BACK_OFF_ATTRIBUTES],
      condition: `${leaseIsMine} OR (${leaseIsFree} AND ${asRead(seenRevision)}) OR ${noItem}`,
      compared: { ':lease_id': { S: leaseId }, ...(seenRevision && { ':seen': { S: seenRevision } }) },
    });
    return stored === 'written' || (await stored())?.revision?.S === revision;
  }

  async recordFailure({ key, leaseId, revision, backOff, expiresAtSeconds }: FailureRecord): Promise<void> {
    await this.#items.update(key, {
      set: {
        ...backOffAttributes(backOff),
        revision: { S: revision },
        expires_at: { N: String(expiresAtSeconds) },
      },
      remove: LEASE,
      condition: CONDITIONS.leaseIsMine,
      compared: { ':lease_id': { S: leaseId } },
    });
  }

  isThrottled(error: unknown): boolean {
    return this.#items.isThrottled(error);
  }

  isImpossible(error: unknown): boolean {
    return error instanceof Error && error.name === 'ValidationException';
  }
}

function asRead(revision: string | undefined): string {
  return revision ? CONDITIONS.unchangedSinceRead : CONDITIONS.withoutRevisionAsRead;
}
