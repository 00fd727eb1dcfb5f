// How the endpoint reads what callers send.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PARAMETERS, parseVendRequest } from '../../../../lambda/vend/http/vend-request.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const AUDIENCE = 'https://api.example';

interface Sent {
  readonly type?: string | undefined;
  readonly query?: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The request that is read from a body. A function URL passes JSON on as text, and all else in base64. */
function read(body: string | Uint8Array, { type = FORM, query = '', parameters = {} }: Sent = {}) {
  const isBase64Encoded = !type.startsWith(JSON_TYPE);
  const event = {
    rawQueryString: query,
    headers: type === '' ? {} : { 'content-type': type },
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded,
  };
  return parseVendRequest(event, { profile: 'orders', parameters });
}
const readJson = (body: unknown, sent: Sent = {}) =>
  read(typeof body === 'string' ? body : JSON.stringify(body), { type: JSON_TYPE, ...sent });

const scopesOf = (request: ReturnType<typeof read>) => request.scopes?.toString();
const failureOf = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};
const expectInvalid = (call: () => unknown, part: string | RegExp) =>
  expect(failureOf(call)).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(part) });

describe('the charset that a content type names', () => {
  test.each([
    'ISO-8859-1',
    'iso-8859-15',
    'us-ascii',
    'latin1',
    'windows-1252',
    'shift_jis',
    'gb18030',
    'UTF8',
    '"utf-8"',
    '"us-ascii"',
  ])('%s makes no difference to a body of ASCII', (charset) => {
    expect(scopesOf(read('scope=a%2Eone', { type: `${FORM}; charset=${charset}` }))).toBe('a.one');
    expect(scopesOf(readJson({ scope: 'a.one' }, { type: `${JSON_TYPE};charset=${charset}` }))).toBe('a.one');
  });

  test.each(['utf-16', 'utf-16le', 'utf-16be', 'utf-32', 'utf-7', 'iso-2022-kr', 'ebcdic-cp-us', 'made-up', ''])(
    '"%s" is refused, because the body would read differently, or nobody knows how',
    (charset) => {
      expectInvalid(() => read('scope=a.one', { type: `${FORM};charset=${charset}` }), 'send UTF-8');
      expectInvalid(() => readJson({ scope: 'a.one' }, { type: `${JSON_TYPE};charset=${charset}` }), 'send UTF-8');
    },
  );

  test.each([
    ['Latin-1', Buffer.from('x=größe', 'latin1'), 'iso-8859-1', 'not UTF-8'],
    ['Latin-1 that is also UTF-8', Buffer.from('x=Ã¤', 'latin1'), 'iso-8859-1', 'reads differently'],
    ['UTF-8 that is said to be ASCII', 'x=größe', 'us-ascii', 'reads differently'],
    ['Japanese', Buffer.of(0x78, 0x3d, 0x1b, 0x24, 0x42, 0x24, 0x22), 'iso-2022-jp', 'reads differently'],
  ])('makes a body of %s a mistake', (_, body, charset, problem) => {
    expectInvalid(() => read(body, { type: `${FORM};charset=${charset}` }), problem);
  });
});

test('a byte order mark before the body makes no difference', () => {
  expect(scopesOf(read('\uFEFFscope=a.one'))).toBe('a.one');
  expect(scopesOf(readJson('\uFEFF{"scope":"a.one"}'))).toBe('a.one');
  expect(scopesOf(readJson('\uFEFF{"scope":"a.one"}', { type: `${JSON_TYPE};charset=utf-8` }))).toBe('a.one');
  expect(scopesOf(readJson('\uFEFF'))).toBeUndefined();
});

