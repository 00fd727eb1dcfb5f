import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { VendingError } from '../../../lambda/errors.ts';
import { Scopes } from '../../../lambda/oauth/scopes.ts';
import { parseTokenResponse, Token } from '../../../lambda/oauth/token.ts';

const REQUESTED_AT_MS = 1_800_000_000_700;

const TUTORIAL = {
  access_token: 'vkFuQ6oTwj8_Ye4eiRSsqMeqLYNeQRJi',
  token_type: 'Bearer',
  expires_in: 14399,
  session_idle_time: 120,
  refresh_token: '',
  refresh_token_expires_in: 0,
  scope: 'scope=category.category_publish category.category_manage tenant=yourtenant',
};

/** Lists in each other. */
function nested(levels: number): unknown {
  let value: unknown = 'canary';
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

function parse(body: unknown, scopes?: string, random = 0.5) {
  return parseTokenResponse(body, {
    requestedAtMs: REQUESTED_AT_MS,
    scopes: scopes === undefined ? undefined : Scopes.parse(scopes),
    random,
  });
}

test("the tutorial's answer is vended with clean scopes, its tenant and the server's own fields", () => {
  const { token, lifetimeNamed } = parse(TUTORIAL);
  expect(lifetimeNamed).toBe(true);
  expect(token.response(1_800_000_000_000)).toEqual({
    access_token: 'vkFuQ6oTwj8_Ye4eiRSsqMeqLYNeQRJi',
    token_type: 'Bearer',
    expires_in: 14399,
    session_idle_time: 120,
    refresh_token_expires_in: 0,
    scope: 'category.category_manage category.category_publish',
    tenant: 'yourtenant',
  });
});

test('the lifetime is counted from the request, and counts down in whole seconds', () => {
  const { token } = parse({ ...TUTORIAL, expires_in: 100 });
  expect(token.expiresAtMs).toBe(1_800_000_100_700);
  const at = (nowMs: number) => token.response(nowMs).expires_in;
  expect([at(1_800_000_000_700), at(1_800_000_000_701), at(1_800_000_099_700), at(1_800_000_099_701)]).toEqual([
    100, 99, 1, 0,
  ]);
  expect(at(1_800_000_200_000)).toBe(0);
});

describe('expires_in', () => {
  test.each([
    ['a number', 3600, 3600],
    ['a numeric string', '3600', 3600],
    ['a fraction, which is cut', 3600.9, 3600],
    ['a fraction in a string, which is cut', '3600.9', 3600],
    ['one second', 1, 1],
    ['ten years', 315_360_000, 315_360_000],
    ['over ten years, which counts as ten', 315_360_001, 315_360_000],
    ['the largest number of 32 bits, which counts as ten years', 2_147_483_647, 315_360_000],
    ['later than any date, which counts as ten years', '9223372036854775', 315_360_000],
    ['infinite, which counts as ten years', Number.POSITIVE_INFINITY, 315_360_000],
  ])('may be %s', (_, expiresIn, seconds) => {
    expect(parse({ ...TUTORIAL, expires_in: expiresIn }).token.lifetimeMs).toBe(seconds * 1000);
  });

  test.each([
    ['missing', undefined],
    ['null', null],
  ])('that is %s counts as five minutes, and the parser reports it', (_, expiresIn) => {
    const { token, lifetimeNamed } = parse({ ...TUTORIAL, expires_in: expiresIn });
    expect(token.lifetimeMs).toBe(300_000);
    expect(lifetimeNamed).toBe(false);
  });

  test.each([
    ['below -60', -61],
    ['a fraction below -60', -60.1],
    ['below -60 in a string', '-3600'],
    ['infinite in a string', '1e400'],
    ['not a number', 'soon'],
    ['empty', ''],
    ['hexadecimal', '0x10'],
    ['a boolean', true],
    ['a list', [3600]],
    ['an object', { seconds: 3600 }],
  ])('that is %s is refused', (_, expiresIn) => {
    expect(() => parse({ ...TUTORIAL, expires_in: expiresIn })).toThrow(
      new VendingError('unusable_answer', "the authorization server's answer has an expires_in that is no lifetime"),
    );
  });

  test.each([0, '0', 0.5, '0.9', -0.5, -1, '-1', -60, '-60'])(
    'that is %p is no error of the server: another token is asked for after 1 s',
    (expiresIn) => {
      expect(() => parse({ ...TUTORIAL, expires_in: expiresIn })).toThrow(
        new VendingError('unavailable', 'the token has just ended', { retryAfterSeconds: 1 }),
      );
    },
  );
});

describe('an error that does not quote the answer refuses', () => {
  test.each([
    ['an answer without access_token', { ...TUTORIAL, access_token: undefined }],
    ['an empty access_token', { ...TUTORIAL, access_token: '' }],
    ['an access_token of spaces', { ...TUTORIAL, access_token: '  ' }],
    ['an access_token of another type', { ...TUTORIAL, access_token: 42 }],
    ['an access_token with a line feed', { ...TUTORIAL, access_token: 'canary\nx: y' }],
    ['an access_token outside ASCII', { ...TUTORIAL, access_token: 'canäry' }],
    ['another token type', { ...TUTORIAL, token_type: 'canary' }],
    ['a token type in a list', { ...TUTORIAL, token_type: ['Bearer'] }],
    ['a token type that only begins like Bearer', { ...TUTORIAL, token_type: 'bearer canary' }],
    ['fields that no one can write again', { ...TUTORIAL, canary: nested(100_000) }],
    ['fields in 33 levels', { ...TUTORIAL, canary: nested(32) }],
    ['a scope that is a number', { ...TUTORIAL, scope: 42 }],
    ['a scope that is a list with something else than text', { ...TUTORIAL, scope: ['canary', 42] }],
    ['an answer that is a list', [TUTORIAL]],
    ['an answer that is a text', 'canary'],
    ['an answer that is null', null],
  ])('%s', (_, body) => {
    let failure: unknown;
    try {
      parse(body);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: 'unusable_answer' });
    expect(inspect(failure)).not.toContain('can');
  });
});

