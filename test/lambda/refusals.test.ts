// Requests that are refused. Each is signed and sent over HTTP to the bundle as it is deployed.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LocalMode } from '../../local/local-mode.ts';
import { sign } from '../../local/sign.ts';
import { startBundledLocalMode } from '../../testing/bundled-local-mode.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const KIB_16 = 16 * 1024;

let mode: LocalMode;
const printed: string[] = [];

beforeAll(async () => {
  mode = await startBundledLocalMode({
    profileName: 'catalog-reader',
    profile: {
      clientAuthentication: 'client_secret_post',
      scopes: ['order.order_read', 'price.price_manage', 'not.held'],
      tenant: 'yourtenant',
      parameters: { audience: 'https://api.example' },
    },
    emporix: { scopes: ['order.order_read', 'price.price_manage'] },
    instances: 1,
    write: (text) => printed.push(text),
  });
});
afterAll(() => mode.close());

interface Request {
  readonly type?: string;
  readonly body?: string | Uint8Array;
  readonly path?: string;
  readonly method?: string;
}

async function send({ type, body = '', path = '/oauth/token', method = 'POST' }: Request) {
  const url = `${mode.url}${path}`;
  const request = await sign(url, { method, body, headers: type === undefined ? {} : { 'content-type': type } });
  // fetch adds a content type of its own to text.
  const response = await fetch(url, { ...request, body: request.body && Buffer.from(request.body) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const form = (body: string | Uint8Array, type = FORM): Request => ({ type, body });
const json = (body: unknown): Request => ({
  type: JSON_TYPE,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

const INVALID_REQUEST: [string, Request, RegExp][] = [
  ['a body without a content type', { body: 'scope=order.order_read' }, /content-type/],
  ['plain text', form('scope=order.order_read', 'text/plain'), /content-type/],
  ['XML', form('<scope/>', 'application/xml'), /content-type/],
  ['a multipart form', form('--x--', 'multipart/form-data; boundary=x'), /content-type/],
  ['a content type that only begins like a form', form('scope=a', `${FORM}ed`), /content-type/],
  ['JSON with another JSON content type', form('{}', 'application/problem+json'), /content-type/],
  ['an unknown charset', form('scope=a', `${FORM}; charset=utf-7`), /charset.*send UTF-8/],
  ['JSON in another charset', form('{}', 'application/json; charset="utf-16"'), /charset.*send UTF-8/],
  ['a form in Latin-1', form(Buffer.from('x=größe', 'latin1'), `${FORM}; charset=iso-8859-1`), /not UTF-8/],
  ['UTF-8 that is said to be Latin-1', form('x=größe', `${FORM}; charset=iso-8859-1`), /differently.*send UTF-8/],
  ['a form over 16 KiB', form(`x=${'a'.repeat(KIB_16 - 1)}`), /16 KiB/],
  ['JSON over 16 KiB', json(`{"x":"${'a'.repeat(KIB_16)}"}`), /16 KiB/],
  ['JSON over 16 KiB in bytes, not in characters', json(`{"x":"${'é'.repeat(KIB_16 / 2)}"}`), /16 KiB/],
  ['a form that is not UTF-8', form(Uint8Array.of(0x78, 0x3d, 0xff)), /UTF-8/],
  ['a form with half a character', form(Uint8Array.of(0x78, 0x3d, 0xc3)), /UTF-8/],
  ['a form with a surrogate', form(Uint8Array.of(0x78, 0x3d, 0xed, 0xa0, 0x80)), /UTF-8/],
  ['an escape that is not UTF-8', form('scope=%ff'), /form-encoded/],
  ['an escape that is not hexadecimal', form('scope=%zz'), /form-encoded/],
  ['an escape that is cut off', form('scope=a%2'), /form-encoded/],
  ['an escape in a name that is not UTF-8', form('%ff=a'), /form-encoded/],
  ['a scope repeated', form('scope=order.order_read&scope=price.price_manage'), /repeated/],
  ['a scope repeated with the same value', form('scope=order.order_read&scope=order.order_read'), /repeated/],
  ['a scope repeated under an escape', form('scope=order.order_read&sc%6fpe=price.price_manage'), /repeated/],
  ['a grant type repeated', form('grant_type=client_credentials&grant_type=client_credentials'), /repeated/],
  ['a name repeated in JSON', json('{"scope":"order.order_read","scope":"price.price_manage"}'), /repeated/],
  ['a name repeated in JSON under an escape', json('{"scope":"order.order_read","sc\\u006fpe":"x"}'), /repeated/],
  ['client_secret in a form', form('client_secret=canary'), /client_secret/],
  ['client_secret in JSON', json({ client_secret: 'canary' }), /client_secret/],
  [
    'client_secret beside valid parameters',
    form('grant_type=client_credentials&client_id=catalog-reader&client_secret=canary'),
    /client_secret/,
  ],
  ["another profile's client_id", form('client_id=orders'), /client_id.*catalog-reader/],
  ['a client_id in another case', form('client_id=Catalog-Reader'), /client_id/],
  ['JSON that is cut off', json('{"scope":'), /not JSON/],
  ['JSON with a comma too many', json('{"scope":"order.order_read",}'), /not JSON/],
  ['a list', json([]), /JSON object/],
  ['a text', json('"scope"'), /JSON object/],
  ['a number', json('1'), /JSON object/],
  ['null', json('null'), /JSON object/],
  ['a scope that is a list', json({ scope: ['order.order_read'] }), /scope must be a string or a number, not a list/],
  ['a scope that is an object', json({ scope: {} }), /scope must be a string or a number, not an object/],
  ['a min_ttl that is true', json({ min_ttl: true }), /min_ttl must be a string or a number, not a boolean/],
  ['a form that is labelled as JSON', form('scope=order.order_read', JSON_TYPE), /is a form: send content-type .*form/],
  ['JSON that is labelled as a form', form('{"scope":"a"}'), /is JSON: send content-type application.json/],
  ['a parameter with another name', form('scopes=order.order_read'), /almost like scope/],
  ['a min_ttl that is not a number', form('min_ttl=soon'), /min_ttl/],
  ['a negative min_ttl', form('min_ttl=-1'), /min_ttl/],
  ['a min_ttl with a fraction', form('min_ttl=1.5'), /min_ttl/],
  ['a min_ttl with a fraction in JSON', json({ min_ttl: 1.5 }), /min_ttl/],
  ['a min_ttl in hexadecimal', form('min_ttl=0x10'), /min_ttl/],
  ['a min_ttl with an exponent', form('min_ttl=1e3'), /min_ttl/],
  ['a min_ttl with a unit', form('min_ttl=60s'), /min_ttl/],
  ['a min_ttl of 40 digits', form(`min_ttl=${'9'.repeat(40)}`), /min_ttl/],
  ['a rejected_token_sha256 that is too short', form('rejected_token_sha256=abc'), /rejected_token_sha256/],
  ['a rejected_token_sha256 that is a token', form(`rejected_token_sha256=${'z'.repeat(64)}`), /rejected_token_sha256/],
  [
    'a rejected_token_sha256 that is too long',
    form(`rejected_token_sha256=${'a'.repeat(65)}`),
    /rejected_token_sha256/,
  ],
  ['a scope in the query string', { path: '/oauth/token?scope=order.order_read' }, /query string/],
  ['a client_secret in the query string', { path: '/?client_secret=canary' }, /query string/],
];

const INVALID_SCOPE: [string, Request, RegExp][] = [
  ['a scope with a quote', form('scope=%22order.order_read%22'), /RFC 6749 section 3.3/],
  ['a scope with a backslash', form('scope=order%5Corder_read'), /RFC 6749 section 3.3/],
  ['a scope with a tab', form('scope=order.order_read%09price.price_manage'), /RFC 6749 section 3.3/],
  ['a scope with a line feed', form('scope=order.order_read%0A'), /RFC 6749 section 3.3/],
  ['a scope with a NUL', form('scope=%00'), /RFC 6749 section 3.3/],
  ['a scope in JSON with a control character', json({ scope: 'order.order_read\u0001' }), /RFC 6749 section 3.3/],
  ['a scope with a DEL', form('scope=a%7F'), /RFC 6749 section 3.3/],
  ['a scope with a letter outside ASCII', form('scope=größe'), /RFC 6749 section 3.3/],
  ['a scope of spaces only', form('scope=+++'), /RFC 6749 section 3.3/],
  ['a scope outside the allow-list', form('scope=media.asset_manage'), /profile catalog-reader: media.asset_manage$/],
  [
    'two scopes of which one is outside the allow-list',
    json({ scope: 'media.asset_manage order.order_read' }),
    /: media.asset_manage$/,
  ],
  ['a scope in another case', form('scope=Order.Order_Read'), /profile catalog-reader: Order.Order_Read$/],
  [
    'a scope that the credential lacks',
    form('scope=order.order_read+not.held'),
    /not granted to the credential: not.held$/,
  ],
  [
    'a scope of another tenant',
    form('scope=tenant%3Dother+order.order_read'),
    /names tenant other, but profile catalog-reader/,
  ],
  ['two tenants', form('scope=tenant%3Dyourtenant+tenant%3Dother'), /more than one tenant/],
  ['a number that is not a scope of the profile', json({ scope: 42 }), /: 42$/],
];

const INVALID_TARGET: [string, Request, RegExp][] = [
  [
    'an audience',
    form('audience=https%3A%2F%2Felsewhere.example'),
    /audience.*parameters of this profile's credential/,
  ],
  ['a resource', json({ resource: ['https://api.example'] }), /resource must not be sent/],
];

const GRANT_TYPE: [string, Request][] = [
  ['authorization_code', form('grant_type=authorization_code')],
  ['refresh_token', json({ grant_type: 'refresh_token' })],
  ['password', form('grant_type=password&username=a&password=canary')],
  ['client_credentials in another case', form('grant_type=CLIENT_CREDENTIALS')],
  ['a number', json({ grant_type: 1 })],
];

async function expectRefused(request: Request, status: number, error: string, description: RegExp) {
  const response = await send(request);
  expect({ ...response, headers: undefined }).toMatchObject({ status });
  const body: unknown = JSON.parse(response.body);
  expect(body).toEqual({
    error,
    error_description: expect.stringMatching(description),
    request_id: expect.any(String),
  });
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(response.body).not.toContain('canary');
}

describe('the answer is 400 invalid_request', () => {
  test.each(INVALID_REQUEST)('for %s', async (_, request, description) => {
    await expectRefused(request, 400, 'invalid_request', description);
  });
});

describe('the answer is 400 invalid_scope', () => {
  test.each(INVALID_SCOPE)('for %s', async (_, request, description) => {
    await expectRefused(request, 400, 'invalid_scope', description);
  });
});

describe('the answer is 400 invalid_target', () => {
  test.each(INVALID_TARGET)('for %s that is not the configured one', async (_, request, description) => {
    await expectRefused(request, 400, 'invalid_target', description);
  });
});

describe('the answer is 400 unsupported_grant_type', () => {
  test.each(GRANT_TYPE)('if the grant_type is %s', async (_, request) => {
    await expectRefused(request, 400, 'unsupported_grant_type', /client_credentials/);
  });
});

describe('the answer is 404', () => {
  test.each(['/oauth', '/oauth/tokens', '/OAuth/Token', '/.well-known/openid-configuration', '/favicon.ico'])(
    'for the path %s',
    async (path) => {
      await expectRefused({ path }, 404, 'not_found', /POST \/oauth\/token/);
    },
  );
});

describe('the answer is 405', () => {
  test.each([
    ['GET', '/oauth/token', 'POST'],
    ['PUT', '/oauth/token', 'POST'],
    ['DELETE', '/', 'POST'],
    ['OPTIONS', '/oauth/token', 'POST'],
    ['POST', '/.well-known/oauth-authorization-server', 'GET'],
  ])('for %s %s', async (method, path, allow) => {
    await expectRefused({ method, path }, 405, 'method_not_allowed', new RegExp(allow));
    expect((await send({ method, path })).headers.get('allow')).toBe(allow);
  });
});

test('of all these requests, only the one for a scope that the credential lacks reached the authorization server', () => {
  expect(mode.emporix?.requests.map(({ params }) => params.scope)).toEqual(['not.held order.order_read']);
});

test('each refusal is logged, without the values that were sent', () => {
  const refused = printed
    .join('')
    .split('\n')
    .filter((line) => line.includes('"refused"'));
  expect(refused.length).toBeGreaterThanOrEqual(
    [INVALID_REQUEST, INVALID_SCOPE, INVALID_TARGET, GRANT_TYPE].flat().length,
  );
  expect(printed.join('')).not.toContain('canary');
});

describe('the answer is 200', () => {
  const longest = `x=${'a'.repeat(KIB_16 - 2)}`;
  test.each<[string, Request]>([
    ['no body', {}],
    ['no body at /', { path: '/' }],
    ['an empty form', form('')],
    ['an empty JSON body', form('', JSON_TYPE)],
    ['a body of 16 KiB', form(longest)],
    ['a form', form('grant_type=client_credentials&scope=order.order_read')],
    ['a form with a charset', form('scope=order.order_read', `${FORM};charset=UTF-8`)],
    ['a content type in capitals', form('scope=order.order_read', FORM.toUpperCase())],
    ['a form with stray ampersands', form('&scope=order.order_read&&')],
    ['JSON', json({ grant_type: 'client_credentials', scope: 'order.order_read', min_ttl: 60 })],
    ['JSON with a charset', form('{"scope":"order.order_read"}', 'application/json; charset=utf-8')],
    ['JSON with braces, colons and quotes in text', json({ x: '{"a": "b"}', y: '\\":', scope: 'order.order_read' })],
    [
      'parameters without a value',
      form('grant_type=&scope=&client_id=&client_secret=&min_ttl=&rejected_token_sha256='),
    ],
    ["the profile's name as client_id", form('client_id=catalog-reader')],
    ['a form in Latin-1', form('scope=order%2Eorder_read', `${FORM}; charset=ISO-8859-1`)],
    ['JSON with null', json({ grant_type: null, scope: null, min_ttl: null, audience: null })],
    ['an unknown parameter', form('state=https%3A%2F%2Fapi.example')],
    ['an unknown parameter repeated', form('x=1&x=2')],
    ['unknown parameters of any type', json({ a: [{ scope: 1 }], b: true, c: null, constructor: 1 })],
    ['the configured audience', form('audience=https%3A%2F%2Fapi.example')],
    ['the configured tenant', form('scope=tenant%3Dyourtenant+order.order_read')],
    ['a slash at the end', { path: '/oauth/token/' }],
    ['repeated slashes', { path: '//oauth///token//' }],
    ['unknown query parameters', { path: '/oauth/token?trace=1&state=a&state=b' }],
    ['min_ttl 0', form('min_ttl=0')],
  ])('for %s', async (_, request) => {
    const response = await send(request);
    expect(response.status).toBe(200);
    expect(JSON.parse(response.body)).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
  });
});
