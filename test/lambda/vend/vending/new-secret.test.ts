// A secret is replaced while a fleet vends many scope sets. One mint tests it, however many instances and scope sets
// there are, and all follow the result.

import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AuthorizationServerOptions } from '../../../../local/authorization-server.ts';
import { startVending, type Vending } from '../../../../testbed/vending.ts';

let vending: Vending;
afterEach(async () => {
  await vending.close();
});

const MINUTE_MS = 60_000;
const FOUR_HOURS_SECONDS = 14_400;
const SCOPE_SETS = ['', 'a', 'b', 'a b'];
/** When the authorization server begins to accept each client secret. */
let acceptedFromMs: Map<string, number>;

async function start(): Promise<Vending> {
  acceptedFromMs = new Map([['emporix-secret', 0]]);
  const respondWith: AuthorizationServerOptions['respondWith'] = ({ params, receivedAtMs }) => {
    const fromMs = acceptedFromMs.get(String(params.client_secret)) ?? Number.POSITIVE_INFINITY;
    if (receivedAtMs < fromMs) return { status: 401, body: '{"error":"invalid_client"}' };
    // The server answers without `scope`: it grants what was asked for.
    const token = { access_token: randomUUID(), token_type: 'Bearer', expires_in: FOUR_HOURS_SECONDS };
    return { body: JSON.stringify(token) };
  };
  vending = await startVending({ emporix: { respondWith } });
  vending.clock.stop();
  return vending;
}

const fleetOf = (instances: number) => Array.from({ length: instances }, () => vending.startInstance());
type Fleet = ReturnType<typeof fleetOf>;

/** Every instance vends every scope set, one after the other. */
async function vendAll(fleet: Fleet, scopeSets = SCOPE_SETS) {
  const vended = [];
  for (const instance of fleet) for (const scope of scopeSets) vended.push(await instance.vend(scope));
  return vended;
}

const requestsWith = (clientSecret: string) =>
  vending.emporix.requests.filter(({ params }) => params.client_secret === clientSecret);
const refusals = () => vending.events().filter(({ event }) => event === 'credential_refused');

describe('a secret that the server accepts a minute late', () => {
  test('is in use 7 min after that, in every instance and for every scope set', async () => {
    const { clock, putSecret } = await start();
    const fleet = fleetOf(5);
    await vendAll(fleet);
    acceptedFromMs.set('two', clock.nowMs() + MINUTE_MS);
    await putSecret('two');
    await clock.callEvery(4_000, 8 * MINUTE_MS, () => vendAll(fleet));
    for (const { isOfReplacedCredential } of await vendAll(fleet)) expect(isOfReplacedCredential).toBe(false);
    // The first test came too early. After the second one, each scope set got a token.
    expect(requestsWith('two')).toHaveLength(1 + SCOPE_SETS.length);
  });

  test('costs no caller a token in the meantime, and the accepted one no request', async () => {
    const { clock, putSecret } = await start();
    const fleet = fleetOf(2);
    await vendAll(fleet);
    acceptedFromMs.set('two', clock.nowMs() + MINUTE_MS);
    await putSecret('two');
    await clock.callEvery(4_000, 8 * MINUTE_MS, () => expect(vendAll(fleet)).resolves.toBeDefined());
    expect(requestsWith('emporix-secret')).toHaveLength(SCOPE_SETS.length);
  });
});

describe('a wrong secret', () => {
  const newScopeSets = (count: number) => Array.from({ length: count }, (_, n) => `new.scope_${n}`);

  test.each([1, 5])('costs one refusal in 5 min: 100 new scope sets are served, instances: %d', async (instances) => {
    const { clock, putSecret } = await start();
    const fleet = fleetOf(instances);
    const [before] = await vendAll(fleet);
    await putSecret('wrong');
    clock.forward(51_000);
    const scopeSets = newScopeSets(100);
    await clock.callEvery(28_000, 280_000, async () => {
      const vended = await vendAll(fleet, scopeSets.splice(0, 10));
      for (const { credentialVersion } of vended) expect(credentialVersion).toBe(before?.credentialVersion);
    });
    expect(scopeSets).toEqual([]);
    expect(requestsWith('wrong')).toHaveLength(1);
    expect(requestsWith('emporix-secret')).toHaveLength(SCOPE_SETS.length + 100);
  });

  test('costs one refusal if the instances mint for many scope sets at the same time', async () => {
    const { clock, putSecret } = await start();
    clock.skipsPauses = false;
    const [before] = await vendAll(fleetOf(1));
    await putSecret('wrong');
    const scopeSets = newScopeSets(20);
    const calls = fleetOf(5).flatMap((instance) => scopeSets.map((scope) => instance.vend(scope)));
    for (const { credentialVersion } of await Promise.all(calls)) {
      expect(credentialVersion).toBe(before?.credentialVersion);
    }
    expect(requestsWith('wrong')).toHaveLength(1);
    expect(requestsWith('emporix-secret')).toHaveLength(SCOPE_SETS.length + scopeSets.length);
  });

  test('is reported once for each refusal, by the log and a metric', async () => {
    const { clock, putSecret, secretVersion } = await start();
    const fleet = fleetOf(3);
    await vendAll(fleet);
    await putSecret('wrong');
    const credential_version = await secretVersion();
    await clock.callEvery(5_000, 5 * MINUTE_MS, () => vendAll(fleet));
    expect(refusals()).toHaveLength(1);
    expect(refusals()[0]).toMatchObject({ level: 'error', CredentialRefused: 1, credential_version });
  });

  test('that stays for an hour is refused 13 times at most, and costs no caller a token', async () => {
    const { clock, putSecret } = await start();
    const fleet = fleetOf(3);
    await vendAll(fleet);
    await putSecret('wrong');
    await clock.callEvery(10_000, 60 * MINUTE_MS, () => expect(vendAll(fleet)).resolves.toBeDefined());
    const refused = requestsWith('wrong').length;
    expect(refused).toBeGreaterThan(10);
    expect(refused).toBeLessThanOrEqual(13);
    expect(refusals()).toHaveLength(refused);
    expect(requestsWith('emporix-secret')).toHaveLength(SCOPE_SETS.length);
  });
});