test('a field named tenant does not contradict the tenant that is checked', () => {
  expect(parse({ ...TUTORIAL, tenant: 'evil' }).token.response(0).tenant).toBe('yourtenant');
  expect(parse({ ...TUTORIAL, scope: 'a', tenant: 'other' }).token.response(0).tenant).toBe('other');
});

test.each([
  ['bearer', 'Bearer'],
  ['BEARER', 'Bearer'],
  ['BearerToken', 'Bearer'],
  ['bearer_token', 'Bearer'],
  [' Bearer\n', 'Bearer'],
  ['', 'Bearer'],
  [null, 'Bearer'],
  [undefined, 'Bearer'],
])('token_type %s is vended as %s', (sent, vended) => {
  expect(parse({ ...TUTORIAL, token_type: sent }).token.response(0).token_type).toBe(vended);
});

test.each(['', 'canary', null, 42])(
  'a refresh_token of %p is left out of what is vended and of what is stored',
  (refresh_token) => {
    const { token } = parse({ ...TUTORIAL, refresh_token });
    expect(token.response(0)).not.toHaveProperty('refresh_token');
    expect(token.parts().fields).not.toHaveProperty('refresh_token');
  },
);

const SPELLINGS = ['refresh_token', 'refreshToken', 'RefreshToken', 'REFRESH-TOKEN', 'refresh token', 'refresh.token'];

test.each(SPELLINGS)('a refresh token that is named %s is left out, and its lifetime is not', (name) => {
  const fields = { [name]: 'canary', [`${name}_expires_in`]: 7 };
  const { token } = parse({ ...TUTORIAL, ...fields });
  for (const object of [token.response(0), token.parts().fields]) {
    expect(Object.keys(object)).not.toContain(name);
    expect(object[`${name}_expires_in`]).toBe(7);
  }
});

test.each(SPELLINGS)('a refresh token that an earlier version stored as %s is not vended', (name) => {
  const stored = new Token({ ...parse(TUTORIAL).token.parts(), fields: { [name]: '', session_idle_time: 120 } });
  expect(Object.keys(stored.response(0))).not.toContain(name);
  expect(stored.response(0)).toHaveProperty('session_idle_time', 120);
});

test('fields in 32 levels are vended as they were sent', () => {
  const answer = parse({ ...TUTORIAL, deep: nested(31) }).token.response(0);
  expect(JSON.stringify(answer.deep)).toBe(JSON.stringify(nested(31)));
});

test.each([
  ['error', ''],
  ['error', null],
  ['error', false],
  ['id_token', ''],
  ['id_token', null],
])('a field %s that holds %j is left out, because strict clients refuse it', (name, value) => {
  expect(parse({ ...TUTORIAL, [name]: value }).token.response(0)).not.toHaveProperty(name);
});

test('other fields are vended as they were sent, also if they are empty', () => {
  const fields = { id_token: 'a.b.c', jti: '', note: null, flag: false };
  expect(parse({ ...TUTORIAL, ...fields }).token.response(0)).toMatchObject(fields);
});

test('scopes in a list are vended as a text', () => {
  expect(parse({ ...TUTORIAL, scope: ['b', 'a', 'tenant=mine'] }).token.response(0)).toMatchObject({
    scope: 'a b',
    tenant: 'mine',
  });
});

test('if the answer has no scope, the requested scopes are granted (RFC 6749 section 5.1)', () => {
  expect(parse({ ...TUTORIAL, scope: undefined }, 'b a').token.response(0).scope).toBe('a b');
});

test('if neither the answer nor the request has a scope, the token has none', () => {
  const { token } = parse({ ...TUTORIAL, scope: undefined });
  expect(token.scopes).toBeUndefined();
  expect(token.response(0)).not.toHaveProperty('scope');
});

test.each([
  [0, 750],
  [0.5, 800],
  [0.999, 850],
])('with the random number %d, a token that lives for 1000 s is renewed after %d s', (random, afterSeconds) => {
  const { token } = parse({ ...TUTORIAL, expires_in: 1000 }, undefined, random);
  expect(token.renewAtMs - token.issuedAtMs).toBe(afterSeconds * 1000);
});

test('a token prints as [redacted], however it is printed', () => {
  const { token } = parse({ ...TUTORIAL, id_token: 'canary' });
  const printed = [inspect(token, { depth: 9, showHidden: true }), JSON.stringify({ token }), String(token)].join();
  expect(printed).not.toMatch(/vkFuQ6|canary/);
  expect(JSON.stringify({ token })).toBe('{"token":"[redacted]"}');
});
