// What a candidate must be granted, side by side with the current credential; and what the operator reads when it isn't.

import { describe, expect, test } from '@jest/globals';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { credentialOf } from '../../../testbed/rotating.ts';
import { type Case, expectNothingChanged, OLD, useAttempts } from './stages.ts';

const attempt = useAttempts();

const UNCHANGED = '; AWSCURRENT is unchanged';
const LIST = { orders: { scopes: ['a', 'b'] } };
const TWO = { orders: { scopes: ['a'] }, reader: { scopes: ['b', 'c'] } };

/** A server that grants what it likes. */
const granted = (scope: string): Misbehaviour => ({
  body: JSON.stringify({ access_token: 'canary', token_type: 'Bearer', expires_in: 60, scope }),
});

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
    [
      'of the same client, with another secret',
      { current: credentialOf('new', 'expired'), candidate: credentialOf('new') },
    ],
    [
      'that is granted what the profile allows, where the current one is granted more',
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
