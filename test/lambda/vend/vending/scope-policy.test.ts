// What the errors about granted scopes tell the operator.

import { expect, test } from '@jest/globals';
import { Scopes } from '../../../../lambda/oauth/scopes.ts';
import { ScopePolicy } from '../../../../lambda/vend/vending/scope-policy.ts';
import { someToken } from '../../../../testbed/test-data.ts';

const policyOf = (scopes?: readonly string[]) =>
  new ScopePolicy({
    profile: 'orders',
    credential: 'emporix',
    tokenEndpoint: 'https://login.example/token',
    ...(scopes && { scopes }),
  });

function refusalOf(allowed: readonly string[], granted: string): string {
  const policy = policyOf(allowed);
  try {
    policy.assertGranted(someToken({ scope: granted }), policy.request(undefined));
    return 'granted';
  } catch (error) {
    return String(error);
  }
}

test.each([
  ['one', 'a.one admin.all', '(admin.all)'],
  ['two', 'z.z a.one admin.all', '(admin.all z.z)'],
  ['five', 'a.one b c d e f', '(b c d e f)'],
  ['six', 'a.one b c d e f g', '(b c d e f and 1 more)'],
  ['nine', 'a.one b c d e f g h i j', '(b c d e f and 4 more)'],
  ['one that is no scope syntax', 'a.one "x"', '((not scope syntax))'],
  ['one that is too long', `a.one ${'x'.repeat(101)}`, '((too long))'],
])('if the server grants %s outside the allow-list, the error names at most five', (_, granted, named) => {
  expect(refusalOf(['a.one'], granted)).toBe(
    `VendingError: the authorization server granted more than profile orders allows ${named}: add it to the profile's scopes, or use a credential that lacks it`,
  );
});

test.each([
  [1, '(s.1)'],
  [5, '(s.1 s.2 s.3 s.4 s.5)'],
  [6, '(s.1 s.2 s.3 s.4 s.5 and 1 more)'],
])('if none of an allow-list of %d is granted, the error names at most five', (count, named) => {
  const allowed = Array.from({ length: count }, (_, n) => `s.${n + 1}`);
  expect(refusalOf(allowed, '')).toMatch(`granted no scope of profile orders ${named}: assign`);
});

test('a failure that is found in the table says where the scopes outside the allow-list are named, because the table has none', () => {
  const policy = policyOf(['a.one']);
  const { message } = policy.failure('too_much_granted', policy.request(undefined));
  expect(message).toBe(
    "the authorization server granted more than profile orders allows (the log names it where the mint failed a moment ago): add it to the profile's scopes, or use a credential that lacks it",
  );
});

test('a tenant that the caller names makes no difference to the key', () => {
  const policy = policyOf();
  for (const named of [undefined, Scopes.of(['a.one'])]) {
    expect(policy.request(named, 'shop')).toEqual(policy.request(named));
  }
});
