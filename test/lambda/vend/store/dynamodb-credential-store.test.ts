import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BackOff } from '../../../../lambda/vend/state/back-off.ts';
import { MAX_AHEAD_MS } from '../../../../lambda/vend/state/bounds.ts';
import { MAX_REJECTED, type VersionTest } from '../../../../lambda/vend/state/credential-state.ts';
import { DynamoDbCredentialStore } from '../../../../lambda/vend/store/dynamodb-credential-store.ts';
import { DynamoDbItems, type Item } from '../../../../lambda/vend/store/dynamodb-items.ts';
import { type LocalDynamoDb, startDynamoDb } from '../../../../local/dynamodb.ts';
import { STAND_IN_CLIENT } from '../../../../local/names.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const HOUR_SECONDS = 3600;

let dynamodb: LocalDynamoDb;
let client: DynamoDBClient;
let items: DynamoDbItems;
let store: DynamoDbCredentialStore;
let nowMs: number;
let credentials = 0;

beforeAll(async () => {
  dynamodb = await startDynamoDb();
  client = new DynamoDBClient({ ...STAND_IN_CLIENT, endpoint: dynamodb.url });
  items = new DynamoDbItems(client, dynamodb.tableName);
});
afterAll(async () => {
  client.destroy();
  await dynamodb.close();
});
beforeEach(() => {
  nowMs = NOW_MS;
  credentials++;
  store = new DynamoDbCredentialStore(items, `credential-${credentials}`, { nowMs: () => nowMs });
});

const key = () => ({ pk: { S: `CREDENTIAL#credential-${credentials}` } });
const item = async () => (await client.send(new GetItemCommand({ TableName: dynamodb.tableName, Key: key() }))).Item;
/** Writes attributes by hand. */
const write = (set: Item) => items.update(key().pk.S, { set, condition: 'attribute_not_exists(never)' });
const seconds = (value: number) => ({ N: String(value) });
const testOf = (version: string, nextAtSeconds = NOW + 30): VersionTest => ({ version, nextAtSeconds });

test('what nobody has written is empty', async () => {
  expect(await store.read()).toEqual({});
});

test('an item of a credential has no TTL, and its key is the name of the credential', async () => {
  await store.accept('v1', undefined, testOf('v2'));
  await store.listRejected('one', NOW, []);
  await store.setRereadBefore(NOW_MS);
  await store.recordBackOff({ error: 'throttled', missing: [], version: 'v1', untilSeconds: NOW + 10, count: 2 });
  expect(await item()).toEqual({
    ...key(),
    accepted_version: { S: 'v1' },
    tested_version: { S: 'v2' },
    next_test_at: seconds(NOW + 30),
    rejected: { M: { one: seconds(NOW) } },
    reread_before_ms: seconds(NOW_MS),
    backoff_until: seconds(NOW + 10),
    backoff_error: { S: 'throttled' },
    backoff_version: { S: 'v1' },
    backoff_count: seconds(2),
  });
  expect(await store.read()).toEqual({
    acceptedVersion: 'v1',
    test: testOf('v2'),
    rejected: new Map([['one', NOW]]),
    rereadBeforeMs: NOW_MS,
    backOff: { error: 'throttled', missing: [], version: 'v1', untilSeconds: NOW + 10, count: 2 },
  });
});

describe('a test', () => {
  test('is claimed by one of many instances that read the same item', async () => {
    const claims = await Promise.all(Array.from({ length: 20 }, () => store.claimTest(testOf('v2'))));
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['is not claimed a millisecond before the version may be tested again', 29_999, 'v2', false],
    ['is claimed when the version may be tested again', 30_000, 'v2', true],
    ['of another version is claimed at once', 0, 'v3', true],
  ])('%s', async (_, afterMs, version, claimed) => {
    await store.claimTest(testOf('v2'));
    nowMs += afterMs;
    expect(await store.claimTest(testOf(version, NOW + 100))).toBe(claimed);
    expect((await store.read()).test).toEqual(claimed ? testOf(version, NOW + 100) : testOf('v2'));
  });

  test('that was refused is postponed by the instance that claimed it', async () => {
    await store.claimTest(testOf('v2'));
    expect(await store.postponeTest(testOf('v2', NOW + 300))).toBe(true);
    expect((await store.read()).test).toEqual(testOf('v2', NOW + 300));
  });

  test('is not postponed if another version was tested since', async () => {
    await store.claimTest(testOf('v2'));
    await store.claimTest(testOf('v3'));
    expect(await store.postponeTest(testOf('v2', NOW + 300))).toBe(false);
    expect((await store.read()).test).toEqual(testOf('v3'));
  });
});

