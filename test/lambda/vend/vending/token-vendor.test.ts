import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { VendingError } from '../../../../lambda/errors.ts';
import type { Misbehaviour } from '../../../../local/authorization-server.ts';
import { startVending, type Vending, type VendingOptions } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

/**
 * What the token endpoint does at each request from now on. If it is undefined, the token endpoint answers correctly.
 */
let misbehaviour: Misbehaviour | undefined;

async function start(options: VendingOptions = {}): Promise<Vending> {
  misbehaviour = undefined;
  vending = await startVending({ ...options, emporix: { respondWith: () => misbehaviour, ...options.emporix } });
  return vending;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('tokens are shared:', () => {
  test('the first token is minted, then memory has it, then other instances find it in the table', async () => {
    const { startInstance, emporix } = await start();
    const [first, second] = [startInstance(), startInstance()];
    const minted = await first.vend('media.asset_manage');
    const others = [await first.vend('media.asset_manage'), await second.vend('media.asset_manage')];
    expect([minted, ...others].map(({ source }) => source)).toEqual(['mint', 'memory', 'table']);
    expect(new Set([minted, ...others].map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(emporix.tokens).toHaveLength(1);
  });

  test('two spellings of one set of scopes share one token', async () => {
    const { startInstance, emporix } = await start();
    const instance = startInstance();
    const spellings = [
      'media.asset_manage order.order_read',
      'order.order_read  media.asset_manage order.order_read',
      'scope=order.order_read media.asset_manage tenant=yourtenant',
    ];
    const vended = [];
    for (const spelling of spellings) vended.push(await instance.vend(spelling));
    expect(new Set(vended.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(emporix.tokens).toHaveLength(1);
  });

  test('profiles do not share tokens', async () => {
    const { startInstance, emporix } = await start();
    await startInstance({ profile: 'orders' }).vend('order.order_read');
    await startInstance({ profile: 'orders-admin' }).vend('order.order_read');
    expect(emporix.tokens).toHaveLength(2);
  });

  test('the TTL attribute of the item is the time of the token request plus expires_in', async () => {
    const { startInstance, emporix, item } = await start({ emporix: { expiresInSeconds: 777 } });
    const instance = startInstance();
    await instance.vend('order.order_read');
    const stored = await item(instance.keyOf('order.order_read'));
    const requestedAt = Math.floor(Number(emporix.requests[0]?.receivedAtMs) / 1000);
    expect(Math.abs(Number(stored?.expires_at?.N) - requestedAt - 777)).toBeLessThanOrEqual(1);
    expect(stored?.lease_id).toBeUndefined();
  });

  test('the table holds neither token nor secret nor client ID nor scopes in clear', async () => {
    const { startInstance, emporix, item } = await start();
    const instance = startInstance();
    const { accessToken } = await instance.vend('order.order_read');
    const stored = await item(instance.keyOf('order.order_read'));
    const dump = JSON.stringify(stored, (_, value) => (value?.type === 'Buffer' ? '' : value));
    const bytes = Buffer.from(stored?.sealed?.B ?? []);
    for (const clear of [accessToken, emporix.clientSecret, emporix.clientId, 'order_read', 'yourtenant']) {
      expect(dump.includes(clear) || bytes.includes(clear)).toBe(false);
    }
  });
});

describe('an expired token is never vended', () => {
  test('even if the table holds it', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 60 } });
    const instance = startInstance();
    const { accessToken } = await instance.vend();
    clock.forward(59_000);
    const vended = await instance.vend();
    expect(vended).toMatchObject({ source: 'mint' });
    expect(vended.accessToken).not.toBe(accessToken);
    expect(emporix.tokens).toHaveLength(2);
  });

  test('even if the authorization server is down', async () => {
    const { startInstance, clock } = await start({ emporix: { expiresInSeconds: 60 } });
    const instance = startInstance();
    await instance.vend();
    misbehaviour = { status: 503 };
    clock.forward(59_500);
    await expect(instance.vend()).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('time limits:', () => {
  test.each([
    [24_000, 8_000],
    [11_000, 8_000],
  ])('with %d ms to the deadline, a mint may take %d ms', async (withinMs, limitMs) => {
    const { clock, startInstance } = await start();
    clock.stop();
    let leftMs = 0;
    const instance = startInstance({
      tokenEndpoint: {
        prepare: async () => {},
        rehearse: async () => {},
        mint: async (_credential, _scopes, deadlineMs) => {
          leftMs = deadlineMs - clock.nowMs();
          throw new Error('the test has its time');
        },
      },
    });
    await instance.vend('', {}, withinMs).catch(() => {});
    expect(leftMs).toBe(limitMs);
  });

  test('the lifetime of a token counts from the request, even if the answer is late', async () => {
    const { startInstance, clock } = await start({
      emporix: {
        expiresInSeconds: 100,
        respondWith: () => {
          clock.forward(3_000); // as if the answer took so long
          return undefined;
        },
      },
    });
    const { response } = await startInstance().vend();
    expect(Number(response.expires_in)).toBeLessThanOrEqual(97);
  });

  test('a caller that joins a call under way gets what it asked for', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 1000 } });
    const { accessToken } = await startInstance().vend();
    clock.forward(500_000);
    const cold = startInstance();
    const [plain, demanding] = await Promise.all([cold.vend(), cold.vend('', { minTtlMs: 700_000 })]);
    expect(plain.accessToken).toBe(accessToken);
    expect(demanding.accessToken).not.toBe(accessToken);
    expect(emporix.tokens).toHaveLength(2);
  });

  test.each([
    ['a mint begins if the deadline leaves time for all of it', 11_000, undefined],
    ['no mint begins if the deadline leaves less time', 10_999, 'unavailable'],
  ])('%s', async (_, withinMs, code) => {
    const { startInstance, clock, emporix } = await start();
    clock.stop();
    const vended = startInstance().vend('', {}, withinMs);
    await (code
      ? expect(vended).rejects.toMatchObject({ code })
      : expect(vended).resolves.toMatchObject({ source: 'mint' }));
    expect(emporix.requests).toHaveLength(code ? 0 : 1);
  });
});

test('a caller who joined a call that began without the table does not get the failure of that call', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let requests = 0;
  const { startInstance, emporix } = await start({
    emporix: {
      respondWith: async () => {
        if (requests++ > 0) return undefined;
        await released;
        return { status: 400 };
      },
    },
  });
  let reads = 0;
  const instance = startInstance({
    faults: { read: (send) => (reads++ === 0 ? Promise.reject(new Error('away')) : send()) },
  });
  const early = instance.vend().catch((failure: unknown) => failure);
  while (emporix.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
  const joined = instance.vend();
  const { accessToken } = await startInstance().vend();
  release();
  await expect(joined).resolves.toMatchObject({ accessToken, source: 'table' });
  await expect(early).resolves.toMatchObject({ code: 'unusable_answer' });
});

describe('scopes and tenants:', () => {
  test('named scopes that are not granted are refused by name, and no token is cached for them', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { scopes: ['order.order_read'] } });
    const instance = startInstance();
    const call = () => instance.vend('order.order_read price.price_manage media.asset_manage');
    const refusal = {
      code: 'invalid_scope',
      message: 'not granted to the credential: media.asset_manage price.price_manage',
    };
    await expect(call()).rejects.toMatchObject(refusal);
    await expect(call()).rejects.toMatchObject(refusal);
    // Another instance reads the failure in the table, which names no scope.
    await expect(startInstance().vend('order.order_read price.price_manage media.asset_manage')).rejects.toMatchObject(
      refusal,
    );
    expect(emporix.requests).toHaveLength(1);
    clock.forward(26_000);
    await expect(call()).rejects.toMatchObject(refusal);
    expect(emporix.requests).toHaveLength(2);
  });

  test('without named scopes, the granted part is vended, and the missing scopes are logged and counted', async () => {
    const allowed = ['order.order_read', 'price.price_manage'];
    const { startInstance, events, emporix } = await start({
      scopes: allowed,
      emporix: { scopes: ['order.order_read'] },
    });
    const { response } = await startInstance().vend();
    expect(response.scope).toBe('order.order_read');
    expect(emporix.requests[0]?.params.scope).toBe('order.order_read price.price_manage');
    expect(events()).toContainEqual(
      expect.objectContaining({ event: 'scopes_not_granted', missing: ['price.price_manage'], ScopesNotGranted: 1 }),
    );
  });

  test('a token for the granted part is never vended to a caller who named all of the scopes', async () => {
    const allowed = ['order.order_read', 'price.price_manage'];
    const { startInstance } = await start({ scopes: allowed, emporix: { scopes: ['order.order_read'] } });
    const instance = startInstance();
    await instance.vend();
    await expect(instance.vend('price.price_manage order.order_read')).rejects.toMatchObject({ code: 'invalid_scope' });
  });

  test('without named scopes and without granted ones, the error tells the operator', async () => {
    const { startInstance } = await start({
      scopes: ['price.price_manage'],
      emporix: { scopes: ['order.order_read'] },
    });
    await expect(startInstance().vend()).rejects.toMatchObject({
      code: 'nothing_granted',
      message: expect.stringMatching(/profile default \(price.price_manage\): assign/),
    });
  });

  test('a scope outside the allow-list is refused without a request', async () => {
    const { startInstance, emporix } = await start({ scopes: ['order.order_read'] });
    await expect(startInstance().vend('order.order_read price.price_manage')).rejects.toMatchObject({
      code: 'invalid_scope',
      message: 'not allowed by profile default: price.price_manage',
    });
    expect(emporix.requests).toHaveLength(0);
  });

  test('a token with more scopes than the profile allows is refused', async () => {
    const { startInstance, emporix } = await start({ scopes: ['order.order_read'] });
    misbehaviour = {
      body: JSON.stringify({
        access_token: 't',
        token_type: 'Bearer',
        expires_in: 60,
        scope: 'order.order_read everything',
      }),
    };
    for (const named of ['everything', 'the log names it where the mint failed a moment ago']) {
      await expect(startInstance().vend()).rejects.toMatchObject({
        code: 'too_much_granted',
        message: `the authorization server granted more than profile default allows (${named}): add it to the profile's scopes, or use a credential that lacks it`,
      });
    }
    expect(emporix.requests).toHaveLength(1);
  });

  test.each([
    ['of the configured tenant is vended', 'yourtenant', undefined],
    ['of another tenant is refused', 'shop', 'wrong_tenant'],
  ])('a token %s', async (_, tenant, code) => {
    const { startInstance } = await start({ tenant });
    const vended = startInstance().vend();
    await (code
      ? expect(vended).rejects.toMatchObject({ code })
      : expect(vended).resolves.toMatchObject({ source: 'mint' }));
  });
});

