import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BackOff } from '../../../../lambda/vend/state/back-off.ts';
import { MAX_AHEAD_MS } from '../../../../lambda/vend/state/bounds.ts';
import { DynamoDbItems } from '../../../../lambda/vend/store/dynamodb-items.ts';
import { DynamoDbTokenStore } from '../../../../lambda/vend/store/dynamodb-token-store.ts';
import type { FailureRecord, LeaseRequest, Publication } from '../../../../lambda/vend/store/token-store.ts';
import { type LocalDynamoDb, startDynamoDb } from '../../../../local/dynamodb.ts';
import { STAND_IN_CLIENT } from '../../../../local/names.ts';

let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
let store: DynamoDbTokenStore;
let keys = 0;

beforeAll(async () => {
  dynamodb = await startDynamoDb();
  client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamodb.url });
  store = new DynamoDbTokenStore(new DynamoDbItems(client, dynamodb.tableName), { nowMs: () => NOW_MS });
});
afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});

const NOW_MS = 1_800_000_000_000;
const newKey = () => `default#${keys++}`;

/** The TTL attribute. */
async function expiresAt(key: string): Promise<number> {
  const { Item } = await client.send(new GetItemCommand({ TableName: dynamodb.tableName, Key: { pk: { S: key } } }));
  return Number(Item?.expires_at?.N);
}

function lease(key: string, leaseId: string, request: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    key,
    leaseId,
    untilMs: NOW_MS + 10_000,
    endedBeforeMs: NOW_MS - 1_000,
    watchedLeaseId: undefined,
    seenRevision: undefined,
    expiresAtSeconds: NOW_MS / 1000 + 70,
    ...request,
  };
}

function publication(key: string, leaseId: string, publication: Partial<Publication> = {}): Publication {
  return {
    key,
    leaseId,
    seenRevision: undefined,
    revision: `revision of ${leaseId}`,
    sealed: Buffer.from(leaseId),
    credentialVersion: 'v1',
    forcedAtSeconds: undefined,
    expiresAtSeconds: NOW_MS / 1000 + 3600,
    ...publication,
  };
}

const backOff: BackOff = {
  untilSeconds: NOW_MS / 1000 + 5,
  error: 'invalid_scope',
  missing: [0, 2],
  version: 'v1',
  count: 3,
};

function failure(key: string, leaseId: string, record: Partial<FailureRecord> = {}): FailureRecord {
  return { key, leaseId, revision: 'r', backOff, expiresAtSeconds: 99, ...record };
}

describe('the lease', () => {
  test('is taken by one of many instances that read the same item', async () => {
    const key = newKey();
    const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => store.acquireLease(lease(key, `lease ${n}`))));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['is not taken over a millisecond before it is over by the clock', NOW_MS + 10_000, false],
    ['is taken over when it is over by the clock', NOW_MS + 10_001, true],
  ])('of another instance %s', async (_, endedBeforeMs, taken) => {
    const key = newKey();
    await store.acquireLease(lease(key, 'dead'));
    const seenRevision = (await store.read(key))?.revision;
    expect(await store.acquireLease(lease(key, 'mine', { endedBeforeMs, seenRevision }))).toBe(taken);
  });

  test('that was watched to its end is taken over even if the clocks differ, and no other lease is', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'dead', { untilMs: NOW_MS + 9_999_999 }));
    const seenRevision = (await store.read(key))?.revision;
    expect(await store.acquireLease(lease(key, 'mine', { watchedLeaseId: 'older', seenRevision }))).toBe(false);
    expect(await store.acquireLease(lease(key, 'mine', { watchedLeaseId: 'dead', seenRevision }))).toBe(true);
  });

  test('is refused to an instance that has not seen the token published since', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'first'));
    await store.publish(publication(key, 'first'));
    expect(await store.acquireLease(lease(key, 'late'))).toBe(false);
    expect(await store.acquireLease(lease(key, 'late', { seenRevision: (await store.read(key))?.revision }))).toBe(
      true,
    );
  });

  test('is refused to an instance that has not seen the failure recorded since', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'first'));
    const seenRevision = (await store.read(key))?.revision;
    await store.recordFailure(failure(key, 'first', { expiresAtSeconds: 1 }));
    expect(await store.acquireLease(lease(key, 'late', { seenRevision }))).toBe(false);
  });

  test('is given back only by the instance that holds it', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'first'));
    await store.releaseLease(key, 'another', 'r1');
    expect((await store.read(key))?.lease?.id).toBe('first');
    await store.releaseLease(key, 'first', 'r2');
    expect(await store.acquireLease(lease(key, 'second', { seenRevision: (await store.read(key))?.revision }))).toBe(
      true,
    );
  });

  test('is recognised by the instance that holds it, if the answer was lost', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'mine'));
    expect(await store.acquireLease(lease(key, 'mine'))).toBe(true);
  });
});

