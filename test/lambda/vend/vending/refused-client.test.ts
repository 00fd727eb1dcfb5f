// A 401 of the token endpoint says that it refused a client. It may not be the fault of the credential: a firewall
// answers, or a server answers so to scopes that it doesn't know. No such answer disables a good credential.

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
/** The client secrets that the authorization server accepts. */
let accepted: Set<string>;
/** Whether a firewall answers everything with 401. */
let isBlocked: boolean;

const REFUSED: Misbehaviour = { status: 401, body: '{"error":"invalid_client"}' };

beforeEach(async () => {
  accepted = new Set(['emporix-secret']);
  isBlocked = false;
  const token = () => JSON.stringify({ access_token: randomUUID(), token_type: 'Bearer', expires_in: 600 });
  vending = await startVending({
    emporix: {
      respondWith: ({ params }) => {
        if (isBlocked) return { status: 401, body: '<html>Sign in</html>' };
        if (params.scope?.startsWith('made.up')) return REFUSED;
        return accepted.has(String(params.client_secret)) ? { body: token() } : REFUSED;
      },
    },
  });
  vending.clock.stop();
});
afterEach(async () => {
  await vending.close();
});

const MINUTE_MS = 60_000;
const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());
type Instance = ReturnType<Vending['startInstance']>;
const acceptedVersion = async () => (await vending.item('CREDENTIAL#emporix'))?.accepted_version?.S;
const refusals = () => vending.events().filter(({ event }) => event === 'credential_refused');

let madeUp = 0;
/** Asks for a scope that nobody has asked for before, and that the server answers with 401. */
async function askForMadeUp(instance: Instance): Promise<void> {
  await expect(instance.vend(`made.up_${madeUp++}`)).rejects.toMatchObject({ code: 'credential_refused' });
}

/** Replaces the secret so that the version before is the current one, and all instances have accepted it. */
async function replaceSecret(fleet: readonly Instance[], clientSecret: string): Promise<void> {
  for (const instance of fleet) await instance.vend();
  accepted.add(clientSecret);
  await vending.putSecret(clientSecret);
  await vending.clock.callEvery(5_000, 70_000, async () => {
    for (const instance of fleet) await instance.vend();
  });
  expect(await acceptedVersion()).toBe(await vending.secretVersion());
}

describe('a firewall that answers everything with 401 for 10 s', () => {
  test.each([
    ['while no renewal is due', 60_000],
    ['while a renewal is due', 505_000],
    ['while the tokens end', 595_000],
  ])('disables no credential, %s: all is minted with it a back-off later', async (_, afterMs) => {
    const { clock } = vending;
    const fleet = fleetOf(3);
    await replaceSecret(fleet, 'two');
    const version = await acceptedVersion();
    for (const instance of fleet) await instance.vend('a');
    clock.forward(afterMs);
    isBlocked = true;
    await clock.callEvery(1_000, 10_000, async (passedMs) => {
      for (const instance of fleet) for (const scope of ['', 'a']) await instance.vend(scope).catch(() => {});
      await fleet[0]?.vend(`new.scope_${passedMs}`).catch(() => {});
    });
    isBlocked = false;
    clock.forward(25_000);
    const requestsBefore = vending.emporix.requests.length;
    for (const scope of ['', 'a', 'b', 'new.scope_0', 'new.scope_9000']) {
      for (const instance of [...fleet, vending.startInstance()]) {
        await expect(instance.vend(scope)).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
      }
    }
    for (const { params } of vending.emporix.requests.slice(requestsBefore)) expect(params.client_secret).toBe('two');
    expect(await acceptedVersion()).toBe(version);
  });

  test('gets few requests: all instances share a back-off', async () => {
    const { clock, emporix } = vending;
    const fleet = fleetOf(5);
    for (const instance of fleet) await instance.vend();
    clock.forward(505_000);
    isBlocked = true;
    await clock.callEvery(1_000, 10_000, async () => {
      for (const instance of fleet) await instance.vend();
    });
    expect(emporix.requests).toHaveLength(2);
  });

  test('while a new secret is to be tested delays it by 5 min, and the accepted one mints meanwhile', async () => {
    const { clock, putSecret } = vending;
    const fleet = fleetOf(3);
    for (const instance of fleet) await instance.vend();
    const version = await acceptedVersion();
    accepted.add('two');
    await putSecret('two');
    isBlocked = true;
    clock.forward(51_000);
    await clock.callEvery(1_000, 10_000, async () => {
      for (const instance of fleet) await expect(instance.vend()).resolves.toBeDefined();
    });
    isBlocked = false;
    await expect(fleet[0]?.vend('a')).resolves.toMatchObject({ credentialVersion: version });
    await clock.callEvery(5_000, 6 * MINUTE_MS, async () => {
      for (const instance of fleet) await expect(instance.vend()).resolves.toBeDefined();
    });
    for (const instance of fleet) {
      await expect(instance.vend()).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
      await expect(instance.vend('a')).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
    }
  });
});

