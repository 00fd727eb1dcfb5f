// What a candidate must be granted, side by side with the current credential; and what the operator reads when it isn't.

import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../local/emporix.ts';
import type { Listening } from '../../../local/http.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { credentialOf, type Holding, openStage, type Stage, type StageOptions } from './rotating.ts';

const OLD: Holding = { scopes: ['a', 'b'] };
const UNCHANGED = '; AWSCURRENT is unchanged';

let server: Listening;
const stages: Stage[] = [];
beforeAll(async () => {
  server = await startSecretsManager();
});
afterAll(() => server.close());
afterEach(async () => {
  for (const stage of stages.splice(0)) await stage.close();
});

interface Case extends Partial<Omit<StageOptions, 'endpoint' | 'clients'>> {
  readonly old?: Holding;
  readonly new?: Holding;
  readonly candidate?: string;
}

/** Rotates to the client `new`, which has all that the current one has unless it is said otherwise. */
async function attempt({ candidate = credentialOf('new'), old = OLD, new: held = OLD, ...options }: Case) {
  const clients = { old, new: held };
  const stage = await openStage({ endpoint: server.url, clients, profiles: { orders: {} }, ...options });
  stages.push(stage);
  const staged = await stage.put(candidate, 'CANDIDATE');
  const version = await stage.begin();
  const failure: unknown = await stage.rotate(version).catch((error: unknown) => error);
  return { stage, staged, version, failure };
}

/** AWSCURRENT untouched, AWSPENDING cleared, CANDIDATE kept for another try, and the next rotation can begin. */
async function expectNothingChanged({ stage, staged }: Awaited<ReturnType<typeof attempt>>): Promise<void> {
  expect(await stage.labels()).toEqual({ AWSCURRENT: stage.first, CANDIDATE: staged });
  await stage.begin();
}

const LIST = { orders: { scopes: ['a', 'b'] } };
const TWO = { orders: { scopes: ['a'] }, reader: { scopes: ['b', 'c'] } };

describe('a candidate is made current', () => {
  test.each<[string, Case]>([
    ['that is granted the same', {}],
    ['that is granted more, where there is no allow-list', { new: { scopes: ['a', 'b', 'c'] } }],
    [
      'with fewer scopes, none of which a profile lets through',
      { profiles: { orders: { scopes: ['a'] } }, new: { scopes: ['a'] } },
    ],
    ['that lacks what the current one lacks', { profiles: TWO }],
    ['that has what the current one lacks', { profiles: TWO, new: { scopes: ['a', 'b', 'c'] } }],
    ['of the configured tenant', { tenant: 'shop' }],
    ['of the configured tenant, which the current one is not of', { tenant: 'shop', old: { ...OLD, tenant: 'other' } }],
    [
      'for the whole allow-list, where the current one is refused',
      { profiles: LIST, current: credentialOf('old', 'wrong') },
    ],
    [
      'for the whole allow-list, where the current one is unknown',
      { profiles: LIST, current: credentialOf('deleted') },
    ],
    ['for the whole allow-list, where the current one is none', { profiles: LIST, current: 'generated' }],
    ['without an allow-list, where the current one is none', { current: 'generated' }],
    ['that no profile uses', { profiles: {} }],
  ])('%s', async (_, given) => {
    const { stage, version, failure } = await attempt(given);
    expect(failure).toBeUndefined();
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
    expect(stage.emporix.requests.some(({ params }) => params.client_id === 'new')).toBe(true);
  });
});

