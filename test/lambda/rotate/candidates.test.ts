// The candidate is compared with the current credential. The operator reads what it lacks.

import { describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { credentialOf } from '../../../testbed/rotating.ts';
import { type Case, expectNothingChanged, OLD, useAttempts } from './stages.ts';

const attempt = useAttempts();

const UNCHANGED = '; AWSCURRENT is unchanged';
const LIST = { orders: { scopes: ['a', 'b'] } };
const TWO = { orders: { scopes: ['a'] }, reader: { scopes: ['b', 'c'] } };

/** An answer that grants these scopes, whatever was requested. */
const granted = (scope: string): Misbehaviour => ({
  body: JSON.stringify({ access_token: 'canary', token_type: 'Bearer', expires_in: 60, scope }),
});

describe('a candidate is made current', () => {
  test.each<[string, Case]>([
    ['if it is granted the same scopes', {}],
    ['if it is granted more scopes, and there is no allow-list', { new: { scopes: ['a', 'b', 'c'] } }],
    [
      'if it lacks only scopes that no profile allows',
      { profiles: { orders: { scopes: ['a'] } }, new: { scopes: ['a'] } },
    ],
    ['if it lacks only scopes that the current credential lacks', { profiles: TWO }],
    ['if it has a scope that the current credential lacks', { profiles: TWO, new: { scopes: ['a', 'b', 'c'] } }],
    ['if it is of the configured tenant', { tenant: 'shop' }],
    [
      'if it is of the configured tenant, and the current credential is not',
      { tenant: 'shop', old: { ...OLD, tenant: 'other' } },
    ],
    [
      'if it is granted the whole allow-list, and the current credential is refused',
      { profiles: LIST, current: credentialOf('old', 'wrong') },
    ],
    [
      'if it is granted the whole allow-list, and the current client is unknown',
      { profiles: LIST, current: credentialOf('deleted') },
    ],
    ...(
      [
        [401, '{"error":"access_denied"}'],
        [401, ''],
        [200, '{"error":"invalid_client"}'],
      ] as const
    ).map(([status, body]): [string, Case] => [
      `if it is granted the whole allow-list, and the current credential is refused with ${status} and ${body || 'nothing'}`,
      { profiles: LIST, misbehave: (clientId) => (clientId === 'old' ? { status, body } : undefined) },
    ]),
    [
      'if it is granted the whole allow-list, and the current version holds no credential',
      { profiles: LIST, current: 'generated' },
    ],
    ['if there is no allow-list, and the current version holds no credential', { current: 'generated' }],
    ['if no profile uses it', { profiles: {} }],
    [
      'if it is the same client with another secret',
      { current: credentialOf('new', 'expired'), candidate: credentialOf('new') },
    ],
    [
      'if it is granted what the profile allows, though the current credential is granted more',
      { profiles: LIST, misbehave: (clientId) => (clientId === 'old' ? granted('a b c tenant=shop') : undefined) },
    ],
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
      'if its secret is wrong',
      { candidate: credentialOf('new', 'wrong') },
      'credential_refused',
      'the authorization server refused it',
    ],
    [
      'if its client is unknown',
      { candidate: credentialOf('unknown') },
      'credential_refused',
      'the authorization server refused it',
    ],
    [
      'if it is granted fewer scopes',
      { profiles: LIST, new: { scopes: ['a'] } },
      'invalid_scope',
      'profile orders: not granted: b',
    ],
    [
      'if it is granted fewer scopes, and there is no allow-list',
      { new: { scopes: ['b', 'c'] } },
      'invalid_scope',
      'profile orders: not granted: a',
    ],
    ['if it is granted no scope', { new: { scopes: [] } }, 'invalid_scope', 'profile orders: not granted: a b'],
    [
      'if it is granted fewer scopes for one of two profiles',
      { profiles: TWO, new: { scopes: ['a', 'c'] } },
      'invalid_scope',
      'profile reader: not granted: b',
    ],
    [
      'if it is granted fewer scopes for both profiles',
      { profiles: TWO, new: { scopes: [] } },
      'invalid_scope',
      'profile orders: not granted: a; profile reader: not granted: b',
    ],
    [
      'if it is granted fewer scopes for two profiles with the same allow-list',
      { profiles: { orders: { scopes: ['a', 'b'] }, reader: { scopes: ['b', 'a'] } }, new: { scopes: ['a'] } },
      'invalid_scope',
      'profiles orders, reader: not granted: b',
    ],
    [
      'if it lacks a scope of the allow-list, and the current credential is refused',
      { profiles: { orders: { scopes: ['a', 'b', 'c'] } }, current: credentialOf('old', 'wrong') },
      'invalid_scope',
      'profile orders: not granted: c',
    ],
    [
      'if it lacks a scope of the allow-list, and the current version holds no credential',
      { profiles: { orders: { scopes: ['a', 'b', 'c'] } }, current: 'generated' },
      'invalid_scope',
      'profile orders: not granted: c',
    ],
    [
      'if it is of another tenant than the current credential',
      { new: { ...OLD, tenant: 'other' } },
      'wrong_tenant',
      "profile orders: its token is of another tenant than the current credential's",
    ],
    [
      'if it is of another tenant than the configured one',
      { tenant: 'shop', new: { ...OLD, tenant: 'other' } },
      'wrong_tenant',
      'profile orders: its token is not of tenant shop',
    ],
    [
      'if it is not of the configured tenant, and the current version holds no credential',
      { tenant: 'right', current: 'generated' },
      'wrong_tenant',
      'profile orders: its token is not of tenant right',
    ],
  ])('%s', async (_, given, code, problem) => {
    const attempted = await attempt(given);
    expect(attempted.failure).toMatchObject({ code, message: `the candidate fails: ${problem}${UNCHANGED}` });
    await expectNothingChanged(attempted);
  });

  test.each<[string, Misbehaviour, string, string]>([
    [
      'if it is granted more than the profile allows, which would not be vended',
      granted('a b c tenant=shop'),
      'too_much_granted',
      'profile orders: granted, but not allowed by the profile: c',
    ],
    [
      'if it is granted a scope that is not scope syntax',
      granted('a b "canary" tenant=shop'),
      'too_much_granted',
      'profile orders: granted, but not allowed by the profile: (not scope syntax)',
    ],
    [
      'if the server refuses the list of scopes',
      { status: 400, body: '{"error":"invalid_scope","error_description":"canary"}' },
      'invalid_scope',
      'profile orders: the authorization server refused the scopes: a b',
    ],
    [
      'if the answer of the server is not JSON',
      { body: '<html>canary' },
      'unusable_answer',
      "profile orders: the authorization server's answer is not JSON",
    ],
    [
      'if its client may not use this grant',
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
