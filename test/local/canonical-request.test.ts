// What a signature covers: paths and queries that mean the same have one form, and others have another.

import { describe, expect, test } from '@jest/globals';
import { canonicalRequest } from '../../local/canonical-request.ts';

function linesOf(path: string, query: string, headers: Record<string, string> = {}): string[] {
  const request = { method: 'GET', path, query, headers, body: Buffer.alloc(0) };
  return canonicalRequest(request, Object.keys(headers)).split('\n');
}

describe('the path', () => {
  test.each([
    ['/', '/'],
    ['//', '/'],
    ['/oauth/token', '/oauth/token'],
    ['//oauth///token', '/oauth/token'],
    ['/oauth/token/', '/oauth/token/'],
    ['/oauth/token//', '/oauth/token/'],
    ['/./oauth/./token', '/oauth/token'],
    ['/other/../oauth/token', '/oauth/token'],
    ['/../..', '/'],
    ['/a/..', '/'],
    ['/a/../', '/'],
    ['/a/...', '/a/...'],
    ['/a%20b', '/a%2520b'],
    ['/a%2fb', '/a%252fb'],
    ['/a%2Fb', '/a%252Fb'],
    ['/%2e%2e/a', '/%252e%252e/a'],
    ['/a+b', '/a%2Bb'],
    ["/!'()*", '/%21%27%28%29%2A'],
    ['/-._~aZ09', '/-._~aZ09'],
  ])('%s is signed as %s', (path, canonical) => {
    expect(linesOf(path, '')[1]).toBe(canonical);
  });
});

describe('the query', () => {
  test.each([
    ['', ''],
    ['a', 'a='],
    ['a=', 'a='],
    ['=a', '=a'],
    ['&&a=1&', 'a=1'],
    ['b=2&a=1', 'a=1&b=2'],
    ['a=2&a=1', 'a=1&a=2'],
    ['a&a=1&a', 'a=&a=&a=1'],
    ['a-b=1&a=2', 'a=2&a-b=1'],
    ['B=1&a=2', 'B=1&a=2'],
    ['a=b=c', 'a=b%3Dc'],
    ['a=b+c', 'a=b%20c'],
    ['a=b%20c', 'a=b%20c'],
    ['a=b%2Bc', 'a=b%2Bc'],
    ['a+b=1', 'a%20b=1'],
    ['a=%c3%a9', 'a=%C3%A9'],
    ['a=%41%7E%5F', 'a=A~_'],
    ['a=é', 'a=%C3%A9'],
    ['a=%FF', 'a=%FF'],
    ['a=%', 'a=%25'],
    ['a=%zz', 'a=%25zz'],
    ["a=!'()*/:@?", 'a=%21%27%28%29%2A%2F%3A%40%3F'],
    ['__proto__=1&constructor=2&hasOwnProperty', '__proto__=1&constructor=2&hasOwnProperty='],
  ])('%s is signed as %s', (query, canonical) => {
    expect(linesOf('/', query)[2]).toBe(canonical);
  });
});

test.each([
  ['a  b', 'a b'],
  ['  a\t \tb ', 'a b'],
  ['"a   b"', '"a b"'],
  ['a\n  b', 'a b'],
  ['', ''],
  ['A,b, c', 'A,b, c'],
])('the header value %j is signed as %j', (value, canonical) => {
  expect(linesOf('/', '', { 'x-own': value })[3]).toBe(`x-own:${canonical}`);
});
