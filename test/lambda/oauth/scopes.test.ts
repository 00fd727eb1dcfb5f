import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { VendingError } from '../../../lambda/errors.ts';
import { printable, Scopes } from '../../../lambda/oauth/scopes.ts';

const scopeToken = fc
  .stringMatching(/^[\x21\x23-\x5B\x5D-\x7E]{1,20}$/)
  .filter((token) => !/^(scope|tenant)=/.test(token));

describe('in the scopes that a caller requests,', () => {
  test.each([
    ['one scope stays as it is', 'a.b', 'a.b'],
    ['the order does not matter', 'b a', 'a b'],
    ['repeats do not matter', 'a b a', 'a b'],
    ['spaces around and between do not matter', '  a   b ', 'a b'],
    ['case matters', 'B a A b', 'A B a b'],
    ['a literal scope= prefix is stripped', 'scope=a b', 'a b'],
    ['a tenant at the start is stripped', 'tenant=shop a b', 'a b'],
    ['a tenant at the end is stripped', 'a b tenant=shop', 'a b'],
    ['a prefix and a tenant together are stripped', 'scope=tenant=shop a', 'a'],
    [
      'every character of RFC 6749 section 3.3 is accepted',
      "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
      "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
    ],
  ])('%s', (_, text, canonical) => {
    expect(String(Scopes.parse(text))).toBe(canonical);
  });

  test.each([
    ['an empty value counts as left out (RFC 6749 section 3.2)', ''],
    ['a tenant alone names no scope', 'tenant=shop'],
  ])('%s', (_, text) => {
    expect(Scopes.parse(text)).toBeUndefined();
  });

  test.each([
    ['a quote', 'a "b"'],
    ['a backslash', 'a\\b'],
    ['a tab', 'a\tb'],
    ['a line feed', 'a\nb'],
    ['a NUL', 'a\0'],
    ['DEL', 'a\x7f'],
    ['a letter outside ASCII', 'größe'],
    ['a text of spaces', '   '],
  ])('%s is not scope syntax', (_, text) => {
    expect(() => Scopes.parse(text)).toThrow(VendingError);
    expect(() => Scopes.parse(text)).toThrow('section 3.3');
  });

  test('two spellings of one set have the same canonical form', () => {
    fc.assert(
      fc.property(fc.uniqueArray(scopeToken, { minLength: 1 }), fc.infiniteStream(fc.nat()), (tokens, picks) => {
        const shuffled = [...tokens].sort(() => (picks.next().value % 3) - 1);
        const repeated = [...shuffled, ...shuffled.slice(0, 2)];
        expect(String(Scopes.parse(`tenant=x  ${repeated.join('  ')} `))).toBe(String(Scopes.parse(tokens.join(' '))));
      }),
    );
  });
});

describe('the tenant that a caller names', () => {
  test.each([
    ['is an entry at the start', 'tenant=shop a b', 'shop'],
    ['is an entry in the middle', 'a tenant=shop b', 'shop'],
    ['is an entry at the end', 'a b  tenant=shop ', 'shop'],
    ['is the only entry', ' tenant=shop', 'shop'],
    ['follows a literal prefix', 'scope=tenant=shop a', 'shop'],
    ['follows a literal prefix and a space', ' scope= tenant=shop', 'shop'],
    ['may be repeated', 'scope=tenant=shop a tenant=shop', 'shop'],
    ['may have any character of RFC 6749 section 3.3', 'tenant=a=b,tenant=c', 'a=b,tenant=c'],
    ['is none in an empty text', '', undefined],
    ['is none without such an entry', 'scope=a b', undefined],
    ['is none within a scope', 'my_tenant=shop a', undefined],
    ['is none in another case', 'Tenant=shop', undefined],
  ])('%s', (_, text, tenant) => {
    expect(Scopes.parseTenant(text)).toBe(tenant);
  });

  test.each([
    ['two tenants', 'tenant=shop a tenant=other', 'more than one tenant'],
    ['two tenants after a prefix', 'scope=tenant=shop tenant=other', 'more than one tenant'],
    ['a tenant and an empty one', 'tenant=shop tenant=', 'more than one tenant'],
    ['an empty tenant', 'a tenant=', 'must name a tenant'],
    ['a quote', 'tenant="shop"', 'must name a tenant'],
    ['a line feed', 'tenant=shop\n', 'must name a tenant'],
    ['a letter outside ASCII', 'tenant=größe', 'must name a tenant'],
  ])('is refused if there is %s', (_, text, problem) => {
    expect(() => Scopes.parseTenant(text)).toThrow(VendingError);
    expect(() => Scopes.parseTenant(text)).toThrow(problem);
  });

  test('is every tenant= entry that is no scope', () => {
    const entry = fc.oneof(scopeToken, fc.constantFrom('tenant=shop', 'scope=a', 'atenant=b', ''));
    fc.assert(
      fc.property(fc.array(entry), fc.constantFrom('', ' ', 'scope=', ' scope= '), (entries, prefix) => {
        const text = prefix + entries.join(' ');
        const tenant = Scopes.parseTenant(text);
        const count = text
          .replace(/^ *scope=/, '')
          .split(' ')
          .filter((one) => one === 'tenant=shop').length;
        expect(tenant).toBe(count > 0 ? 'shop' : undefined);
        if (text.trim() !== '') expect(String(Scopes.parse(text) ?? '')).not.toContain('tenant=shop');
      }),
    );
  });
});

