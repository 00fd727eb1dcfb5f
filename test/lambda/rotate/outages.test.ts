// Everything that does not depend on the candidate: outages of the server, the number of requests, and the log.

import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { credentialOf } from '../../../testbed/rotating.ts';
import { type Case, expectNothingChanged, useAttempts } from './stages.ts';

const attempt = useAttempts();

const UNCHANGED = '; AWSCURRENT is unchanged';
const LIST = { orders: { scopes: ['a', 'b'] } };
const TWO = { orders: { scopes: ['a'] }, reader: { scopes: ['b', 'c'] } };

describe('an outage changes no label, and the error names it:', () => {
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
      misbehave: (requesting) => (requesting === clientId ? answer : undefined),
    });
    const which = clientId === 'new' ? 'the candidate' : 'the current credential';
    const message = `profile orders could not be tested with ${which}: ${problem}; start the rotation again later${UNCHANGED}`;
    expect(attempted.failure).toMatchObject({ code, message });
    await expectNothingChanged(attempted);
  });

  test('the answer for the current credential is not JSON, so that the candidate cannot be compared', async () => {
    const misbehave = (clientId: string) => (clientId === 'old' ? { body: 'canary' } : undefined);
    const attempted = await attempt({ misbehave });
    expect(attempted.failure).toMatchObject({
      code: 'unusable_answer',
      message: expect.stringContaining('could not be tested with the current credential'),
    });
    await expectNothingChanged(attempted);
  });

  test('the next rotation after the outage makes the same candidate current', async () => {
    let isDown = true;
    const { stage } = await attempt({ misbehave: () => (isDown ? { status: 503 } : undefined) });
    isDown = false;
    const version = await stage.begin();
    await stage.rotate(version);
    expect(await stage.current()).toBe(credentialOf('new'));
  });
});

describe('the test of a candidate makes few requests:', () => {
  test('each list of scopes is requested once with each credential, for any number of profiles', async () => {
    const profiles = { a: { scopes: ['a', 'b'] }, b: { scopes: ['b', 'a'] }, c: { scopes: ['a'] }, d: {}, e: {} };
    const { stage, failure } = await attempt({ profiles });
    expect(failure).toBeUndefined();
    const requested = stage.emporix.requests
      .map(({ params }) => `${params.client_id}: ${params.scope ?? 'all'}`)
      .sort();
    expect(requested).toEqual(['new: a', 'new: a b', 'new: all', 'old: a', 'old: a b', 'old: all']);
  });

  test('a refused candidate is not tried for every profile', async () => {
    const { stage } = await attempt({ profiles: TWO, candidate: credentialOf('new', 'wrong') });
    expect(stage.emporix.requests.filter(({ params }) => params.client_id === 'new')).toHaveLength(1);
  });
});

describe('the log of a rotation', () => {
  test('is one line per step, and describes a failure to the operator', async () => {
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
      _aws: { CloudWatchMetrics: [{ Namespace: 'TokenVending', Dimensions: [['Stack', 'Credential']] }] },
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
      const output = [...stage.printed, inspect(failure, { depth: 9, showHidden: true })].join('\n');
      expect(output).not.toMatch(/canary-|new-secret|old-secret/);
    }
  });
});