describe('publishing', () => {
  test('ends lease and back-off, and sets the TTL attribute', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'first'));
    await store.recordFailure(failure(key, 'first', { expiresAtSeconds: 1 }));
    await store.acquireLease(lease(key, 'second', { seenRevision: (await store.read(key))?.revision }));
    expect(await store.publish(publication(key, 'second', { forcedAtSeconds: 7 }))).toBe(true);
    expect(await store.read(key)).toEqual({
      sealed: new Uint8Array(Buffer.from('second')),
      credentialVersion: 'v1',
      revision: 'revision of second',
      lease: undefined,
      forcedAtSeconds: 7,
      backOff: undefined,
    });
    expect(await expiresAt(key)).toBe(NOW_MS / 1000 + 3600);
  });

  test.each<[string, boolean, (key: string) => Promise<unknown>]>([
    ['succeeds if there is no item, because TTL removed it', true, async () => {}],
    ['fails if another instance holds the lease by now', false, (key) => store.acquireLease(lease(key, 'successor'))],
    [
      'fails if another instance has published meanwhile',
      false,
      async (key) => {
        await store.acquireLease(lease(key, 'successor'));
        await store.publish(publication(key, 'successor'));
      },
    ],
  ])('%s', async (_, published, happened) => {
    const key = newKey();
    await happened(key);
    expect(await store.publish(publication(key, 'mine'))).toBe(published);
  });

  test('without a lease succeeds if nothing has changed since the item was read', async () => {
    const key = newKey();
    await store.publish(publication(key, 'first'));
    const seenRevision = (await store.read(key))?.revision;
    expect(await store.publish(publication(key, 'mine', { seenRevision }))).toBe(true);
    expect(await store.publish(publication(key, 'late', { seenRevision }))).toBe(false);
  });

  test('counts as done if only its answer was lost', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'mine'));
    await store.publish(publication(key, 'mine'));
    expect(await store.publish(publication(key, 'mine', { seenRevision: undefined }))).toBe(true);
  });
});

describe('a failure', () => {
  test('is recorded with the indexes of missing scopes, gives the lease back and leaves the token', async () => {
    const key = newKey();
    await store.publish(publication(key, 'first'));
    await store.acquireLease(lease(key, 'second', { seenRevision: (await store.read(key))?.revision }));
    await store.recordFailure(failure(key, 'second', { revision: 'r2' }));
    expect(await store.read(key)).toMatchObject({
      sealed: new Uint8Array(Buffer.from('first')),
      revision: 'r2',
      lease: undefined,
      backOff,
    });
    expect(await expiresAt(key)).toBe(99);
  });

  test('of an instance that lost the lease is not recorded, and the lease of the successor stays', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'successor'));
    await store.recordFailure(failure(key, 'lost'));
    expect(await store.read(key)).toMatchObject({ lease: { id: 'successor' }, backOff: undefined });
  });

  test('of a kind that this version of the code does not know is ignored', async () => {
    const key = newKey();
    await store.acquireLease(lease(key, 'future'));
    const unknown = { ...backOff, error: 'of_the_future' as BackOff['error'] };
    await store.recordFailure(failure(key, 'future', { backOff: unknown }));
    expect((await store.read(key))?.backOff).toBeUndefined();
  });
});

describe('a time that is too far ahead, by another clock or another hand, counts as absent:', () => {
  const itemOf = async (set: Record<string, { N: string } | { S: string }>) => {
    const key = newKey();
    await new DynamoDbItems(client, dynamodb.tableName).update(key, { set, condition: 'attribute_not_exists(pk)' });
    return await store.read(key);
  };
  test.each([
    [0, true],
    [1, false],
  ])('a back-off that ends %d s after the longest that is believed is there: %s', async (seconds, isThere) => {
    const untilSeconds = (NOW_MS + MAX_AHEAD_MS.backOff) / 1000 + seconds;
    const { backOff } =
      (await itemOf({
        backoff_until: { N: String(untilSeconds) },
        backoff_error: { S: 'unavailable' },
        backoff_version: { S: 'v1' },
      })) ?? {};
    expect(backOff !== undefined).toBe(isThere);
  });
  test.each([
    [5, true],
    [6, false],
    [3600, false],
  ])('a renewal that was forced %d s ahead is there: %s', async (seconds, isThere) => {
    const forced = await itemOf({ forced_at: { N: String(NOW_MS / 1000 + seconds) } });
    expect(forced?.forcedAtSeconds !== undefined).toBe(isThere);
  });
});
