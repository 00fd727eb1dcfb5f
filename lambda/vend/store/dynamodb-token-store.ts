// The token store in DynamoDB: one table for all profiles, with one item per token and one per credential. No other
// file makes requests to DynamoDB.

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { FIRST_TABLE_REQUEST_MS } from '../../time-limits.ts';
import type { BackOff } from '../state/back-off.ts';
import type { Refusal } from '../state/token-state.ts';
import { BACK_OFF_ATTRIBUTES, backOffAttributes, parseBackOff, parseItem } from './token-item.ts';
import type { FailureRecord, LeaseRequest, Publication, StoredToken, TokenStore } from './token-store.ts';

type Attributes = Readonly<Record<string, AttributeValue>>;

interface Update {
  readonly set?: Attributes;
  readonly remove?: readonly string[];
  readonly condition: string;
  /** The values that the condition compares with, by their placeholders. */
  readonly compared?: Attributes;
}

/** DynamoDB's errors when a key, the table or the account gets too many requests. */
const THROTTLING = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];

const LEASE = ['lease_id', 'lease_until_ms'] as const;
const REFUSAL = ['refused_version', 'refused_at'] as const;

/** The conditions of writes. The guarantees depend on them, and on how they are joined. */
export const CONDITIONS = {
  leaseIsMine: 'lease_id = :lease_id',
  leaseIsFree: 'attribute_not_exists(lease_id)',
  leaseEndedByTheClock: 'lease_until_ms < :ended',
  leaseWasWatchedToItsEnd: 'lease_id = :watched',
  unchangedSinceRead: 'revision = :seen',
  withoutRevisionAsRead: 'attribute_not_exists(revision)',
  noItem: 'attribute_not_exists(pk)',
  /** A longer back-off stays: a `Retry-After` of five minutes must not be replaced by a shorter one of another mint. */
  noLongerBackOff: 'attribute_not_exists(pk) OR backoff_until < :backoff_until OR backoff_version <> :backoff_version',
};

export class DynamoDbTokenStore implements TokenStore {
  readonly #client: Pick<DynamoDBClient, 'send'>;
  readonly #tableName: string;
  readonly #credentialKey: string;
  #hasAnswered = false;

  /** @param credential the name of the credential. All its profiles share one item for it. */
  constructor(client: Pick<DynamoDBClient, 'send'>, tableName: string, credential: string) {
    this.#client = client;
    this.#tableName = tableName;
    this.#credentialKey = `CREDENTIAL#${credential}`;
  }

  async read(key: string): Promise<StoredToken | undefined> {
    const item = await this.#get(key);
    return item && parseItem(item);
  }

