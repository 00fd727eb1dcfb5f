// Times in the table that another clock or another hand wrote an hour ahead. They block nothing: neither a token in the
// table, nor a mint, nor a write.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Item } from '../../../../lambda/vend/store/dynamodb-items.ts';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { report, startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
let misbehaviour: Misbehaviour | undefined;
beforeEach(async () => {
  misbehaviour = undefined;
  const token = () => JSON.stringify({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 1000 });
  vending = await startVending({ emporix: { respondWith: () => misbehaviour ?? { body: token() } } });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const CREDENTIAL = 'CREDENTIAL#emporix';
const hourAheadSeconds = () => ({ N: String(Math.floor(vending.clock.nowMs() / 1000) + 3600) });
const hourAheadMs = () => ({ N: String(Math.floor(vending.clock.nowMs()) + 3_600_000) });

/** A call that checks the credential reads an item as well. So a call for other scopes comes first. */
async function vendAfterCheck(instance: ReturnType<Vending['startInstance']>): Promise<void> {
  for (const scope of ['b', '']) await instance.vend(scope);
}

async function backOff(error: string): Promise<Item> {
  const version = { S: await vending.secretVersion() };
  const until = { backoff_until: hourAheadSeconds(), backoff_count: { N: '1' } };
  return { ...until, backoff_error: { S: error }, backoff_version: version };
}

/** By what is written: the item in which it is, and its attributes. */
const WRITTEN: readonly [string, 'token' | 'credential', () => Promise<Item>][] = [
  ['a back-off of the token', 'token', () => backOff('unavailable')],
  ['a forced renewal of the token', 'token', async () => ({ forced_at: hourAheadSeconds() })],
  ['a back-off of the credential', 'credential', () => backOff('throttled')],
  ['a refusal of the credential', 'credential', () => backOff('credential_refused')],
  [
    'the next test of the current version',
    'credential',
    async () => ({ tested_version: { S: await vending.secretVersion() }, next_test_at: hourAheadSeconds() }),
  ],
  ['the time before which all is read again', 'credential', async () => ({ reread_before_ms: hourAheadMs() })],
  ['the report of a rejected token', 'credential', async () => ({ rejected: { M: { another: hourAheadSeconds() } } })],
];

describe.each(WRITTEN)('%s that is an hour ahead', (_, where, attributes) => {
  const write = async () => {
    const key = where === 'token' ? vending.startInstance().keyOf() : CREDENTIAL;
    await vending.setAttributes(key, await attributes());
  };

  test('lets instances vend the valid token, then from memory', async () => {
    const [warm, cold] = [vending.startInstance(), vending.startInstance()];
    const { accessToken } = await warm.vend();
    await write();
    vending.clock.forward(51_000);
    for (const instance of [warm, cold]) {
      await expect(instance.vend()).resolves.toMatchObject({ accessToken, source: 'table' });
      await expect(instance.vend()).resolves.toMatchObject({ accessToken, source: 'memory' });
    }
  });

  test('lets an instance mint, when there is no token and when it is due for renewal', async () => {
    const instance = vending.startInstance();
    await write();
    await expect(vending.startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
    vending.clock.forward(860_000);
    await write();
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    await write();
    await expect(vending.startInstance().vend('a')).resolves.toMatchObject({ source: 'mint' });
  });

  test('lets a rejected token be replaced, and told to all', async () => {
    const [reporter, other] = [vending.startInstance(), vending.startInstance()];
    const { accessToken: dead } = await reporter.vend();
    await vendAfterCheck(other);
    await write();
    const { accessToken } = await vending.startInstance().vend('', report(dead));
    expect(accessToken).not.toBe(dead);
    await vending.clock.callEvery(5_000, 60_000, () => vendAfterCheck(other));
    await expect(other.vend()).resolves.toMatchObject({ accessToken });
  });

  test('lets a new secret be tested and come into use', async () => {
    const instance = vending.startInstance();
    const { accessToken } = await instance.vend();
    await vending.putSecret('two');
    await write();
    await vending.clock.callEvery(5_000, 65_000, () => instance.vend());
    const after = await instance.vend();
    expect(after.accessToken).not.toBe(accessToken);
    expect((await vending.item(CREDENTIAL))?.accepted_version?.S).toBe(await vending.secretVersion());
  });

  test('is replaced by a real back-off, of the token and of the credential', async () => {
    const instance = vending.startInstance();
    misbehaviour = { status: 400, body: '{"error":"unauthorized_client"}' };
    await write();
    await expect(instance.vend()).rejects.toMatchObject({ code: 'unusable_answer' });
    await expect(vending.startInstance().vend()).rejects.toMatchObject({ code: 'unusable_answer' });
    expect(vending.emporix.requests).toHaveLength(1);
    misbehaviour = { status: 429, headers: { 'retry-after': '120' } };
    await expect(instance.vend('a')).rejects.toMatchObject({ code: 'throttled' });
    await expect(vending.startInstance().vend('b')).rejects.toMatchObject({ code: 'throttled' });
    expect(vending.emporix.requests).toHaveLength(2);
  });
});

test('a time before which all is read again, an hour ahead, does not stand in for a full list of rejected tokens', async () => {
  const [reporter, other] = [vending.startInstance(), vending.startInstance()];
  const { accessToken: dead } = await reporter.vend();
  await vendAfterCheck(other);
  const now = { N: String(Math.floor(vending.clock.nowMs() / 1000)) };
  const M = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`token-${n}`, now]));
  await vending.setAttributes(CREDENTIAL, { rejected: { M }, reread_before_ms: hourAheadMs() });
  const { accessToken } = await vending.startInstance().vend('', report(dead));
  await vending.clock.callEvery(5_000, 60_000, () => vendAfterCheck(other));
  await expect(other.vend()).resolves.toMatchObject({ accessToken });
});
