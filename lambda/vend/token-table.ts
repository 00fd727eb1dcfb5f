// The table that a fleet shares: one item per token, with the lease of whoever mints it and the back-off after a mint
// that failed, and one per credential with the back-off of a server that throttles. Tokens are in it sealed; its times
// are seconds. Each write names the conditions under which it may happen.

import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { BackOff } from './back-off.ts';
import type { Refusal } from './known-token.ts';
import { BACK_OFF_ATTRIBUTES, backOffValues, parseItem, SET_BACK_OFF, type TokenItem } from './token-item.ts';

export interface LeaseRequest {
  readonly leaseId: string;
  readonly untilMs: number;
  /** A lease that ended before this moment is over: the clock's time less an allowance. */
  readonly endedBeforeMs: number;
  /** A lease that was watched for its whole length: over, whatever the clocks say. */
  readonly watchedLeaseId: string | undefined;
  readonly seen: TokenItem | undefined;
  readonly expiresAtSeconds: number;
}

export interface Publication {
  readonly leaseId: string;
  readonly seen: TokenItem | undefined;
  readonly revision: string;
  readonly sealed: Uint8Array;
  readonly credentialVersion: string;
  /** The current version, where the authorization server refused that one. */
  readonly refused: Refusal | undefined;
  readonly forcedAtSeconds: number | undefined;
  readonly expiresAtSeconds: number;
}

export interface RecordedFailure {
  readonly leaseId: string;
  readonly revision: string;
  readonly backOff: BackOff;
  /** The current version, where the authorization server refused that one. */
  readonly refused: Refusal | undefined;
  readonly expiresAtSeconds: number;
}

const LEASE_IS_MINE = 'lease_id = :lease';
const LEASE_IS_FREE = 'attribute_not_exists(lease_id)';
const LEASE_ENDED_BY_THE_CLOCK = 'lease_until_ms < :ended';
const LEASE_WAS_WATCHED_TO_ITS_END = 'lease_id = :watched';
/** A server that asked for five minutes is not asked after one, because another scope set was told nothing. */
const NO_LONGER_BACK_OFF = 'attribute_not_exists(pk) OR backoff_until < :until OR backoff_version <> :version';
const NO_ITEM = 'attribute_not_exists(pk)';
const UNCHANGED_SINCE_READ = 'revision = :seen';
const WITHOUT_REVISION_AS_READ = 'attribute_not_exists(revision)';

/** The first request opens a TLS connection, for which an instance that has just started has little CPU. */
const FIRST_REQUEST_TIMEOUT_MS = 1_000;

/** What DynamoDB answers where a key, the table or the account is asked too often. */
const THROTTLING = ['ProvisionedThroughputExceededException', 'ThrottlingException', 'RequestLimitExceeded'];

/** Whether the table is there, but takes no more requests for now: nothing was read or written. */
export function isThrottling(error: unknown): boolean {
  return error instanceof Error && THROTTLING.includes(error.name);
}

export class TokenTable {
  readonly #client: DynamoDBClient;
  readonly #tableName: string;
  #hasAnswered = false;

  constructor(client: DynamoDBClient, tableName: string) {
    this.#client = client;
    this.#tableName = tableName;
  }

