import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { BackOff } from '../../../lambda/vend/back-off.ts';
import { type LeaseRequest, type Publication, TokenTable } from '../../../lambda/vend/token-table.ts';
import { type LocalDynamoDb, startDynamoDb } from '../../../local/dynamodb.ts';
import { STAND_IN_CLIENT } from '../../../local/names.ts';

let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
let table: TokenTable;
let keys = 0;

beforeAll(async () => {
  dynamodb = await startDynamoDb();
  client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamodb.url });
  table = new TokenTable(client, dynamodb.tableName);
});
afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});

const NOW_MS = 1_800_000_000_000;
const newKey = () => `default#${keys++}`;

function lease(leaseId: string, request: Partial<LeaseRequest> = {}): LeaseRequest {
  return {
    leaseId,
    untilMs: NOW_MS + 10_000,
    endedBeforeMs: NOW_MS - 1_000,
    watchedLeaseId: undefined,
    seen: undefined,
    expiresAtSeconds: NOW_MS / 1000 + 70,
    ...request,
  };
}

function publication(leaseId: string, publication: Partial<Publication> = {}): Publication {
  return {
    leaseId,
    seen: undefined,
    revision: `revision of ${leaseId}`,
    sealed: Buffer.from(leaseId),
    credentialVersion: 'v1',
    refused: undefined,
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

describe('the lease', () => {
  test('is taken by one of many who saw the same', async () => {
    const pk = newKey();
    const taken = await Promise.all(Array.from({ length: 20 }, (_, n) => table.acquireLease(pk, lease(`lease ${n}`))));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['a millisecond before it is over by the clock', NOW_MS + 10_000, false],
    ['when it is over by the clock', NOW_MS + 10_001, true],
  ])('of another is taken over %s: %s', async (_, endedBeforeMs, taken) => {
    const pk = newKey();
    await table.acquireLease(pk, lease('dead'));
    const seen = await table.read(pk);
    expect(await table.acquireLease(pk, lease('mine', { endedBeforeMs, seen }))).toBe(taken);
  });

  test('that was watched to its end is taken over, whatever the clocks say; another one is not', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('dead', { untilMs: NOW_MS + 9_999_999 }));
    const seen = await table.read(pk);
    expect(await table.acquireLease(pk, lease('mine', { watchedLeaseId: 'older', seen }))).toBe(false);
    expect(await table.acquireLease(pk, lease('mine', { watchedLeaseId: 'dead', seen }))).toBe(true);
  });

  test('is refused to who has not seen the token published since', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('first'));
    await table.publish(pk, publication('first'));
    expect(await table.acquireLease(pk, lease('late'))).toBe(false);
    expect(await table.acquireLease(pk, lease('late', { seen: await table.read(pk) }))).toBe(true);
  });

  test('is refused to who has not seen the failure recorded since', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('first'));
    const seen = await table.read(pk);
    await table.recordFailure(pk, {
      leaseId: 'first',
      revision: 'r',
      backOff,
      refused: undefined,
      expiresAtSeconds: 1,
    });
    expect(await table.acquireLease(pk, lease('late', { seen }))).toBe(false);
  });

  test('is given back by who has it', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('first'));
    await table.releaseLease(pk, 'another');
    expect((await table.read(pk))?.lease?.id).toBe('first');
    await table.releaseLease(pk, 'first');
    expect(await table.acquireLease(pk, lease('second', { seen: await table.read(pk) }))).toBe(true);
  });

  test('whose answer was lost is found to be mine', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('mine'));
    expect(await table.acquireLease(pk, lease('mine'))).toBe(true);
  });
});