describe('a content type that does not fit the body', () => {
  const meansForm = `send content-type ${FORM}$`;
  const meansJson = `send content-type ${JSON_TYPE}$`;
  test.each([
    ['a form as JSON', JSON_TYPE, 'scope=canary', `content-type is ${JSON_TYPE}, but the body is a form: ${meansForm}`],
    ['a form with an escape as JSON', JSON_TYPE, '&sc%6fpe=canary', meansForm],
    [
      'a JSON object as a form',
      FORM,
      '{"scope":"canary"}',
      `content-type is ${FORM}, but the body is JSON: ${meansJson}`,
    ],
    ['indented JSON as a form', FORM, ' \r\n\t{ "scope": "canary=1" }', meansJson],
    ['a JSON list as a form', FORM, '["canary"]', meansJson],
    ['a JSON text as a form', FORM, '"canary"', meansJson],
    ['JSON that is cut off as a form', FORM, '{"scope":"canary', meansJson],
    ['a form without a type', '', 'scope=canary', `content-type is missing, but the body is a form: ${meansForm}`],
    ['JSON without a type', '', '{"scope":"canary"}', `content-type is missing, but the body is JSON: ${meansJson}`],
    ['anything else without a type', '', '<canary/>', `content-type is missing: send .*${FORM} or ${JSON_TYPE}$`],
    ['a form as plain text', 'text/plain', 'scope=canary', `content-type is text/plain, but .* form: ${meansForm}`],
    [
      'JSON of another kind',
      'application/ld+json',
      '{}',
      `is application/ld\\+json, but the body is JSON: ${meansJson}`,
    ],
    ['two types', `${JSON_TYPE}, ${FORM}`, '{}', `content-type is not one media type, but .*: ${meansJson}`],
    ['a type that is no type', '"canary"', '{}', 'content-type is not one media type'],
    ['null as JSON', JSON_TYPE, 'null', 'the body is null: send a JSON object'],
    ['a list as JSON', JSON_TYPE, '["canary"]', 'the body is a list: send a JSON object'],
    ['a text as JSON', JSON_TYPE, '"scope=canary"', 'the body is a string: send a JSON object'],
    ['a number as JSON', JSON_TYPE, '1', 'the body is a number: send a JSON object'],
    ['a boolean as JSON', JSON_TYPE, 'true', 'the body is a boolean: send a JSON object'],
    ['no JSON as JSON', JSON_TYPE, 'canary', `content-type is ${JSON_TYPE}, but the body is not JSON`],
    ['no form as a form', FORM, 'scope=%ffcanary', `content-type is ${FORM}, but the body is not form-encoded`],
  ])('is named with what was meant, without a word of the body: %s', (_, type, body, problem) => {
    const failure = failureOf(() => read(body, { type }));
    expect(failure).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(problem) });
    expect(String(failure)).not.toContain('canary');
  });
});

describe('a name that differs from a known one only in case, separators, a plural or an index', () => {
  const variants: [string, string][] = [
    ['scopes', 'scope'],
    ['Scope', 'scope'],
    ['SCOPES', 'scope'],
    ['scope[]', 'scope'],
    ['scope[0]', 'scope'],
    ['Scopes[12]', 'scope'],
    ['minTtl[1]', 'min_ttl'],
    ['resource[0][1]', 'resource'],
    [' scope', 'scope'],
    ['"scope', 'scope'],
    ['minTtl', 'min_ttl'],
    ['min-ttl', 'min_ttl'],
    ['min.ttl', 'min_ttl'],
    ['MinTTL', 'min_ttl'],
    ['minttl', 'min_ttl'],
    ['GRANT_TYPE', 'grant_type'],
    ['grantType', 'grant_type'],
    ['clientId', 'client_id'],
    ['client-secret', 'client_secret'],
    ['clientSecret', 'client_secret'],
    ['rejectedTokenSha256', 'rejected_token_sha256'],
    ['rejected-token-sha-256', 'rejected_token_sha256'],
    ['audiences', 'audience'],
    ['Audience', 'audience'],
    ['resources', 'resource'],
    ['RESOURCE', 'resource'],
    ['authorizationDetails', 'authorization_details'],
    ['authorization_detail', 'authorization_details'],
  ];
  test.each(variants)('%s is refused as %s in a form, in JSON and in the query string', (name, meant) => {
    const encoded = encodeURIComponent(name);
    const problem = `almost like ${meant}: its name must be ${meant}$`;
    expectInvalid(() => read(`${encoded}=1`), problem);
    expectInvalid(() => read(`scope=a.one&${encoded}`), problem);
    expectInvalid(() => readJson({ [name]: '1' }), problem);
    expectInvalid(() => read('', { query: `${encoded}=1` }), `^${meant} must be sent in the body`);
  });

  test.each([
    'scop',
    'scope2',
    'scope[a]',
    'scopescope',
    'the_scope',
    'min',
    'ttl',
    'min_ttl_ms',
    'client',
    'clientele_id',
    'audience_id',
    'resource_type',
    'requested_token_type',
    'client_assertion',
    'state',
    '_',
    '',
    's',
  ])('"%s" is another name, and is ignored', (name) => {
    expect(scopesOf(read(`${name}=1&scope=a.one`))).toBe('a.one');
    expect(scopesOf(readJson({ [name]: '1', scope: 'a.one' }))).toBe('a.one');
    expect(scopesOf(read('scope=a.one', { query: `${name}=1` }))).toBe('a.one');
  });
});

test.each(PARAMETERS)('%s in the query string is refused, because it would be overlooked', (name) => {
  for (const query of [
    `${name}=1`,
    name,
    `trace=1&${name}=`,
    `%${name.charCodeAt(0).toString(16)}${name.slice(1)}=1`,
  ]) {
    expectInvalid(() => read('', { query }), `^${name} must be sent in the body`);
  }
});