  async read(pk: string): Promise<TokenItem | undefined> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#tableName, Key: { pk: { S: pk } }, ConsistentRead: true }),
      this.#hasAnswered ? {} : { requestTimeout: FIRST_REQUEST_TIMEOUT_MS },
    );
    this.#hasAnswered = true;
    return Item && parseItem(Item);
  }

  /** Takes the lease. False where another has it, or has published or failed since `seen` was read. */
  async acquireLease(pk: string, request: LeaseRequest): Promise<boolean> {
    const { leaseId, untilMs, endedBeforeMs, watchedLeaseId, seen, expiresAtSeconds } = request;
    const leaseIsOver = [
      LEASE_IS_FREE,
      LEASE_ENDED_BY_THE_CLOCK,
      ...(watchedLeaseId ? [LEASE_WAS_WATCHED_TO_ITS_END] : []),
    ];
    const written = await this.#update(
      pk,
      'SET lease_id = :lease, lease_until_ms = :until, expires_at = :expires',
      `(${leaseIsOver.join(' OR ')}) AND ${seen?.revision ? UNCHANGED_SINCE_READ : WITHOUT_REVISION_AS_READ}`,
      {
        ':lease': { S: leaseId },
        ':until': { N: String(untilMs) },
        ':expires': { N: String(expiresAtSeconds) },
        ':ended': { N: String(endedBeforeMs) },
        ...(watchedLeaseId && { ':watched': { S: watchedLeaseId } }),
        ...(seen?.revision && { ':seen': { S: seen.revision } }),
      },
    );
    // A refusal may be of a second attempt, after the first was written and its answer lost.
    return written || (await this.read(pk))?.lease?.id === leaseId;
  }

  /** Gives back a lease that is one's own still. */
  async releaseLease(pk: string, leaseId: string): Promise<void> {
    await this.#update(pk, 'REMOVE lease_id, lease_until_ms', LEASE_IS_MINE, { ':lease': { S: leaseId } });
  }

  /** Publishes a token, which ends lease and back-off. False where another writer's item stands. */
  async publish(pk: string, publication: Publication): Promise<boolean> {
    const { leaseId, seen, revision, sealed, credentialVersion, refused, forcedAtSeconds, expiresAtSeconds } =
      publication;
    const set = ['sealed = :sealed', 'credential_version = :version', 'revision = :revision', 'expires_at = :expires'];
    const remove = ['lease_id', 'lease_until_ms', BACK_OFF_ATTRIBUTES];
    if (forcedAtSeconds !== undefined) set.push('forced_at = :forced');
    if (refused) set.push('refused_version = :refused', 'refused_at = :refused_at');
    else remove.push('refused_version', 'refused_at');
    const unchanged = seen?.revision ? UNCHANGED_SINCE_READ : WITHOUT_REVISION_AS_READ;
    const written = await this.#update(
      pk,
      `SET ${set.join(', ')} REMOVE ${remove.join(', ')}`,
      `${LEASE_IS_MINE} OR (${LEASE_IS_FREE} AND ${unchanged}) OR ${NO_ITEM}`,
      {
        ':lease': { S: leaseId },
        ':sealed': { B: sealed },
        ':version': { S: credentialVersion },
        ':revision': { S: revision },
        ':expires': { N: String(expiresAtSeconds) },
        ...(forcedAtSeconds !== undefined && { ':forced': { N: String(forcedAtSeconds) } }),
        ...(refused && { ':refused': { S: refused.version }, ':refused_at': { N: String(refused.atSeconds) } }),
        ...(seen?.revision && { ':seen': { S: seen.revision } }),
      },
    );
    return written || (await this.read(pk))?.revision === revision;
  }

  /** Records a mint that failed, under one's own lease only, and gives the lease back. The token is untouched. */
  async recordFailure(pk: string, failure: RecordedFailure): Promise<void> {
    const { leaseId, revision, backOff, refused, expiresAtSeconds } = failure;
    await this.#update(
      pk,
      `SET ${SET_BACK_OFF}, revision = :revision, expires_at = :expires${
        refused ? ', refused_version = :refused, refused_at = :refused_at' : ''
      } REMOVE lease_id, lease_until_ms`,
      LEASE_IS_MINE,
      {
        ':lease': { S: leaseId },
        ':revision': { S: revision },
        ':expires': { N: String(expiresAtSeconds) },
        ...(refused && { ':refused': { S: refused.version }, ':refused_at': { N: String(refused.atSeconds) } }),
        ...backOffValues(backOff),
      },
    );
  }

  /** Records that the server throttles a credential, for all profiles that share it. */
  async recordThrottling(credential: string, backOff: BackOff): Promise<void> {
    await this.#update(credentialKey(credential), `SET ${SET_BACK_OFF}, expires_at = :expires`, NO_LONGER_BACK_OFF, {
      ':expires': { N: String(backOff.untilSeconds + 60) },
      ...backOffValues(backOff),
    });
  }

  async readThrottling(credential: string): Promise<BackOff | undefined> {
    return (await this.read(credentialKey(credential)))?.backOff;
  }

  /** False where the condition didn't hold. */
  async #update(
    pk: string,
    update: string,
    condition: string,
    values: Record<string, AttributeValue>,
  ): Promise<boolean> {
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#tableName,
          Key: { pk: { S: pk } },
          UpdateExpression: update,
          ConditionExpression: condition,
          ExpressionAttributeValues: values,
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

function credentialKey(credential: string): string {
  return `CREDENTIAL#${credential}`;
}