describe('a made-up scope that the server always answers with 401', () => {
  test('disables no credential: new scope sets and renewals are minted at once', async () => {
    const { clock, item } = vending;
    const [first, second] = fleetOf(2) as [Instance, Instance];
    await replaceSecret([first, second], 'two');
    const version = await acceptedVersion();
    await clock.callEvery(5_000, 20 * MINUTE_MS, async (passedMs) => {
      await askForMadeUp(first);
      for (const instance of [second, first]) await expect(instance.vend()).resolves.toBeDefined();
      await expect(second.vend(`new.scope_${passedMs}`)).resolves.toMatchObject({ source: 'mint' });
    });
    expect(await acceptedVersion()).toBe(version);
    expect((await item('CREDENTIAL#emporix'))?.backoff_until).toBeUndefined();
    expect(refusals()).toEqual([]);
  });

  test('disables no credential also if the version before it is long revoked', async () => {
    const { clock } = vending;
    const [first, second] = fleetOf(2) as [Instance, Instance];
    await replaceSecret([first, second], 'two');
    accepted.delete('emporix-secret');
    clock.forward(60 * MINUTE_MS);
    for (let n = 0; n < 10; n++) await askForMadeUp(first);
    for (const instance of [first, second, vending.startInstance()]) {
      await expect(instance.vend()).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
    }
    await expect(first.vend('new.scope')).resolves.toMatchObject({
      source: 'mint',
      credentialVersion: await vending.secretVersion(),
    });
  });

  test.each([
    ['at once', 'after', 0],
    ['at once', 'before', 0],
    ['a minute late', 'after', MINUTE_MS],
    ['a minute late', 'before', MINUTE_MS],
  ])(
    'keeps no new secret that is accepted %s from its use 7 min later, if it is asked for %s the other scopes',
    async (_, order, afterMs) => {
      const { clock, putSecret } = vending;
      const [first, second] = fleetOf(2) as [Instance, Instance];
      for (const instance of [first, second]) await instance.vend();
      await putSecret('two');
      await clock.callEvery(5_000, afterMs + 7 * MINUTE_MS, async (passedMs) => {
        if (passedMs >= afterMs) accepted.add('two');
        if (order === 'before') await askForMadeUp(first);
        for (const instance of [first, second]) await instance.vend();
        if (order === 'after') await askForMadeUp(first);
      });
      for (const instance of [first, second]) {
        await expect(instance.vend()).resolves.toMatchObject({ credentialVersion: await vending.secretVersion() });
      }
    },
  );

  test('while a wrong secret is tested leaves the accepted one in use', async () => {
    const { clock, putSecret } = vending;
    const [first, second] = fleetOf(2) as [Instance, Instance];
    await first.vend();
    const version = await acceptedVersion();
    await putSecret('wrong');
    await clock.callEvery(5_000, 12 * MINUTE_MS, async (passedMs) => {
      await askForMadeUp(first);
      await expect(second.vend()).resolves.toBeDefined();
      await expect(second.vend(`new.scope_${passedMs}`)).resolves.toMatchObject({ source: 'mint' });
    });
    expect(await acceptedVersion()).toBe(version);
  });
});

describe('after two wrong secrets in a row, the accepted one, which has no label any more,', () => {
  test.each([
    ['warm', 61_000],
    ['warm, and its token has ended', 700_000],
  ])('mints for an instance that is %s, and for a cold one', async (_, afterMs) => {
    const { clock, putSecret } = vending;
    const instance = vending.startInstance();
    await instance.vend();
    const version = await acceptedVersion();
    await putSecret('wrong');
    await putSecret('wrong as well');
    clock.forward(afterMs);
    for (const each of [instance, vending.startInstance()]) {
      await expect(each.vend()).resolves.toMatchObject({ credentialVersion: version });
      await expect(each.vend(`a.${afterMs}`)).resolves.toMatchObject({ credentialVersion: version });
    }
    expect(await acceptedVersion()).toBe(version);
  });

  test('goes on minting for hours', async () => {
    const { clock, putSecret } = vending;
    const fleet = fleetOf(2);
    for (const instance of fleet) await instance.vend();
    await putSecret('wrong');
    await putSecret('wrong as well');
    const version = await acceptedVersion();
    await clock.callEvery(60_000, 120 * MINUTE_MS, async () => {
      for (const instance of fleet) await expect(instance.vend()).resolves.toBeDefined();
    });
    expect(await acceptedVersion()).toBe(version);
  });
});

describe('a wrong secret costs no caller a token, whatever form its refusal has:', () => {
  test.each<[string, Misbehaviour]>([
    ['status 401 and a page', { status: 401, body: '<html>' }],
    ['status 401 and nothing', { status: 401, body: '' }],
    ['status 401 and invalid_client (RFC 6749)', REFUSED],
    ['status 400 and invalid_client', { status: 400, body: '{"error":"invalid_client"}' }],
    ['status 200 and invalid_client', { status: 200, body: '{"error":"invalid_client"}' }],
    [
      "status 401 and Apigee's fault",
      { status: 401, body: '{"fault":{"detail":{"errorcode":"oauth.v2.InvalidApiKey"}}}' },
    ],
    ["status 401 and Apigee's ErrorCode", { status: 401, body: '{"ErrorCode":"invalid_client","Error":"…"}' }],
    ["status 401 and Emporix's gateway", { status: 401, body: '{"code":401,"status":"Unauthorized"}' }],
  ])('%s', async (_, refusal) => {
    const { putSecret, emporix } = vending;
    const { credentialVersion } = await vending.startInstance().vend();
    await putSecret('wrong');
    const { respondWith } = emporix.behaviour;
    emporix.behaviour.respondWith = (request) =>
      request.params.client_secret === 'wrong' ? refusal : respondWith?.(request);
    await expect(vending.startInstance().vend('a')).resolves.toMatchObject({ credentialVersion });
    expect(refusals()).toHaveLength(1);
  });
});
