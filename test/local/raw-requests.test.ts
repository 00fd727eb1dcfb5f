// Unusual requests over a socket: each reaches the function as it was sent if its signature is right, and is refused if a
// byte of it was changed.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { formatAmzDate } from '../../local/signature-parameters.ts';
import { type RunningFunction, startFunction } from './handler-folder.ts';
import { sendRaw } from './raw-http.ts';
import { signExactly } from './sign-exactly.ts';

const NOW_MS = Date.parse('2026-11-24T00:05:00Z');
const AMZ_DATE = formatAmzDate(NOW_MS);

let echo: RunningFunction;
beforeAll(async () => {
  echo = await startFunction('export const handler = async (event) => event;', { nowMs: () => NOW_MS });
});
afterAll(() => echo.close());

interface Sent {
  readonly target?: string;
  /** Are signed. */
  readonly headers?: Record<string, string>;
  /** Change the request after it was signed. */
  readonly change?: (line: string) => string;
}

async function send({ target = '/', headers = {}, change = (line) => line }: Sent) {
  const [path = '', query = ''] = target.split('?');
  const dated = { host: new URL(echo.url).host, 'x-amz-date': AMZ_DATE, ...headers };
  const signed = signExactly({ method: 'GET', path, query, headers: dated, body: Buffer.alloc(0) }, NOW_MS);
  const lines = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}`);
  const { status, body } = await sendRaw(
    echo.url,
    [`GET ${target} HTTP/1.1`, ...lines, 'Connection: close'].map(change),
  );
  return { status, event: JSON.parse(body) };
}

describe('a query', () => {
  test.each<[string, Record<string, string>]>([
    ['constructor=1', { constructor: '1' }],
    ['__proto__=1', { ['__proto__']: '1' }],
    ['__proto__=1&__proto__=2', { ['__proto__']: '1,2' }],
    ['hasOwnProperty=x&toString&valueOf=', { hasOwnProperty: 'x', toString: '', valueOf: '' }],
    ['a=1&b=2&a=3', { a: '1,3', b: '2' }],
    ['a=2&a=1', { a: '2,1' }],
    ['a=&a', { a: ',' }],
    ['a=1%2C2', { a: '1,2' }],
    ['a=b+c', { a: 'b c' }],
    ['a=b%20c', { a: 'b c' }],
    ['a=b%2bc', { a: 'b+c' }],
    ['a=b=c', { a: 'b=c' }],
    ['&&a=1&', { a: '1' }],
  ])('%s reaches the function', async (query, parameters) => {
    const { status, event } = await send({ target: `/?${query}` });
    expect([status, event.rawQueryString]).toEqual([200, query]);
    expect(Object.entries(event.queryStringParameters)).toEqual(Object.entries(parameters));
  });

  test.each(['constructor', '__proto__', 'hasOwnProperty'])('%s is refused with another value', async (name) => {
    const change = (line: string) => line.replace(`/?${name}=1`, `/?${name}=2`);
    expect((await send({ target: `/?${name}=1`, change })).status).toBe(403);
  });
});

describe('a header', () => {
  test.each(['constructor', '__proto__', 'hasownproperty', 'tostring'])('%s reaches the function', async (name) => {
    const { status, event } = await send({ headers: { [name]: '1' } });
    expect(status).toBe(200);
    expect(Object.entries(event.headers)).toContainEqual([name, '1']);
  });

  test.each(['constructor', '__proto__', 'x-own'])('%s is refused with another value, or none', async (name) => {
    const headers = { [name]: '1' };
    expect((await send({ headers, change: (line) => line.replace(/^(.*): 1$/, '$1: 2') })).status).toBe(403);
    expect((await send({ headers, change: (line) => line.replace(/^.*: 1$/, 'other: 1') })).status).toBe(403);
  });

  test('that is repeated is signed with its values joined, in the order in which they were sent', async () => {
    const headers = { 'x-own': 'b,a' };
    const inOrder = (line: string) => line.replace('x-own: b,a', 'X-Own: b\r\nx-own:   a');
    const inOtherOrder = (line: string) => line.replace('x-own: b,a', 'X-Own: a\r\nx-own: b');
    expect(await send({ headers, change: inOrder })).toMatchObject({ status: 200, event: { headers } });
    expect(await send({ headers, change: inOtherOrder })).toMatchObject({ status: 403 });
  });

  test('keeps its blanks, and is signed with single ones', async () => {
    const change = (line: string) => line.replace('x-own: a b', 'x-own:  a \t b  ');
    const { status, event } = await send({ headers: { 'x-own': 'a b' }, change });
    expect([status, event.headers['x-own']]).toEqual([200, 'a \t b']);
  });
});

describe('a path', () => {
  test.each(['//oauth/token', '/oauth/./token', '/other/../oauth/token', '/oauth/token/', '/a%20b/%C3%A9', '/a%2fb'])(
    '%s reaches the function as it was sent',
    async (target) => {
      const { status, event } = await send({ target });
      expect([status, event.rawPath]).toEqual([200, target]);
    },
  );

  test.each([
    ['/a%20b', '/a%20c'],
    ['/a%2fb', '/a/b'],
    ['/oauth/token', '/oauth/token/'],
  ])('%s is refused as %s', async (target, sent) => {
    expect((await send({ target, change: (line) => line.replace(`GET ${target} `, `GET ${sent} `) })).status).toBe(403);
  });
});

test('the host may be signed without its port', async () => {
  const change = (line: string) => line.replace('host: 127.0.0.1', `host: ${new URL(echo.url).host}`);
  expect((await send({ headers: { host: '127.0.0.1' }, change })).status).toBe(200);
});
