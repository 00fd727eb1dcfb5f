// A secret that is replaced while instances run: seen within a minute, and whatever is wrong with the new one, no caller
// is without a token that there could be.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthorizationServerOptions } from '../../../../local/authorization-server.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/** Client secrets that the authorization server takes. */
let accepted: Set<string>;
let down: boolean;

async function start(expiresInSeconds = 14_399): Promise<Vending> {
  accepted = new Set(['emporix-secret']);
  down = false;
  const respondWith: AuthorizationServerOptions['respondWith'] = ({ params, receivedAtMs }) => {
    if (down) return { status: 503 };
    if (!accepted.has(String(params.client_secret))) return { status: 401, body: '{"error":"invalid_client"}' };
    const access_token = createHash('sha256').update(`${params.client_secret} ${receivedAtMs}`).digest('hex');
    return { body: JSON.stringify({ access_token, token_type: 'Bearer', expires_in: expiresInSeconds }) };
  };
  vending = await startVending({ emporix: { respondWith } });
  return vending;
}

const secretsAsked = () => vending.emporix.requests.map(({ params }) => params.client_secret);

describe('a good secret', () => {
  test('is seen within 60 s by every instance, and tokens of the replaced one stop being vended', async () => {
    const { clock, putSecret } = await start();
    const fleet = Array.from({ length: 5 }, () => vending.startInstance());
    const [before] = await Promise.all(fleet.map((instance) => instance.vend()));
    accepted.add('two');
    await putSecret('two');
    clock.forward(60_000);
    const after = await Promise.all(fleet.map((instance) => instance.vend()));
    for (const { accessToken } of after) expect(accessToken).not.toBe(before?.accessToken);
    expect(secretsAsked()).toEqual(['emporix-secret', 'two']);
    for (const { isOfReplacedCredential } of after) expect(isOfReplacedCredential).toBe(false);
  });

  test('that another instance has seen first is seen at once by who finds its token', async () => {
    const { putSecret, startInstance, clock } = await start();
    const early = startInstance();
    await early.vend('a');
    accepted.add('two');
    await putSecret('two');
    const { accessToken } = await startInstance().vend('b');
    await expect(early.vend('b')).resolves.toMatchObject({ source: 'table', accessToken });
    clock.forward(1_000);
    expect(secretsAsked()).toEqual(['emporix-secret', 'two']);
  });
});