describe('made-up scope sets', () => {
  test('are requested twenty times a minute for each caller, and then refused without a request or an item', async () => {
    const { startInstance, clock, emporix, item } = await start();
    const instance = startInstance();
    await instance.vend('order.order_read');
    for (let n = 0; n < 20; n++) {
      await expect(instance.vend(`made.up_${n}`)).rejects.toMatchObject({ code: 'invalid_scope' });
    }
    await expect(instance.vend('made.up_20')).rejects.toMatchObject({ code: 'slow_down' });
    expect(emporix.requests).toHaveLength(21);
    expect(await item(instance.keyOf('made.up_20'))).toBeUndefined();
    // Callers who ask for a token that is there notice nothing, and a set that failed before fails as before.
    await expect(instance.vend('order.order_read')).resolves.toMatchObject({ source: 'memory' });
    await expect(instance.vend('made.up_19')).rejects.toMatchObject({ code: 'invalid_scope' });
    clock.forward(60_000);
    await expect(instance.vend('media.asset_manage')).resolves.toMatchObject({ source: 'mint' });
  });

  test.each<[string, Misbehaviour]>([
    ['invalid_scope', { status: 400, body: '{"error":"invalid_scope"}' }],
    ['invalid_request', { status: 400, body: '{"error":"invalid_request"}' }],
    ['status 403', { status: 403, body: '' }],
    ['invalid_client', { status: 401, body: '{"error":"invalid_client"}' }],
    ['HTML', { body: '<html>' }],
  ])('are limited in the same way if the server answers %s', async (_, answer) => {
    const { startInstance, emporix, item } = await start();
    const instance = startInstance();
    await instance.vend('order.order_read');
    misbehaviour = answer;
    const codes = [];
    for (let n = 0; n < 30; n++) {
      codes.push(await instance.vend(`made.up_${n}`).catch(({ code }: VendingError) => code));
    }
    expect(codes.filter((code) => code !== 'slow_down')).toHaveLength(20);
    expect(codes.slice(20)).toEqual(Array(10).fill('slow_down'));
    expect(new Set(emporix.requests.map(({ params }) => params.scope)).size).toBe(21);
    expect(await item(instance.keyOf('made.up_29'))).toBeUndefined();
  });

  test('of one caller limit no other caller, not even one that asks for the same set at the same time', async () => {
    const { startInstance, emporix } = await start();
    const instance = startInstance();
    for (let n = 0; n < 20; n++) await instance.vend(`made.up_${n}`, { caller: 'one' }).catch(() => {});
    const [limited, served, again] = await Promise.allSettled([
      instance.vend('media.asset_manage', { caller: 'one' }),
      instance.vend('media.asset_manage', { caller: 'another' }),
      instance.vend('media.asset_manage', { caller: 'one' }),
    ]);
    for (const refused of [limited, again]) expect(refused).toMatchObject({ reason: { code: 'slow_down' } });
    expect(served).toMatchObject({ value: { source: 'mint' } });
    expect(emporix.requests).toHaveLength(21);
    // What another caller has obtained, a limited one gets as well.
    await expect(instance.vend('media.asset_manage', { caller: 'one' })).resolves.toMatchObject({ source: 'memory' });
  });

  test('leave their caller the tokens that the table holds', async () => {
    const { startInstance } = await start();
    const instance = startInstance();
    await startInstance().vend('media.asset_manage');
    for (let n = 0; n < 20; n++) await instance.vend(`made.up_${n}`).catch(() => {});
    await expect(instance.vend('media.asset_manage')).resolves.toMatchObject({ source: 'table' });
  });

  test.each<[string, Misbehaviour]>([
    ['is down', { status: 503 }],
    ['fails', { status: 500, headers: { 'retry-after': '9' } }],
    ['cuts the connection', { destroySocket: true }],
  ])('do not count while the authorization server %s: all are served once it is back', async (_, answer) => {
    const { startInstance, clock } = await start();
    const instance = startInstance();
    misbehaviour = answer;
    const sets = ['order.order_read', 'price.price_manage', 'media.asset_manage', 'product.product_manage'];
    const all = sets.flatMap((one, index) => sets.slice(index).map((other) => `${one} ${other}`));
    const more = Array.from({ length: 30 }, (_, n) => `new.set_${n}`);
    for (const scope of [...more, ...all]) {
      await expect(instance.vend(scope)).rejects.toMatchObject({ code: 'unavailable' });
    }
    misbehaviour = undefined;
    clock.forward(26_000);
    for (const scope of all) await expect(instance.vend(scope)).resolves.toMatchObject({ source: 'mint' });
  });
});