describe('an unknown parameter is ignored', () => {
  const PROTOTYPE_NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'prototype'];

  test.each(PROTOTYPE_NAMES)('even if every object has a %s', (name) => {
    expect(scopesOf(read(`${name}=1&scope=a.one&${name}=2`))).toBe('a.one');
    expect(scopesOf(readJson(`{"${name}":{"scope":"b"},"scope":"a.one","${name}":1}`))).toBe('a.one');
    expect(scopesOf(read('scope=a.one', { query: `${name}=1&${name}[scope]=b` }))).toBe('a.one');
    expect(scopesOf(read('scope=a.one', { query: `?${name}` }))).toBe('a.one');
  });

  test('whatever its value is, repeated or not', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 4 }), fc.nat(4), (values, place) => {
        const members = values.map((value) => `"x" : ${JSON.stringify(value)}`);
        const body = `{${members.toSpliced(place, 0, '"scope":"a.one"').join(' ,\n')}}`;
        expect(scopesOf(readJson(body))).toBe('a.one');
      }),
    );
  });

  test.each([
    ['in an object', '{"x":{"scope":"b","scopes":"c","scope":"d"},"scope":"a.one"}'],
    ['in a list', '{"scope":"a.one","x":[{"scope":"b"},[{"min_ttl":true}]]}'],
    ['in a text', '{"x":"{\\"scope\\":\\"b\\",","scope":"a.one","y":"}]"}'],
    ['in a text that ends in a backslash', '{"x":"\\\\","scope":"a.one","y":"\\\\\\""}'],
  ])('with all that is %s', (_, body) => {
    expect(scopesOf(readJson(body))).toBe('a.one');
  });
});

describe('a known parameter', () => {
  const repeatable = ['audience', 'resource', 'authorization_details'];
  test.each(PARAMETERS.filter((name) => !repeatable.includes(name)))('%s may not be repeated', (name) => {
    const escaped = `\\u${name.charCodeAt(0).toString(16).padStart(4, '0')}${name.slice(1)}`;
    expectInvalid(() => read(`${name}=&${name}=`), `^${name} is repeated$`);
    expectInvalid(
      () => read(`${name}=a&x=1&${encodeURIComponent(name).replace('_', '%5F')}=a`),
      `^${name} is repeated$`,
    );
    for (const second of [name, escaped]) {
      for (const value of ['null', '""', '"a"', '{"a":[]}']) {
        expectInvalid(() => readJson(`{"${name}" :${value},"x":{}, "${second}"\n: null}`), `^${name} is repeated$`);
      }
    }
  });

  test.each(PARAMETERS)('%s without a value, or null in JSON, counts as left out', (name) => {
    const leftOut = { scopes: undefined, tenant: undefined, minTtlMs: 0, rejectedTokenSha256: undefined };
    expect(read(`${name}=`)).toEqual(leftOut);
    expect(read(name)).toEqual(leftOut);
    expect(readJson({ [name]: null })).toEqual(leftOut);
    expect(readJson({ [name]: '' })).toEqual(leftOut);
  });

  test.each<[unknown, string]>([
    [['a.one'], 'a list'],
    [[], 'a list'],
    [{}, 'an object'],
    [{ scope: 'a' }, 'an object'],
    [true, 'a boolean'],
    [false, 'a boolean'],
  ])('may not be %j', (value, kind) => {
    for (const name of PARAMETERS.filter((one) => !repeatable.includes(one))) {
      expectInvalid(() => readJson({ [name]: value }), `^${name} must be a string or a number, not ${kind}$`);
    }
  });
});

