// A secret is replaced while instances run. They see it within a minute. If the new one is wrong, callers still get a
// token as long as the previous one can mint it.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthorizationServerOptions } from '../../../../local/authorization-server.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/** The client secrets that the authorization server accepts. */
let accepted: Set<string>;
let isDown: boolean;

async function start(expiresInSeconds = 14_399): Promise<Vending> {
  accepted = new Set(['emporix-secret']);
  isDown = false;
  const respondWith: AuthorizationServerOptions['respondWith'] = ({ params, receivedAtMs }) => {
    if (isDown) return { status: 503 };
    if (!accepted.has(String(params.client_secret))) return { status: 401, body: '{"error":"invalid_client"}' };
    const access_token = createHash('sha256').update(`${params.client_secret} ${receivedAtMs}`).digest('hex');
    return { body: JSON.stringify({ access_token, token_type: 'Bearer', expires_in: expiresInSeconds }) };
  };
  vending = await startVending({ emporix: { respondWith } });
  return vending;
}

/** The client secret of each request. */
const secretsSent = () => vending.emporix.requests.map(({ params }) => params.client_secret);

describe('a good secret', () => {
  test('is in use 65 s later in every instance: tokens of the replaced one are not vended any more', async () => {
    const { clock, putSecret } = await start();
    clock.stop();
    const fleet = Array.from({ length: 5 }, () => vending.startInstance());
    const [before] = await Promise.all(fleet.map((instance) => instance.vend()));
    accepted.add('two');
    await putSecret('two');
    // The first instance that sees it tests it. The others follow.
    for (const forwardMs of [50_000, 8_000]) {
      clock.forward(forwardMs);
      await Promise.all(fleet.map((instance) => instance.vend()));
    }
    const after = await Promise.all(fleet.map((instance) => instance.vend()));
    for (const { accessToken } of after) expect(accessToken).not.toBe(before?.accessToken);
    expect(secretsSent()).toEqual(['emporix-secret', 'two']);
    for (const { isOfReplacedCredential } of after) expect(isOfReplacedCredential).toBe(false);
  });

  test('that another instance has seen first is seen at once by an instance that finds its token', async () => {
    const { putSecret, startInstance, clock } = await start();
    const early = startInstance();
    await early.vend('a');
    accepted.add('two');
    await putSecret('two');
    const { accessToken } = await startInstance().vend('b');
    await expect(early.vend('b')).resolves.toMatchObject({ source: 'table', accessToken });
    clock.forward(1_000);
    expect(secretsSent()).toEqual(['emporix-secret', 'two']);
  });

  test("makes a caller with a token of the replaced one wait for another instance's mint for up to 8 s", async () => {
    const { clock, item, putSecret, startInstance, store } = await start();
    const instance = startInstance();
    const { accessToken } = await instance.vend('a');
    accepted.add('two');
    await putSecret('two');
    clock.forward(50_000);
    await instance.vend('b');
    const key = instance.keyOf('a');
    const startedAtMs = clock.nowMs();
    const untilMs = startedAtMs + 10_000;
    const lease = { leaseId: 'another', untilMs, endedBeforeMs: 0, watchedLeaseId: undefined };
    const seenRevision = (await item(key))?.revision?.S;
    await store.acquireLease({ key, ...lease, seenRevision, expiresAtSeconds: untilMs / 1000 });
    await expect(instance.vend('a')).resolves.toMatchObject({ accessToken, source: 'memory' });
    const tookMs = clock.nowMs() - startedAtMs;
    expect(tookMs).toBeGreaterThan(5_000);
    expect(tookMs).toBeLessThanOrEqual(8_000);
  });
});

