// What is normal sets off no alarm, and a fault of many profiles notifies once.

import { afterEach, describe, expect, test } from '@jest/globals';
import { SOME_SCOPES } from '../../local/client-secrets.ts';
import { SHARED } from '../../operating/alarm-watch.ts';
import { MINUTE_MS } from '../../operating/samples.ts';
import { openScene, type Scene } from './scene.ts';

const HOUR_MS = 60 * MINUTE_MS;
const EVERY_MS = 10_000;

let scene: Scene;
afterEach(() => scene.close());

const vend = (profile: string) => scene.invoke(profile, {}, 'runs');
const expectNoAlarm = () => expect(scene.alarms.flatMap(({ changes }) => changes)).toEqual([]);

describe('no alarm goes on', () => {
  test('in a quiet night, nor in the morning after it', async () => {
    scene = await openScene();
    await scene.run(10 * MINUTE_MS, EVERY_MS, vend);
    await scene.run(8 * HOUR_MS, 8 * HOUR_MS, async () => {});
    await scene.run(10 * MINUTE_MS, EVERY_MS, vend);
    expectNoAlarm();
  });

  test('with one call in an hour', async () => {
    scene = await openScene();
    await scene.run(12 * HOUR_MS, HOUR_MS, vend);
    expectNoAlarm();
  });

  test('while tokens are renewed again and again', async () => {
    scene = await openScene({ emporix: { expiresInSeconds: 600 } });
    await scene.run(HOUR_MS, EVERY_MS, vend);
    expect(scene.emporix.tokens.length).toBeGreaterThanOrEqual(6);
    expectNoAlarm();
  });

  test('in a deploy that replaces all instances, once more and with other scopes', async () => {
    scene = await openScene({ profiles: ['orders', 'reader'] });
    for (const policy of [{}, { policy: { scopes: SOME_SCOPES.slice(0, 3) } }]) {
      await scene.run(7 * MINUTE_MS, EVERY_MS, vend);
      scene.replaceInstances(policy);
    }
    await scene.run(10 * MINUTE_MS, EVERY_MS, vend);
    expectNoAlarm();
  });

  test.each([0, 20, 50])('when the secret is replaced rightly, %d s after a whole minute', async (seconds) => {
    scene = await openScene({ profiles: ['orders', 'reader', 'search'] });
    await scene.run(7 * MINUTE_MS + seconds * 1000, EVERY_MS, vend);
    scene.emporix.accept('new-secret');
    await scene.putSecret('new-secret');
    await scene.run(2 * MINUTE_MS, 2_000, vend);
    scene.emporix.refuse(scene.emporix.clientSecret);
    await scene.run(10 * MINUTE_MS, EVERY_MS, vend);
    expect(scene.emporix.tokens.at(-1)?.clientSecret).toBe('new-secret');
    expectNoAlarm();
  });

  test('in a verified rotation', async () => {
    scene = await openScene();
    await scene.run(7 * MINUTE_MS, EVERY_MS, vend);
    scene.emporix.accept('new-secret');
    await scene.putSecret('new-secret', 'CANDIDATE');
    await scene.rotate();
    await scene.run(15 * MINUTE_MS, EVERY_MS, vend);
    expect(scene.events()).toContainEqual(expect.objectContaining({ Rotated: 1 }));
    expect(scene.emporix.tokens.at(-1)?.clientSecret).toBe('new-secret');
    expectNoAlarm();
  });

  test.each<[string, (index: number) => Record<string, string>]>([
    ['names a scope that is not granted', () => ({ scope: 'nobody.has_it' })],
    ['makes up a new scope each time', (index) => ({ scope: `made.up_${index}` })],
    ['sends its client secret', () => ({ client_secret: 'x' })],
    ['sends another grant type', () => ({ grant_type: 'password' })],
    ['wants a token that lives too long', () => ({ min_ttl: '14000' })],
    ['writes a scope that is no scope', () => ({ scope: '"' })],
    ['reports a token as rejected that is none', () => ({ rejected_token_sha256: '0'.repeat(64) })],
  ])('for one caller that %s, alone or among others', async (_, parameters) => {
    scene = await openScene();
    let index = 0;
    const call = (profile: string) => scene.invoke(profile, parameters(index++), 'runs');
    await scene.run(8 * MINUTE_MS, 6_000, call);
    await scene.run(8 * MINUTE_MS, 6_000, async (profile) => [await vend(profile), await call(profile)]);
    expectNoAlarm();
  });

  test('for one caller that makes up scopes, which the server refuses', async () => {
    scene = await openScene();
    const refusal = { status: 400, body: '{"error":"invalid_scope"}' };
    scene.emporix.behaviour.respondWith = ({ params }) => (params.scope?.includes('made.up') ? refusal : undefined);
    await vend('orders');
    let index = 0;
    await scene.run(10 * MINUTE_MS, 6_000, (profile) => scene.invoke(profile, { scope: `made.up_${index++}` }, 'runs'));
    expect(scene.events()).toContainEqual(expect.objectContaining({ event: 'mint_failed', error: 'invalid_scope' }));
    expectNoAlarm();
  });

  test('for one call that dies, one that is throttled and one minute without the server', async () => {
    scene = await openScene({ emporix: { expiresInSeconds: 600 } });
    await scene.run(7 * MINUTE_MS, EVERY_MS, vend);
    await scene.invoke('orders', {}, 'dies');
    await scene.invoke('orders', {}, 'throttles');
    scene.emporix.behaviour.respondWith = () => ({ status: 503 });
    await scene.run(MINUTE_MS, EVERY_MS, vend);
    scene.emporix.behaviour.respondWith = undefined;
    await scene.run(15 * MINUTE_MS, EVERY_MS, vend);
    expectNoAlarm();
  });
});

test('an authorization server that is down under ten profiles notifies once', async () => {
  const profiles = Array.from({ length: 10 }, (_, index) => `p${index}`);
  scene = await openScene({ profiles });
  await scene.run(6 * MINUTE_MS, 3 * EVERY_MS, vend);
  scene.emporix.behaviour.respondWith = () => ({ status: 503 });
  const wantNew = (profile: string) => scene.invoke(profile, { scope: SOME_SCOPES[0] ?? '' }, 'runs');
  await scene.run(15 * MINUTE_MS, EVERY_MS, wantNew);
  scene.emporix.behaviour.respondWith = undefined;
  await scene.run(12 * MINUTE_MS, EVERY_MS, wantNew);
  for (const alarms of scene.alarms) {
    expect(alarms.changes.filter(({ alarm, state }) => state === 'ALARM' && alarm.endsWith('/Failures'))).toHaveLength(
      10,
    );
    expect(alarms.notified.map(({ pager }) => pager)).toEqual([SHARED]);
  }
});

test('a fault of one profile notifies its own pager alone', async () => {
  scene = await openScene({ profiles: ['orders', 'reader'] });
  const call = (lambda: 'runs' | 'dies') => (profile: string) =>
    scene.invoke(profile, {}, profile === 'orders' ? lambda : 'runs');
  await scene.run(6 * MINUTE_MS, EVERY_MS, call('runs'));
  await scene.run(15 * MINUTE_MS, EVERY_MS, call('dies'));
  for (const { notified } of scene.alarms) expect(notified.map(({ pager }) => pager)).toEqual(['orders']);
});