describe('a secret that the authorization server refuses', () => {
  test('costs no caller anything: the one before mints, and log and metric say so', async () => {
    const { putSecret, startInstance, events } = await start();
    await putSecret('wrong');
    const vended = { source: 'mint', isOfReplacedCredential: true };
    await expect(startInstance().vend()).resolves.toMatchObject(vended);
    await expect(startInstance().vend()).resolves.toMatchObject({ ...vended, source: 'table' });
    expect(secretsAsked()).toEqual(['wrong', 'emporix-secret']);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'credential_refused', CredentialRefused: 1 }));
  });

  test('costs the fleet one request per token, not one per call', async () => {
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
    expect(secretsAsked()).toEqual(['emporix-secret', 'wrong', 'emporix-secret']);
  });

  test('twice in a row costs no caller the valid token, nor its renewal', async () => {
    const { putSecret, clock, startInstance } = await start(1000);
    const instance = startInstance();
    await instance.vend();
    await putSecret('wrong');
    await putSecret('wrong as well');
    clock.forward(61_000);
    await expect(instance.vend()).resolves.toBeDefined();
    clock.forward(900_000);
    await expect(startInstance().vend()).resolves.toMatchObject({ source: 'mint' });
    expect(secretsAsked().filter((secret) => secret === 'wrong as well')).toHaveLength(2);
    expect(secretsAsked()).not.toContain('wrong');
  });

  test('is tried again at a renewal, but not within 5 min', async () => {
    const { putSecret, clock, startInstance } = await start(100);
    await putSecret('wrong');
    const instance = startInstance();
    for (let renewal = 0; renewal < 4; renewal++) {
      await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
      clock.forward(90_000);
    }
    expect(secretsAsked().filter((secret) => secret === 'wrong')).toHaveLength(1);
    await instance.vend();
    expect(secretsAsked().filter((secret) => secret === 'wrong')).toHaveLength(2);
  });

  test('and is corrected: the correction is used within 60 s', async () => {
    const { putSecret, clock, startInstance } = await start();
    await putSecret('wrong');
    const instance = startInstance();
    await instance.vend();
    accepted.add('right');
    await putSecret('right');
    clock.forward(61_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(secretsAsked().at(-1)).toBe('right');
  });

  test('corrected since it was read: the instance that meets the refusal reads it again at once', async () => {
    const { putSecret, startInstance, clock } = await start();
    await putSecret('wrong');
    const instance = startInstance();
    await instance.vend('a');
    clock.forward(5_000);
    accepted.add('right');
    await putSecret('right');
    await expect(instance.vend('b')).resolves.toMatchObject({ source: 'mint' });
    expect(secretsAsked()).toEqual(['wrong', 'emporix-secret', 'wrong', 'right']);
  });

  test('corrected while its refusal is in back-off: nobody waits for the end of that', async () => {
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

  test('lately, and accepted by now while the one before no longer is: it is asked with after all', async () => {
    const { putSecret, startInstance, clock } = await start(100);
    await putSecret('two');
    const instance = startInstance();
    await instance.vend();
    accepted = new Set(['two']);
    clock.forward(99_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint', isOfReplacedCredential: false });
    expect(secretsAsked()).toEqual(['two', 'emporix-secret', 'emporix-secret', 'two']);
  });

  test('as is the one before: callers are told, once in a back-off', async () => {
    const { putSecret, startInstance } = await start();
    accepted.clear();
    await putSecret('wrong');
    const instance = startInstance();
    for (let round = 0; round < 5; round++) {
      await expect(instance.vend()).rejects.toMatchObject({ code: 'credential_refused' });
    }
    expect(secretsAsked()).toEqual(['wrong', 'emporix-secret']);
  });

  test('only a refusal leads to the one before: a server that is down does not', async () => {
    const { putSecret, startInstance } = await start();
    await putSecret('two');
    down = true;
    await expect(startInstance().vend()).rejects.toMatchObject({ code: 'unavailable' });
    expect(new Set(secretsAsked())).toEqual(new Set(['two']));
  });
});

test('an authorization server that is down during the replacement costs no caller the valid token', async () => {
  const { putSecret, clock, startInstance } = await start();
  const [first, second] = [startInstance(), startInstance()];
  const { accessToken } = await first.vend();
  accepted.add('two');
  await putSecret('two');
  down = true;
  for (let round = 0; round < 5; round++) {
    clock.forward(61_000);
    await expect(first.vend()).resolves.toMatchObject({ accessToken });
    await expect(second.vend()).resolves.toMatchObject({ accessToken });
  }
  down = false;
  clock.forward(61_000);
  await first.vend();
  expect((await second.vend()).accessToken).not.toBe(accessToken);
});

test('a secret that is no credential costs nobody the token that is there', async () => {
  const { putSecretString, clock, startInstance } = await start();
  const { accessToken } = await startInstance().vend();
  await putSecretString('not JSON');
  await putSecretString('not JSON either');
  clock.forward(61_000);
  await expect(startInstance().vend()).resolves.toMatchObject({ accessToken });
  await expect(startInstance().vend('b')).rejects.toMatchObject({ code: 'misconfigured' });
});

test('with Secrets Manager away, the replaced credential mints for its own instance and does not take the place of the newer token', async () => {
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
  expect(secretsAsked().at(-1)).toBe('emporix-secret');
  expect((await item(key))?.credential_version?.S).toBe(version);
});