describe('a version is accepted', () => {
  test('by one of many instances, if none was accepted before', async () => {
    const versions = Array.from({ length: 20 }, (_, n) => `v${n}`);
    const accepted = await Promise.all(versions.map((version) => store.accept(version, undefined, undefined)));
    expect(accepted.filter(Boolean)).toHaveLength(1);
    expect((await store.read()).acceptedVersion).toBe(versions[accepted.indexOf(true)]);
  });

  test.each<[string, string | undefined, boolean]>([
    ['if the accepted one is the one that was read', 'v1', true],
    ['unless another one was accepted since', 'v0', false],
    ['unless one was accepted since', undefined, false],
  ])('%s', async (_, seen, accepted) => {
    await store.accept('v1', undefined, undefined);
    await store.claimTest(testOf('v2'));
    expect(await store.accept('v2', seen, undefined)).toBe(accepted);
    expect(await store.read()).toMatchObject({
      acceptedVersion: accepted ? 'v2' : 'v1',
      test: testOf('v2'),
    });
  });

  test('together with the refusal of the current one, in the same write', async () => {
    await store.accept('v1', undefined, undefined);
    await store.accept('v0', 'v1', testOf('v2', NOW + 300));
    expect(await store.read()).toMatchObject({ acceptedVersion: 'v0', test: testOf('v2', NOW + 300) });
  });
});

describe('a rejected token', () => {
  const many = (count: number, atSeconds = NOW) =>
    new Map(Array.from({ length: count }, (_, n): [string, number] => [`token-${n}`, atSeconds]));
  const names = async () => [...((await store.read()).rejected?.keys() ?? [])].sort();
  const writeRejected = (rejected: ReadonlyMap<string, number>) =>
    write({ rejected: { M: Object.fromEntries([...rejected].map(([name, at]) => [name, seconds(at)])) } });

  test('is added to those of other instances, whatever this one has read', async () => {
    expect(await store.listRejected('one', NOW, [])).toBe(true);
    expect(await store.listRejected('other-_', NOW + 1, ['not there'])).toBe(true);
    expect((await store.read()).rejected).toEqual(
      new Map([
        ['one', NOW],
        ['other-_', NOW + 1],
      ]),
    );
  });

  test('is listed once, with its last report', async () => {
    await store.listRejected('one', NOW - 100, []);
    await store.listRejected('one', NOW, ['one']);
    expect((await store.read()).rejected).toEqual(new Map([['one', NOW]]));
  });

  test('replaces old ones', async () => {
    await writeRejected(many(3));
    expect(await store.listRejected('one', NOW, ['token-0', 'token-2'])).toBe(true);
    expect(await names()).toEqual(['one', 'token-1']);
  });

  test.each<[string, ReadonlyMap<string, number>, readonly string[], boolean, number]>([
    ['is added to 299', many(MAX_REJECTED - 1), [], true, 300],
    ['is not added to 300', many(MAX_REJECTED), [], false, 300],
    ['is no other one if it is one of 300', many(MAX_REJECTED - 1).set('one', NOW), [], true, 300],
    ['takes the place of one of 300 that is old', many(MAX_REJECTED), ['token-7'], true, 300],
    ['takes the place of 100 if all 300 are old', many(MAX_REJECTED), [...many(MAX_REJECTED).keys()], true, 201],
  ])('%s', async (_, before, old, isListed, count) => {
    await writeRejected(before);
    expect(await store.listRejected('one', NOW, old)).toBe(isListed);
    expect(await names()).toHaveLength(count);
  });

  test('that was issued again is removed, and no other', async () => {
    await writeRejected(many(2));
    expect(await store.unlistRejected('token-0')).toBe(true);
    expect(await store.unlistRejected('not there')).toBe(true);
    expect(await names()).toEqual(['token-1']);
  });

  test('is not removed where none is listed', async () => {
    expect(await store.unlistRejected('one')).toBe(false);
    expect(await item()).toBeUndefined();
  });
});

describe('the time before which all is read again', () => {
  test.each([
    [-1, false],
    [0, false],
    [1, true],
  ])('is replaced by one that is %d ms later: %s', async (laterMs, replaced) => {
    await store.setRereadBefore(NOW_MS - 1_000);
    expect(await store.setRereadBefore(NOW_MS - 1_000 + laterMs)).toBe(replaced);
  });
});