test('no object that holds a token or a secret prints it, at any depth', async () => {
  const { startInstance, emporix } = await start();
  const instance = startInstance();
  const { accessToken } = await instance.vend('order.order_read');
  const printed = [
    inspect(instance.vendFunction, { depth: 20, showHidden: true, getters: true }),
    JSON.stringify(instance.vendFunction, (_, value: unknown) => (value instanceof Map ? [...value] : value)),
    inspect(await instance.vend('made.up').catch((error: unknown) => error), { depth: 20, showHidden: true }),
  ].join('\n');
  expect(printed.length).toBeGreaterThan(500);
  for (const secret of [accessToken, emporix.clientSecret, emporix.clientId]) expect(printed).not.toContain(secret);
});

describe('when the table throttles,', () => {
  const throttled = () =>
    Promise.reject(Object.assign(new Error(), { name: 'ProvisionedThroughputExceededException' }));

  test('an instance reads it again, and does not mint without it', async () => {
    const { startInstance, emporix, clock } = await start();
    let refusals = 0;
    const { accessToken } = await startInstance().vend();
    clock.forward(14_399_000);
    const instance = startInstance({ faults: { read: (send) => (refusals++ < 3 ? throttled() : send()) } });
    const vended = await instance.vend();
    expect(vended.accessToken).not.toBe(accessToken);
    expect(refusals).toBeGreaterThan(3);
    await expect(startInstance().vend()).resolves.toMatchObject({ accessToken: vended.accessToken, source: 'table' });
    expect(emporix.tokens).toHaveLength(2);
  });

  test('an instance that did not get the lease does not mint without it', async () => {
    const { startInstance, emporix, clock } = await start();
    clock.skipsPauses = false;
    const throttledAtFirst = () => {
      let requests = 0;
      return (send: () => Promise<unknown>) => (requests++ === 0 ? throttled() : send());
    };
    const fleet = [1, 2, 3].map(() => startInstance({ faults: { acquireLease: throttledAtFirst() } }));
    await Promise.all(fleet.map((instance) => instance.vend()));
    expect(emporix.tokens).toHaveLength(1);
  });

  test('the back-off of the credential is read again and holds', async () => {
    const { startInstance, clock, item, credentialStore, emporix } = await start();
    const other = startInstance();
    await other.vend('order.order_read');
    const version = String((await item(other.keyOf('order.order_read')))?.credential_version?.S);
    const untilSeconds = clock.nowMs() / 1000 + 20;
    await credentialStore.recordBackOff({ error: 'throttled', missing: [], version, untilSeconds, count: 1 });
    let refusals = 0;
    const instance = startInstance({
      faults: { readCredential: (send) => (refusals++ < 1 ? throttled() : send()) },
    });
    await expect(instance.vend()).rejects.toMatchObject({ code: 'throttled' });
    expect(emporix.requests).toHaveLength(1);
  });

  test('the token is minted without it once too little time is left to wait', async () => {
    const { startInstance, emporix } = await start();
    await expect(startInstance({ faults: { read: throttled } }).vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.tokens).toHaveLength(1);
  });

  test('the token in memory is vended at once', async () => {
    const { startInstance, clock, events } = await start();
    let isThrottled = false;
    const instance = startInstance({
      faults: { publish: throttled, read: (send) => (isThrottled ? throttled() : send()) },
    });
    const { accessToken } = await instance.vend();
    isThrottled = true;
    clock.forward(61_000);
    const atMs = clock.nowMs();
    await expect(instance.vend('', { minTtlMs: 1 })).resolves.toMatchObject({ accessToken });
    expect(clock.nowMs() - atMs).toBeLessThan(1_000);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'table_failed', operation: 'publish' }));
  });
});