  async acquireLease(request: LeaseRequest): Promise<boolean> {
    const { key, leaseId, untilMs, endedBeforeMs, watchedLeaseId, seenRevision, expiresAtSeconds } = request;
    const { leaseIsFree, leaseIsMine, leaseEndedByTheClock, leaseWasWatchedToItsEnd } = CONDITIONS;
    const leaseMayBeTaken = [leaseIsFree, leaseIsMine, leaseEndedByTheClock];
    if (watchedLeaseId) leaseMayBeTaken.push(leaseWasWatchedToItsEnd);
    // An attempt whose answer was lost is repeated, by the SDK or by the caller: the lease is one's own then.
    const stored = await this.#update(key, {
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

  async releaseLease(key: string, leaseId: string): Promise<void> {
    await this.#update(key, {
      remove: LEASE,
      condition: CONDITIONS.leaseIsMine,
      compared: { ':lease_id': { S: leaseId } },
    });
  }

  async publish(publication: Publication): Promise<boolean> {
    const { key, leaseId, seenRevision, revision, refusal, forcedAtSeconds } = publication;
    const { leaseIsMine, leaseIsFree, noItem } = CONDITIONS;
    const stored = await this.#update(key, {
      set: {
        sealed: { B: publication.sealed },
        credential_version: { S: publication.credentialVersion },
        revision: { S: revision },
        expires_at: { N: String(publication.expiresAtSeconds) },
        ...(forcedAtSeconds !== undefined && { forced_at: { N: String(forcedAtSeconds) } }),
        ...refusalAttributes(refusal),
      },
      remove: [...LEASE, ...BACK_OFF_ATTRIBUTES, ...(refusal ? [] : REFUSAL)],
      condition: `${leaseIsMine} OR (${leaseIsFree} AND ${asRead(seenRevision)}) OR ${noItem}`,
      compared: { ':lease_id': { S: leaseId }, ...(seenRevision && { ':seen': { S: seenRevision } }) },
    });
    return stored === 'written' || (await stored())?.revision === revision;
  }

  async recordFailure({ key, leaseId, revision, backOff, refusal, expiresAtSeconds }: FailureRecord): Promise<void> {
    await this.#update(key, {
      set: {
        ...backOffAttributes(backOff),
        revision: { S: revision },
        expires_at: { N: String(expiresAtSeconds) },
        ...refusalAttributes(refusal),
      },
      remove: LEASE,
      condition: CONDITIONS.leaseIsMine,
      compared: { ':lease_id': { S: leaseId } },
    });
  }

  async readThrottling(): Promise<BackOff | undefined> {
    const item = await this.#get(this.#credentialKey);
    return item && parseBackOff(item);
  }

  async recordThrottling(backOff: BackOff): Promise<void> {
    await this.#update(this.#credentialKey, {
      set: { ...backOffAttributes(backOff), expires_at: { N: String(backOff.untilSeconds + 60) } },
      condition: CONDITIONS.noLongerBackOff,
    });
  }

  isThrottled(error: unknown): boolean {
    return error instanceof Error && THROTTLING.includes(error.name);
  }

  isImpossible(error: unknown): boolean {
    return error instanceof Error && error.name === 'ValidationException';
  }

  async #get(key: string): Promise<Attributes | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: key } }, ConsistentRead: true }),
      this.#hasAnswered ? {} : { requestTimeout: FIRST_TABLE_REQUEST_MS },
    );
    this.#hasAnswered = true;
    return Item;
  }

  /**
   * Writes under a condition. If the condition doesn't hold, it returns a function that gets the item as it is stored.
   * DynamoDB sends that item with its answer. A database that doesn't send it is read once more.
   */
  async #update(key: string, update: Update): Promise<'written' | (() => Promise<StoredToken | undefined>)> {
    try {
      await this.#client.send(new UpdateItemCommand({ TableName: this.#tableName, ...expressionsOf(key, update) }));
      return 'written';
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const { Item } = error;
      return async () => (Item ? parseItem(Item) : await this.read(key));
    }
  }
}

/** The placeholder of an attribute that is set has the attribute's name. */
function expressionsOf(key: string, { set = {}, remove = [], condition, compared = {} }: Update) {
  const assignments = Object.keys(set).map((name) => `${name} = :${name}`);
  const expressions = [
    ...(assignments.length > 0 ? [`SET ${assignments.join(', ')}`] : []),
    ...(remove.length > 0 ? [`REMOVE ${remove.join(', ')}`] : []),
  ];
  const values = Object.fromEntries(Object.entries(set).map(([name, value]) => [`:${name}`, value]));
  return {
    Key: { pk: { S: key } },
    UpdateExpression: expressions.join(' '),
    ConditionExpression: condition,
    ExpressionAttributeValues: { ...values, ...compared },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  } as const;
}

function asRead(revision: string | undefined): string {
  return revision ? CONDITIONS.unchangedSinceRead : CONDITIONS.withoutRevisionAsRead;
}

function refusalAttributes(refusal: Refusal | undefined): Attributes {
  return refusal ? { refused_version: { S: refusal.version }, refused_at: { N: String(refusal.atSeconds) } } : {};
}
