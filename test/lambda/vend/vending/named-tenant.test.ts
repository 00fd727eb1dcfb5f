// A caller may name the tenant that its token must be of. The stand-in server's tokens are of the tenant `yourtenant`.

import { afterEach, describe, expect, test } from '@jest/globals';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(() => vending.close());

const TOKEN = { access_token: 'the-token', token_type: 'Bearer', expires_in: 3600 };
const refused = (message: RegExp) => ({ code: 'invalid_scope', message: expect.stringMatching(message) });

describe('where the profile has a tenant,', () => {
  test.each(['tenant=other', 'tenant=other order.order_read', 'order.order_read tenant=YourTenant'])(
    '"%s" is refused before the table or the server is asked',
    async (scope) => {
      vending = await startVending({ tenant: 'yourtenant' });
      const { emporix, startInstance, item } = vending;
      let reads = 0;
      const read = (send: () => Promise<unknown>) => {
        reads++;
        return send();
      };
      const instance = startInstance({ faults: { read } });
      await expect(instance.vend(scope)).rejects.toMatchObject(
        refused(/^the scope names tenant \w+, but profile default vends tokens of another tenant$/),
      );
      expect([reads, emporix.requests.length]).toEqual([0, 0]);
      expect(await item(instance.keyOf(scope))).toBeUndefined();
    },
  );

  test('a caller that names this tenant shares its token with callers that name none', async () => {
    vending = await startVending({ tenant: 'yourtenant' });
    const instance = vending.startInstance();
    const { accessToken } = await instance.vend('order.order_read');
    const named = await instance.vend('tenant=yourtenant order.order_read');
    expect(named).toMatchObject({ accessToken, source: 'memory' });
    expect(vending.emporix.requests.map(({ params }) => params.scope)).toEqual(['order.order_read']);
  });
});

describe('where the profile has no tenant,', () => {
  test('the token must be of the named one, whether it is minted or comes from memory or the table', async () => {
    vending = await startVending();
    const { emporix, startInstance } = vending;
    const other = refused(/^the scope names tenant other, but the token is of another tenant$/);
    const first = startInstance();
    for (const scope of ['', 'order.order_read ']) {
      const mine = `${scope}tenant=yourtenant`;
      await expect(first.vend(`${scope}tenant=other`)).rejects.toMatchObject(other);
      await expect(first.vend(mine)).resolves.toMatchObject({ source: 'memory', response: { tenant: 'yourtenant' } });
      await expect(first.vend(`${scope}tenant=other`)).rejects.toMatchObject(other);
      const second = startInstance();
      await expect(second.vend(`${scope}tenant=other`)).rejects.toMatchObject(other);
      await expect(startInstance().vend(mine)).resolves.toMatchObject({ source: 'table' });
    }
    // One token for each set of scopes, whatever tenants were named.
    expect(emporix.requests.map(({ params }) => params.scope)).toEqual([undefined, 'order.order_read']);
  });

  test('callers that ask at the same time share one mint, and each is told of the tenant that it named', async () => {
    vending = await startVending();
    const instance = vending.startInstance();
    const scopes = ['', 'tenant=yourtenant', 'tenant=other', 'tenant=third'];
    const results = await Promise.allSettled(scopes.map((scope) => instance.vend(scope)));
    expect(results).toMatchObject([
      { status: 'fulfilled' },
      { status: 'fulfilled' },
      { reason: refused(/names tenant other/) },
      { reason: refused(/names tenant third/) },
    ]);
    expect(vending.emporix.requests).toHaveLength(1);
  });

  test.each([
    ['names no scopes', TOKEN],
    ['names scopes without a tenant', { ...TOKEN, scope: 'order.order_read' }],
  ])('a named tenant is refused if the server %s, because the token can be of any', async (_, body) => {
    vending = await startVending({ emporix: { respondWith: () => ({ body: JSON.stringify(body) }) } });
    const instance = vending.startInstance();
    await expect(instance.vend('order.order_read tenant=yourtenant')).rejects.toMatchObject(
      refused(/^the scope names tenant yourtenant, but the authorization server names no tenant/),
    );
    await expect(instance.vend('order.order_read')).resolves.toMatchObject({ source: 'memory' });
    expect(vending.emporix.requests).toHaveLength(1);
  });
});