describe('a candidate is not made current', () => {
  test.each<[string, Case, string, string]>([
    [
      'a wrong secret',
      { candidate: credentialOf('new', 'wrong') },
      'credential_refused',
      'the authorization server refused it',
    ],
    [
      'an unknown client',
      { candidate: credentialOf('unknown') },
      'credential_refused',
      'the authorization server refused it',
    ],
    ['fewer scopes', { profiles: LIST, new: { scopes: ['a'] } }, 'invalid_scope', 'profile orders: not granted: b'],
    [
      'fewer scopes, without an allow-list',
      { new: { scopes: ['b', 'c'] } },
      'invalid_scope',
      'profile orders: not granted: a',
    ],
    ['none at all', { new: { scopes: [] } }, 'invalid_scope', 'profile orders: not granted: a b'],
    [
      'fewer scopes in one of two profiles',
      { profiles: TWO, new: { scopes: ['a', 'c'] } },
      'invalid_scope',
      'profile reader: not granted: b',
    ],
    [
      'fewer in both',
      { profiles: TWO, new: { scopes: [] } },
      'invalid_scope',
      'profile orders: not granted: a; profile reader: not granted: b',
    ],
    [
      'fewer in two that share a list',
      { profiles: { orders: { scopes: ['a', 'b'] }, reader: { scopes: ['b', 'a'] } }, new: { scopes: ['a'] } },
      'invalid_scope',
      'profiles orders, reader: not granted: b',
    ],
    [
      'not the whole allow-list, where the current one is refused',
      { profiles: { orders: { scopes: ['a', 'b', 'c'] } }, current: credentialOf('old', 'wrong') },
      'invalid_scope',
      'profile orders: not granted: c',
    ],
    [
      'not the whole allow-list, where the current one is none',
      { profiles: { orders: { scopes: ['a', 'b', 'c'] } }, current: 'generated' },
      'invalid_scope',
      'profile orders: not granted: c',
    ],
    [
      'another tenant than the current one',
      { new: { ...OLD, tenant: 'other' } },
      'wrong_tenant',
      "profile orders: its token is of another tenant than the current credential's",
    ],
    [
      'another tenant than the one configured',
      { tenant: 'shop', new: { ...OLD, tenant: 'other' } },
      'wrong_tenant',
      'profile orders: its token is not of tenant shop',
    ],
    [
      'the tenant of the current one, which is not the one configured',
      { tenant: 'right', current: 'generated' },
      'wrong_tenant',
      'profile orders: its token is not of tenant right',
    ],
  ])('%s', async (_, given, code, problem) => {
    const attempted = await attempt(given);
    expect(attempted.failure).toMatchObject({ code, message: `the candidate fails: ${problem}${UNCHANGED}` });
    await expectNothingChanged(attempted);
  });

  const granted = (scope: string): Misbehaviour => ({
    body: JSON.stringify({ access_token: 'canary', token_type: 'Bearer', expires_in: 60, scope }),
  });
  test.each<[string, Misbehaviour, string, string]>([
    [
      'granted more than the profile allows, which would not be vended',
      granted('a b c tenant=shop'),
      'too_much_granted',
      'profile orders: granted, but not allowed by the profile: c',
    ],
    [
      'granted what is no scope',
      granted('a b "canary" tenant=shop'),
      'too_much_granted',
      'profile orders: granted, but not allowed by the profile: (not scope syntax)',
    ],
    [
      'a list that the server refuses',
      { status: 400, body: '{"error":"invalid_scope","error_description":"canary"}' },
      'invalid_scope',
      'profile orders: the authorization server refused the scopes: a b',
    ],
    [
      'an answer that is none',
      { body: '<html>canary' },
      'unusable_answer',
      "profile orders: the authorization server's answer is not JSON",
    ],
    [
      'no right to this grant',
      { status: 400, body: '{"error":"unauthorized_client","error_description":"canary"}' },
      'unusable_answer',
      'profile orders: the authorization server answered with status 400 and error unauthorized_client',
    ],
  ])('%s', async (_, answer, code, problem) => {
    const misbehave = (clientId: string) => (clientId === 'new' ? answer : undefined);
    const attempted = await attempt({ profiles: LIST, misbehave });
    expect(attempted.failure).toMatchObject({ code, message: `the candidate fails: ${problem}${UNCHANGED}` });
    await expectNothingChanged(attempted);
  });
});