describe('a back-off', () => {
  const backOff: BackOff = { error: 'throttled', missing: [], version: 'v1', untilSeconds: NOW + 60, count: 1 };
  test.each([
    ['that ends later replaces it', { untilSeconds: NOW + 61 }, true],
    ['that ends at the same time does not', {}, false],
    ['that ends sooner does not', { untilSeconds: NOW + 59 }, false],
    ['of another version replaces it', { version: 'v2', untilSeconds: NOW + 1 }, true],
  ])('%s', async (_, other, replaced) => {
    await store.recordBackOff(backOff);
    expect(await store.recordBackOff({ ...backOff, ...other })).toBe(replaced);
    expect((await store.read()).backOff).toEqual(replaced ? { ...backOff, ...other } : backOff);
  });
});

describe('a time that is too far ahead counts as absent, when it is read and when another is written:', () => {
  const backOff: BackOff = { error: 'throttled', missing: [], version: 'v1', untilSeconds: NOW + 10, count: 1 };
  const backOffUntil = (until: number) => ({
    backoff_until: seconds(until),
    backoff_error: { S: 'throttled' },
    backoff_version: { S: 'v1' },
  });
  const nextTest = (nextAt: number) => ({ tested_version: { S: 'v2' }, next_test_at: seconds(nextAt) });
  const maxSeconds = (kind: keyof typeof MAX_AHEAD_MS) => NOW + MAX_AHEAD_MS[kind] / 1000;

  test.each<[string, Item, () => Promise<boolean>, boolean]>([
    [
      'the last back-off that is believed',
      backOffUntil(maxSeconds('backOff')),
      () => store.recordBackOff(backOff),
      false,
    ],
    ['a back-off a second later', backOffUntil(maxSeconds('backOff') + 1), () => store.recordBackOff(backOff), true],
    ['a back-off an hour ahead', backOffUntil(NOW + HOUR_SECONDS), () => store.recordBackOff(backOff), true],
    ['the last next test that is believed', nextTest(maxSeconds('test')), () => store.claimTest(testOf('v2')), false],
    ['a next test a second later', nextTest(maxSeconds('test') + 1), () => store.claimTest(testOf('v2')), true],
    ['a next test an hour ahead', nextTest(NOW + HOUR_SECONDS), () => store.claimTest(testOf('v2')), true],
    [
      'the last time to read again that is believed',
      { reread_before_ms: seconds(NOW_MS + MAX_AHEAD_MS.reread) },
      () => store.setRereadBefore(NOW_MS),
      false,
    ],
    [
      'a time to read again a millisecond later',
      { reread_before_ms: seconds(NOW_MS + MAX_AHEAD_MS.reread + 1) },
      () => store.setRereadBefore(NOW_MS),
      true,
    ],
  ])('%s', async (_, attributes, writeAnother, isAbsent) => {
    await write(attributes);
    const { backOff: read, test: tested, rereadBeforeMs } = await store.read();
    expect(read === undefined && tested === undefined && rereadBeforeMs === undefined).toBe(isAbsent);
    expect(await writeAnother()).toBe(isAbsent);
  });

  test('no write is blocked by all of them together', async () => {
    await write({
      ...backOffUntil(NOW + HOUR_SECONDS),
      ...nextTest(NOW + HOUR_SECONDS),
      reread_before_ms: seconds(NOW_MS + HOUR_SECONDS * 1000),
    });
    expect(await store.read()).toEqual({});
    expect(await store.accept('v1', undefined, undefined)).toBe(true);
    await write(nextTest(NOW + HOUR_SECONDS));
    expect(await store.claimTest(testOf('v2'))).toBe(true);
    expect(await store.postponeTest(testOf('v2', NOW + 300))).toBe(true);
    expect(await store.listRejected('one', NOW, [])).toBe(true);
    expect(await store.setRereadBefore(NOW_MS)).toBe(true);
    expect(await store.recordBackOff(backOff)).toBe(true);
  });
});

test.each([
  ['ProvisionedThroughputExceededException', true],
  ['ThrottlingException', true],
  ['RequestLimitExceeded', true],
  ['AccessDeniedException', false],
])('%s is throttling: %s', (name, isThrottled) => {
  expect(store.isThrottled(Object.assign(new Error(), { name }))).toBe(isThrottled);
});