describe.each(['audience', 'resource', 'authorization_details', 'organization'])('%s', (name) => {
  const configured: Sent = { parameters: { [name]: AUDIENCE } };
  const encoded = encodeURIComponent(AUDIENCE);

  test.each<[string, () => unknown]>([
    ['in a form', () => read(`${name}=${encoded}`, configured)],
    ['repeated in a form', () => read(`${name}=${encoded}&${name}=&${name}=${encoded}`, configured)],
    ['in JSON', () => readJson({ [name]: AUDIENCE }, configured)],
    ['in a list', () => readJson({ [name]: [AUDIENCE, AUDIENCE, ''] }, configured)],
    ['in an empty list', () => readJson({ [name]: [] })],
    ['repeated in JSON', () => readJson(`{"${name}":"${AUDIENCE}","${name}":["${AUDIENCE}"]}`, configured)],
    ['empty', () => read(`${name}=`)],
    ['as a number', () => readJson({ [name]: 7 }, { parameters: { [name]: '7' } })],
  ])('may be the configured one or empty: %s', (_, call) => {
    expect(call()).toMatchObject({ minTtlMs: 0 });
  });

  test.each<[string, () => unknown]>([
    ['another one in a form', () => read(`${name}=canary`, configured)],
    ['another case', () => read(`${name}=${encoded.toUpperCase()}`, configured)],
    ['a slash more', () => read(`${name}=${encoded}/`, configured)],
    ['another one first', () => read(`${name}=canary&${name}=${encoded}`, configured)],
    ['another one last', () => read(`${name}=${encoded}&${name}=canary`, configured)],
    ['another one in a list', () => readJson({ [name]: [AUDIENCE, 'canary'] }, configured)],
    ['another one first in JSON', () => readJson(`{"${name}":"canary","${name}":"${AUDIENCE}"}`, configured)],
    ['another one last in JSON', () => readJson(`{"${name}":"${AUDIENCE}","${name}":"canary"}`, configured)],
    ['the name of what every object has', () => read(`${name}=constructor`, configured)],
  ])('may not be %s', (_, call) => {
    const failure = failureOf(call);
    expect(failure).toMatchObject({ code: 'invalid_target', message: expect.stringContaining(name) });
    expect(String(failure)).not.toContain('canary');
  });

  test.each<[unknown, string]>([
    [{}, 'an object'],
    [true, 'a boolean'],
    [[AUDIENCE, {}], 'an object'],
    [[[AUDIENCE]], 'a list'],
    [[false], 'a boolean'],
    [[null], 'null'],
    [[AUDIENCE, null], 'null'],
  ])('may not be %j', (value, kind) => {
    expectInvalid(() => readJson({ [name]: value }, configured), `^${name} must be .*, not ${kind}$`);
  });
});

describe('a parameter that only this credential sends', () => {
  const configured: Sent = { parameters: { organization: 'x', min_ttl: '7', Scope: 'y', AUDIENCE: 'z' } };

  test('is ignored, like any other, where none is configured', () => {
    expect(scopesOf(read('organization=canary&scope=a.one'))).toBe('a.one');
  });

  test.each(['Organization', 'organizations', 'organization[0]'])('may not be named almost so: %s', (name) => {
    const problem = 'named almost like organization: its name must be organization$';
    expectInvalid(() => read(`${encodeURIComponent(name)}=x`, configured), problem);
    expectInvalid(() => read('', { ...configured, query: `${name}=x` }), '^organization must be sent in the body');
  });

  test('makes no difference to those that this service reads itself', () => {
    expect(read('min_ttl=60&scope=a.one', configured)).toMatchObject({ minTtlMs: 60_000 });
    expectInvalid(() => read('Scope=y', configured), 'almost like scope');
    expect(failureOf(() => read('audience=z', configured))).toMatchObject({ code: 'invalid_target' });
  });
});

test('authorization details of RFC 9396 are refused, because they would be overlooked', () => {
  const details = [{ type: 'payment', actions: ['canary'] }];
  const failure = failureOf(() => read(`authorization_details=${encodeURIComponent(JSON.stringify(details))}`));
  expect(failure).toMatchObject({
    code: 'invalid_target',
    message: "authorization_details must not be sent: this profile's credential has none among its parameters",
  });
  expectInvalid(
    () => readJson({ authorization_details: details }),
    '^authorization_details must be .*, not an object$',
  );
});

test.each(['audience', 'resource', 'authorization_details'])('%s may not be sent where none is configured', (name) => {
  const other = name === 'audience' ? 'resource' : 'audience';
  for (const parameters of [{}, { [other]: AUDIENCE }, { [name.toUpperCase()]: AUDIENCE }]) {
    const failure = failureOf(() => read(`${name}=${encodeURIComponent(AUDIENCE)}`, { parameters }));
    expect(failure).toMatchObject({ code: 'invalid_target', message: expect.stringContaining(name) });
  }
  expect(failureOf(() => read(`${name}=constructor`))).toMatchObject({ code: 'invalid_target' });
});

test.each([
  ['client_secret=x', 'client_secret must not be sent'],
  ['client_secret=0', 'client_secret must not be sent'],
  ['client_id=Orders', 'client_id, if sent, must be orders'],
])('%s is refused', (body, problem) => {
  expectInvalid(() => read(body), problem);
});

test.each([
  ['scope=tenant%3Dshop+a.one', 'a.one', 'shop'],
  ['scope=scope%3Da.one+tenant%3Dshop', 'a.one', 'shop'],
  ['scope=tenant%3Dshop', undefined, 'shop'],
  ['scope=a.one', 'a.one', undefined],
])('%s asks for the scopes %s of the tenant %s', (body, scopes, tenant) => {
  const request = read(body);
  expect([scopesOf(request), request.tenant]).toEqual([scopes, tenant]);
});