describe('what may pass says so, and leaves everything as it was', () => {
  const answers: [string, Misbehaviour, string, string][] = [
    ['down', { status: 503, body: 'canary' }, 'unavailable', 'the authorization server failed with status 503'],
    [
      'cutting the connection',
      { destroySocket: true },
      'unavailable',
      'the connection to the authorization server failed',
    ],
    ['throttling', { status: 429, headers: { 'retry-after': '7' } }, 'throttled', 'the authorization server throttles'],
    ['slow', { delayMs: 60_000 }, 'timed_out', 'the authorization server did not answer in time'],
  ];
  test.each(
    answers.flatMap(([how, answer, code, problem]) =>
      (['new', 'old'] as const).map((clientId) => [how, clientId, answer, code, problem] as const),
    ),
  )('the authorization server is %s for the client %s', async (_, clientId, answer, code, problem) => {
    const attempted = await attempt({
      profiles: TWO,
      misbehave: (asking) => (asking === clientId ? answer : undefined),
    });
    const which = clientId === 'new' ? 'the candidate' : 'the current credential';
    const message = `profile orders could not be tested with ${which}: ${problem}; start the rotation again later${UNCHANGED}`;
    expect(attempted.failure).toMatchObject({ code, message });
    await expectNothingChanged(attempted);
  });

  test('the current credential is answered with nonsense: there is nothing to compare with', async () => {
    const misbehave = (clientId: string) => (clientId === 'old' ? { body: 'canary' } : undefined);
    const attempted = await attempt({ misbehave });
    expect(attempted.failure).toMatchObject({
      code: 'unusable_answer',
      message: expect.stringContaining('could not be tested with the current credential'),
    });
    await expectNothingChanged(attempted);
  });

  test('once it has passed, the next rotation makes the same candidate current', async () => {
    let isDown = true;
    const { stage } = await attempt({ misbehave: () => (isDown ? { status: 503 } : undefined) });
    isDown = false;
    const version = await stage.begin();
    await stage.rotate(version);
    expect(await stage.current()).toBe(credentialOf('new'));
  });
});

describe('a token costs the server something', () => {
  test('each list of scopes is asked for once with each credential, whatever the number of profiles', async () => {
    const profiles = { a: { scopes: ['a', 'b'] }, b: { scopes: ['b', 'a'] }, c: { scopes: ['a'] }, d: {}, e: {} };
    const { stage, failure } = await attempt({ profiles });
    expect(failure).toBeUndefined();
    const asked = stage.emporix.requests.map(({ params }) => `${params.client_id}: ${params.scope ?? 'all'}`).sort();
    expect(asked).toEqual(['new: a', 'new: a b', 'new: all', 'old: a', 'old: a b', 'old: all']);
  });

  test('a refused candidate is not tried with every profile', async () => {
    const { stage } = await attempt({ profiles: TWO, candidate: credentialOf('new', 'wrong') });
    expect(stage.emporix.requests.filter(({ params }) => params.client_id === 'new')).toHaveLength(1);
  });
});

describe('what is printed', () => {
  test('is one line per step, and for a failure what the operator must know', async () => {
    const { stage, version } = await attempt({});
    const lines = stage.printed.map((line) => JSON.parse(line));
    expect(lines.map(({ event, step, outcome }) => [event, step, outcome])).toEqual([
      ['rotation_step', 'createSecret', 'the candidate is pending'],
      ['rotation_step', 'setSecret', 'nothing to set'],
      ['rotation_step', 'testSecret', 'the candidate is granted all that it must be'],
      ['rotation_step', 'finishSecret', 'the version is current'],
    ]);
    expect(lines.at(-1)).toMatchObject({ level: 'info', Credential: 'shop', version, Rotated: 1 });
    const { stage: failed } = await attempt({ new: { scopes: ['a'] } });
    expect(JSON.parse(String(failed.printed.at(-1)))).toMatchObject({
      level: 'error',
      event: 'rotation_failed',
      step: 'testSecret',
      error: 'invalid_scope',
      description: `the candidate fails: profile orders: not granted: b${UNCHANGED}`,
      RotationFailed: 1,
      _aws: { CloudWatchMetrics: [{ Namespace: 'TokenVending', Dimensions: [['Credential']] }] },
    });
  });

  test('never holds a secret, a token or a body of the server, nor does an error', async () => {
    const canary = credentialOf('canary-client', 'canary-secret');
    const bodies = ['canary-body', '{"error":"canary-body"}', '{"access_token":"canary-token","expires_in":"canary"}'];
    const answers: Misbehaviour[] = bodies.flatMap((body) => [200, 400, 401, 500].map((status) => ({ status, body })));
    const cases: Case[] = [
      ...answers.map((answer) => ({ candidate: canary, misbehave: () => answer })),
      { candidate: canary },
      { candidate: '{"client_id":"canary-client"' },
      { candidate: credentialOf('new'), current: canary, new: { scopes: [] }, profiles: LIST },
      {},
    ];
    for (const each of cases) {
      const { stage, failure } = await attempt(each);
      const said = [...stage.printed, inspect(failure, { depth: 9, showHidden: true })].join('\n');
      expect(said).not.toMatch(/canary-|new-secret|old-secret/);
    }
  });
});