describe('when the table is away,', () => {
  const away = () => Promise.reject(new Error('ECONNREFUSED'));

  test('the token is minted and vended, and memory keeps it', async () => {
    const { startInstance, events, emporix } = await start();
    const instance = startInstance({ faults: { read: away } });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    await expect(instance.vend()).resolves.toMatchObject({ source: 'memory' });
    expect(emporix.tokens).toHaveLength(1);
    expect(events()).toContainEqual(expect.objectContaining({ event: 'table_failed', operation: 'read' }));
  });

  test.each(['acquireLease', 'publish', 'readCredential'] as const)(
    'a failure of %s alone is hidden from the caller',
    async (operation) => {
      const { startInstance, emporix } = await start();
      const instance = startInstance({ faults: { [operation]: away } });
      await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
      expect(emporix.tokens).toHaveLength(1);
    },
  );

  test('one mint is made in 10 s per instance and key', async () => {
    const { startInstance, clock, emporix } = await start();
    const instance = startInstance({ faults: { read: away } });
    const { accessToken } = await instance.vend();
    const call = () => instance.vend('', { rejectedTokenSha256: sha256(accessToken) });
    await expect(call()).rejects.toMatchObject({ code: 'unavailable' });
    clock.forward(10_000);
    await expect(call()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.tokens).toHaveLength(2);
  });

  test('a mint that the end of a valid token would cut short does not begin before that end', async () => {
    const { startInstance, clock, emporix } = await start({ emporix: { expiresInSeconds: 100 } });
    const instance = startInstance({ faults: { read: away } });
    const { accessToken, response } = await instance.vend();
    const expiresAtMs = Math.ceil(clock.nowMs() / 1000 + Number(response.expires_in)) * 1000;
    clock.forward(expiresAtMs - 2_300 - clock.nowMs());
    misbehaviour = { delayMs: 600 };
    await expect(instance.vend()).resolves.toMatchObject({ accessToken });
    misbehaviour = undefined;
    clock.forward(3_000);
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
    expect(emporix.requests).toHaveLength(2);
  });

  test('a stopped database counts as a table that holds nothing', async () => {
    const { startInstance, dynamodb } = await start();
    const instance = startInstance();
    await dynamodb.close();
    await expect(instance.vend()).resolves.toMatchObject({ source: 'mint' });
  });
});