describe('publishing', () => {
  test('ends lease and back-off, and sets the TTL attribute', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('first'));
    await table.recordFailure(pk, {
      leaseId: 'first',
      revision: 'r',
      backOff,
      refused: undefined,
      expiresAtSeconds: 1,
    });
    await table.acquireLease(pk, lease('second', { seen: await table.read(pk) }));
    expect(
      await table.publish(pk, publication('second', { forcedAtSeconds: 7, refused: { version: 'v2', atSeconds: 8 } })),
    ).toBe(true);
    expect(await table.read(pk)).toEqual({
      sealed: new Uint8Array(Buffer.from('second')),
      credentialVersion: 'v1',
      refusedVersion: 'v2',
      refusedAtSeconds: 8,
      revision: 'revision of second',
      lease: undefined,
      forcedAtSeconds: 7,
      backOff: undefined,
      expiresAtSeconds: NOW_MS / 1000 + 3600,
    });
  });

  test.each<[string, boolean, (pk: string) => Promise<unknown>]>([
    ['where there is no item (TTL took it)', true, async () => {}],
    ['under a lease that another has by now', false, (pk) => table.acquireLease(pk, lease('successor'))],
    [
      'where another has published, and is done',
      false,
      async (pk) => {
        await table.acquireLease(pk, lease('successor'));
        await table.publish(pk, publication('successor'));
      },
    ],
  ])('%s: %s', async (_, published, happened) => {
    const pk = newKey();
    await happened(pk);
    expect(await table.publish(pk, publication('mine'))).toBe(published);
  });

  test('without a lease succeeds where nothing changed since it was read', async () => {
    const pk = newKey();
    await table.publish(pk, publication('first'));
    const seen = await table.read(pk);
    expect(await table.publish(pk, publication('mine', { seen }))).toBe(true);
    expect(await table.publish(pk, publication('late', { seen }))).toBe(false);
  });

  test('whose answer was lost is found to have happened', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('mine'));
    await table.publish(pk, publication('mine'));
    expect(await table.publish(pk, publication('mine', { seen: { expiresAtSeconds: 0 } }))).toBe(true);
  });
});

describe('a failure', () => {
  test('is recorded with the places of missing scopes, gives the lease back and leaves the token', async () => {
    const pk = newKey();
    await table.publish(pk, publication('first'));
    await table.acquireLease(pk, lease('second', { seen: await table.read(pk) }));
    await table.recordFailure(pk, {
      leaseId: 'second',
      revision: 'r2',
      backOff,
      refused: { version: 'v3', atSeconds: 9 },
      expiresAtSeconds: 99,
    });
    expect(await table.read(pk)).toMatchObject({
      sealed: new Uint8Array(Buffer.from('first')),
      revision: 'r2',
      lease: undefined,
      backOff,
      refusedVersion: 'v3',
      refusedAtSeconds: 9,
      expiresAtSeconds: 99,
    });
  });

  test('of who lost the lease is not recorded, and the lease of the successor stays', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('successor'));
    await table.recordFailure(pk, {
      leaseId: 'lost',
      revision: 'r',
      backOff,
      refused: undefined,
      expiresAtSeconds: 99,
    });
    expect(await table.read(pk)).toMatchObject({ lease: { id: 'successor' }, backOff: undefined });
  });

  test('of a kind that this version does not know is none', async () => {
    const pk = newKey();
    await table.acquireLease(pk, lease('future'));
    const unknown = { ...backOff, error: 'of_the_future' as BackOff['error'] };
    await table.recordFailure(pk, {
      leaseId: 'future',
      revision: 'r',
      backOff: unknown,
      refused: undefined,
      expiresAtSeconds: 99,
    });
    expect((await table.read(pk))?.backOff).toBeUndefined();
  });
});

test('throttling is remembered for the credential', async () => {
  expect(await table.readThrottling('emporix')).toBeUndefined();
  await table.recordThrottling('emporix', backOff);
  expect(await table.readThrottling('emporix')).toEqual(backOff);
  expect((await table.read('CREDENTIAL#emporix'))?.expiresAtSeconds).toBe(backOff.untilSeconds + 60);
  // A shorter one does not take the place of a longer one, but for another version.
  await table.recordThrottling('emporix', { ...backOff, untilSeconds: backOff.untilSeconds - 4 });
  expect(await table.readThrottling('emporix')).toEqual(backOff);
  await table.recordThrottling('emporix', { ...backOff, untilSeconds: backOff.untilSeconds + 4 });
  expect((await table.readThrottling('emporix'))?.untilSeconds).toBe(backOff.untilSeconds + 4);
  await table.recordThrottling('emporix', { ...backOff, version: 'v2' });
  expect((await table.readThrottling('emporix'))?.version).toBe('v2');
});