describe('a secret that the authorization server refuses', () => {
  test('costs no caller a token: the previous one mints, and the log and a metric report it', async () => {
    const { clock, putSecret, startInstance, events } = await start();
    await putSecret('wrong');
    await expect(startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
    clock.stop();
    const another = startInstance();
    // In a normal replacement, instances follow within seconds.
    await expect(another.vend()).resolves.toMatchObject({ source: 'table', isOfReplacedCredential: false });
    clock.forward(14_999);
    await expect(another.vend()).resolves.toMatchObject({ isOfReplacedCredential: false });
    clock.forward(1);
    await expect(another.vend()).resolves.toMatchObject({ isOfReplacedCredential: true });
    expect(secretsSent()).toEqual(['wrong', 'emporix-secret']);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'credential_refused', CredentialRefused: 1 }));
  });

  test('costs the fleet one request in 5 min, and no caller the token', async () => {
    const { putSecret, clock } = await start();
    const fleet = Array.from({ length: 5 }, () => vending.startInstance());
    const [before] = await Promise.all(fleet.map((instance) => instance.vend()));
    await putSecret('wrong');
    for (let minute = 0; minute < 4; minute++) {
      clock.forward(61_000);
      const vended = await Promise.all(fleet.map((instance) => instance.vend()));
      expect(new Set(vended.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect(vended[0]?.accessToken).toBeDefined();
    }
    expect(before?.accessToken).toBeDefined();
    expect(secretsSent()).toEqual(['emporix-secret', 'wrong']);
  });

  test('costs no caller the valid token or its renewal, even twice in a row', async () => {
    const { putSecret, clock, startInstance } = await start(1000);
    const instance = startInstance();
    await instance.vend();
    await putSecret('wrong');
    await putSecret('wrong as well');
    clock.forward(61_000);
    await expect(instance.vend()).resolves.toBeDefined();
    clock.forward(900_000);
    await expect(startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
    expect(secretsSent().filter((secret) => secret === 'wrong as well')).toHaveLength(2);
    expect(secretsSent()).not.toContain('wrong');
  });

  test('is tried again at a renewal, but not within 5 min', async () => {
    const { putSecret, clock, startInstance } = await start(100);
    await putSecret('wrong');
    const instance = startInstance();
    for (let renewal = 0; renewal < 4; renewal++) {
      await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
      clock.forward(90_000);
    }
    expect(secretsSent().filter((secret) => secret === 'wrong')).toHaveLength(1);
    await instance.vend();
    expect(secretsSent().filter((secret) => secret === 'wrong')).toHaveLength(2);
  });

  test('is no longer used 60 s after its correction', async () => {
    const { putSecret, clock, startInstance } = await start();
    await putSecret('wrong');
    const instance = startInstance();
    await instance.vend();
    accepted.add('right');
    await putSecret('right');
    clock.forward(61_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(secretsSent().at(-1)).toBe('right');
  });

  test('makes no caller wait for the end of its back-off once it is corrected', async () => {
    const { putSecret, startInstance, clock } = await start();
    await putSecret('wrong');
    await putSecret('wrong as well');
    const [first, second] = [startInstance(), startInstance()];
    await expect(first.vend()).rejects.toMatchObject({ code: 'credential_refused' });
    await expect(second.vend()).rejects.toMatchObject({ code: 'credential_refused' });
    accepted.add('right');
    await putSecret('right');
    clock.forward(5_000);
    await expect(second.vend()).resolves.toMatchObject({ source: 'mint' });
    await expect(first.vend()).resolves.toMatchObject({ source: 'table' });
  });

  test('is tried again within 5 min after all, if the previous one is refused by then', async () => {
    const { putSecret, startInstance, clock } = await start(100);
    await putSecret('two');
    const instance = startInstance();
    await instance.vend();
    accepted = new Set(['two']);
    clock.forward(99_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint', isOfReplacedCredential: false });
    expect(secretsSent()).toEqual(['two', 'emporix-secret', 'emporix-secret', 'two']);
  });

  test('leads to an error if the previous one is refused too, with one mint per back-off', async () => {
    const { putSecret, startInstance } = await start();
    accepted.clear();
    await putSecret('wrong');
    const instance = startInstance();
    for (let round = 0; round < 5; round++) {
      await expect(instance.vend()).rejects.toMatchObject({ code: 'credential_refused' });
    }
    expect(secretsSent()).toEqual(['wrong', 'emporix-secret']);
  });

  test('leads to the previous one, and a server that is down does not', async () => {
    const { putSecret, startInstance } = await start();
    await putSecret('two');
    isDown = true;
    await expect(startInstance().vend()).rejects.toMatchObject({ code: 'unavailable' });
    expect(new Set(secretsSent())).toEqual(new Set(['two']));
  });
});

test('an authorization server that is down during the replacement costs no caller the valid token', async () => {
  const { putSecret, clock, startInstance } = await start();
  const [first, second] = [startInstance(), startInstance()];
  const { accessToken } = await first.vend();
  accepted.add('two');
  await putSecret('two');
  isDown = true;
  for (let round = 0; round < 5; round++) {
    clock.forward(61_000);
    await expect(first.vend()).resolves.toMatchObject({ accessToken });
    await expect(second.vend()).resolves.toMatchObject({ accessToken });
  }
  isDown = false;
  clock.forward(61_000);
  await first.vend();
  expect((await second.vend()).accessToken).not.toBe(accessToken);
});

test('a secret that is no credential costs no caller the existing token', async () => {
  const { putSecretString, clock, startInstance } = await start();
  const { accessToken } = await startInstance().vend();
  await putSecretString('not JSON');
  await putSecretString('not JSON either');
  clock.forward(61_000);
  const instance = startInstance();
  await expect(instance.vend()).resolves.toMatchObject({ accessToken, source: 'table' });
  // The credential that opened it counts as checked: memory answers.
  await expect(instance.vend()).resolves.toMatchObject({ accessToken, source: 'memory' });
  // The version that was accepted mints new ones.
  await expect(startInstance().vend('b')).resolves.toMatchObject({ source: 'mint' });
});

test('a quiet instance with a valid token waits half a second while Secrets Manager hangs', async () => {
  const { clock, startInstance, secrets } = await start();
  const instance = startInstance();
  const { accessToken } = await instance.vend();
  const waitsMs: number[] = [];
  clock.waitAtMost = (durationMs, promise) => {
    if (durationMs > 500) return promise;
    if (durationMs > 0) waitsMs.push(durationMs);
    return Promise.resolve(undefined);
  };
  secrets.faults.delayMs = 60_000;
  clock.forward(600_000);
  await expect(instance.vend()).resolves.toMatchObject({ accessToken });
  expect(waitsMs).toEqual([500]);
});

test('without Secrets Manager, an instance mints with its replaced credential and does not overwrite the newer token in the table', async () => {
  const { putSecret, clock, startInstance, secrets, item } = await start(100);
  const stale = startInstance();
  await stale.vend();
  accepted.add('two');
  await putSecret('two');
  clock.forward(61_000);
  const current = startInstance();
  await current.vend();
  const key = current.keyOf();
  const version = (await item(key))?.credential_version?.S;
  await secrets.close();
  clock.forward(39_000); // the stale instance's own token has ended
  await expect(stale.vend()).resolves.toMatchObject({ source: 'mint' });
  expect(secretsSent().at(-1)).toBe('emporix-secret');
  expect((await item(key))?.credential_version?.S).toBe(version);
});