describe('a scope of a server in an error', () => {
  test.each([
    ['is printed if it is scope syntax', 'order.order_read', 'order.order_read'],
    ['is printed at 100 characters', 'a'.repeat(100), 'a'.repeat(100)],
    ['is not printed at 101 characters', 'a'.repeat(101), '(too long)'],
    ['is not printed with a line feed', 'a\nb', '(not scope syntax)'],
    ['is not printed with a quote', 'a"b', '(not scope syntax)'],
    ['is not printed if it is empty', '', '(not scope syntax)'],
  ])('%s', (_, scope, text) => {
    expect(printable(scope)).toBe(text);
  });
});

describe('the scopes that a server grants', () => {
  test.each([
    ['are read as the tutorial shows them', 'scope=b.read a.write tenant=yourtenant', 'a.write b.read', 'yourtenant'],
    ['are read with the tenant at the start', 'tenant=yourtenant b a', 'a b', 'yourtenant'],
    ['are read without a tenant', 'a b', 'a b', undefined],
    ['are read with only a tenant', 'scope= tenant=yourtenant', '', 'yourtenant'],
    ['are read with one tenant that is named twice', 'tenant=mine a tenant=mine', 'a', 'mine'],
    ['are read from an empty text', '', '', undefined],
  ])('%s', (_, text, scopes, tenant) => {
    const granted = Scopes.parseGranted(text, undefined);
    expect(String(granted.scopes)).toBe(scopes);
    expect(granted.tenant).toBe(tenant);
  });

  test.each<[string, string | string[], string, string]>([
    ['a list', ['b', 'a', 'b'], 'a b', 'a b'],
    ['a list of texts with several scopes, and a tenant', ['b c', 'a', 'tenant=mine'], 'a b c', 'a b c'],
    ['an empty list', [], 'a', ''],
    ['line feeds, tabs and repeated spaces', 'b\na\r\n\tc  d\n', 'a b c d', 'a b c d'],
    ['commas between scopes that were requested', 'a,b', 'a b', 'a b'],
    ['commas and spaces', 'a, b,c', 'a b c', 'a b c'],
    ['commas, where a scope was added', 'a,evil', 'a b', 'a evil'],
    ['a comma that belongs to a requested scope', 'a,b', 'a,b', 'a,b'],
    ['a comma between scopes that nobody requested', 'c,d', 'a', 'c,d'],
  ])('are read from %s', (_, granted, requested, scopes) => {
    expect(String(Scopes.parseGranted(granted, Scopes.parse(requested)).scopes)).toBe(scopes);
  });

  test.each([
    ['tenant=mine,a,b', 'a b'],
    ['a,b,tenant=mine', 'a b'],
    ['scope=a,tenant=mine,b', 'a b'],
    ['scope=tenant=mine a,b', 'a b'],
  ])('are read with the tenant that is between commas: %s', (text, scopes) => {
    const granted = Scopes.parseGranted(text, Scopes.parse('a b'));
    expect([String(granted.scopes), granted.tenant]).toEqual([scopes, 'mine']);
  });

  test.each([
    ['tenant=mine,a,b', 'a b'],
    ['a,b,tenant=mine', 'a b'],
    ['scope=tenant=mine,a', 'a'],
    ['tenant=mine,', ''],
    ['tenant=mine c,d', 'c,d'],
  ])('are read with the tenant that is between commas where none was requested: %s', (text, scopes) => {
    const granted = Scopes.parseGranted(text, undefined);
    expect([String(granted.scopes), granted.tenant]).toEqual([scopes, 'mine']);
  });

  test.each<[string | string[]]>([
    ['tenant=mine a tenant=other'],
    ['scope=tenant=other a\ntenant=mine'],
    [['tenant=mine', 'a', 'tenant=other']],
    ['tenant=mine tenant='],
    ['tenant=mine,a,tenant=other'],
  ])('are not believed if they name two tenants: %j', (granted) => {
    expect(() => Scopes.parseGranted(granted, Scopes.parse('a'))).toThrow(
      new VendingError('unusable_answer', "the authorization server's answer names more than one tenant"),
    );
  });

  test('are compared with others in canonical order', () => {
    expect(Scopes.of(['c', 'a', 'b']).missingFrom(Scopes.of(['b']))).toEqual(['a', 'c']);
    expect(Scopes.of(['a']).missingFrom(Scopes.of(['a', 'b']))).toEqual([]);
  });
});
