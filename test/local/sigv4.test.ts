// The check of signatures: a correctly signed request passes, and each fault is refused with Lambda's own message.

import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { SignedRequest } from '../../local/canonical-request.ts';
import { type RequestToSign, sign } from '../../local/sign.ts';
import { formatAmzDate, parseAmzDate, parseAuthorization } from '../../local/signature-parameters.ts';
import { findSignatureProblem } from '../../local/sigv4.ts';
import { signExactly } from './sign-exactly.ts';

const NOW_MS = Date.parse('2026-11-24T00:05:00Z');
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
  'and signing method. Consult the service documentation for details.';
const INVALID = { errorType: 'InvalidSignatureException' };

async function signed(toSign: RequestToSign = {}, target = '/oauth/token'): Promise<SignedRequest> {
  const url = `http://127.0.0.1:8787${target}`;
  const { method, headers, body } = await sign(url, { signingDate: new Date(NOW_MS), ...toSign });
  const [path = '', query = ''] = target.split('?');
  return { method, path, query, headers, body: Buffer.from(body ?? '') };
}

async function check(request: SignedRequest, nowMs = NOW_MS) {
  return findSignatureProblem(request, { ...CREDENTIALS, region: 'eu-central-1', service: 'lambda' }, nowMs);
}

describe('a correctly signed request passes', () => {
  test.each<[string, RequestToSign, string]>([
    ['without a body', {}, '/oauth/token'],
    ['with a form', { body: 'grant_type=client_credentials&scope=a%20b' }, '/oauth/token'],
    ['with bytes of every kind in the body', { body: '\u0000ÿ€😀' }, '/oauth/token'],
    ['with GET', { method: 'GET' }, '/.well-known/oauth-authorization-server'],
    ['with a query', {}, '/?b=2&a=1&a=0&empty=&flag'],
    ['with escapes in the query', {}, '/?scope=a%20b%2Fc%3D%C3%A9&plus=%2B'],
    ['with escapes in the path', {}, '/a%20b/%C3%A9'],
    ['with a header of its own', { headers: { 'x-own': '  two   words ' } }, '/'],
    ['with a session token', { credentials: { ...CREDENTIALS, sessionToken: 'session' } }, '/'],
  ])('%s', async (_, toSign, target) => {
    expect(await check(await signed(toSign, target))).toBeUndefined();
  });

  test('with unsigned headers that were added on the way', async () => {
    const request = await signed();
    const headers = { ...request.headers, 'user-agent': 'curl', 'x-forwarded-for': '10.0.0.1' };
    expect(await check({ ...request, headers })).toBeUndefined();
  });
});

function signedWith(headers: Record<string, string>): SignedRequest {
  return signExactly({ method: 'POST', path: '/', query: '', headers, body: Buffer.alloc(0) }, NOW_MS);
}

function withHeaders(request: SignedRequest, headers: Record<string, string>): SignedRequest {
  return { ...request, headers: { ...request.headers, ...headers } };
}

describe('the time of a signature', () => {
  const HOST = { host: '127.0.0.1' };
  const DATE = 'Tue, 24 Nov 2026 00:05:00 GMT';
  const OTHER_DATE = 'Tue, 24 Nov 2026 00:04:00 GMT';
  const AMZ_DATE = '20261124T000500Z';
  const X_AMZ_DATE = { 'x-amz-date': AMZ_DATE };

  test.each<[string, SignedRequest]>([
    ['X-Amz-Date', signedWith({ ...HOST, ...X_AMZ_DATE })],
    ['Date', signedWith({ ...HOST, date: DATE })],
    ['Date, not signed itself', withHeaders(signedWith(HOST), { date: DATE })],
    ['Date in the form of X-Amz-Date', signedWith({ ...HOST, date: AMZ_DATE })],
    ['X-Amz-Date beside another Date', signedWith({ ...HOST, ...X_AMZ_DATE, date: OTHER_DATE })],
    ['X-Amz-Date beside a Date that is none', signedWith({ ...HOST, ...X_AMZ_DATE, date: 'today' })],
  ])('is accepted in %s', async (_, request) => {
    expect(await check(request)).toBeUndefined();
  });

  test.each<[string, SignedRequest, string]>([
    ['nowhere', signedWith(HOST), 'IncompleteSignatureException'],
    ['in a Date that is none', signedWith({ ...HOST, date: 'today' }), 'IncompleteSignatureException'],
    ['in a Date in seconds', signedWith({ ...HOST, date: '1795478700' }), 'IncompleteSignatureException'],
    [
      'in a Date without a zone',
      signedWith({ ...HOST, date: DATE.replace(' GMT', '') }),
      'IncompleteSignatureException',
    ],
    [
      'in an X-Amz-Date that is none, beside a Date',
      signedWith({ ...HOST, 'x-amz-date': DATE, date: DATE }),
      'IncompleteSignatureException',
    ],
    ['in a Date that was changed', withHeaders(signedWith(HOST), { date: OTHER_DATE }), 'InvalidSignatureException'],
  ])('is refused %s', async (_, request, errorType) => {
    expect(await check(request)).toMatchObject({ errorType });
  });
});

describe('the host', () => {
  const DATED = { 'x-amz-date': '20261124T000500Z' };

  test.each([
    ['127.0.0.1:8787', '127.0.0.1:8787'],
    ['127.0.0.1', '127.0.0.1:8787'],
    ['[::1]', '[::1]:8787'],
    ['localhost', 'localhost'],
  ])('%s may be signed if %s is sent', async (host, sent) => {
    expect(await check(withHeaders(signedWith({ host, ...DATED }), { host: sent }))).toBeUndefined();
  });

  test.each([
    ['127.0.0.1:8788', '127.0.0.1:8787'],
    ['localhost', '127.0.0.1:8787'],
    ['127.0.0.1:8787', '127.0.0.1'],
    ['', '127.0.0.1:8787'],
  ])('%j may not be signed if %s is sent', async (host, sent) => {
    expect(await check(withHeaders(signedWith({ host, ...DATED }), { host: sent }))).toMatchObject(INVALID);
  });
});

describe('the signed headers', () => {
  const HEADERS = { host: '127.0.0.1', 'x-amz-date': '20261124T000500Z' };

  test.each([
    ['x-amz-security-token', 'session'],
    ['x-amz-content-sha256', createHash('sha256').digest('hex')],
    ['x-amzn-trace-id', 'Root=1'],
    ['content-type', 'text/plain'],
    ['constructor', '1'],
    ['__proto__', '1'],
  ])('need not name %s', async (name, value) => {
    expect(await check(withHeaders(signedWith(HEADERS), { [name]: value }))).toBeUndefined();
    expect(await check(signedWith({ ...HEADERS, [name]: value }))).toBeUndefined();
  });

  test.each(['x-amz-target', 'x-amz-client-context', 'x-amz-meta-constructor'])('must name %s', async (name) => {
    const body = { message: expect.stringContaining(`headers present in the request which were not signed: ${name}`) };
    expect(await check(withHeaders(signedWith(HEADERS), { [name]: '1' }))).toEqual({ ...INVALID, body });
    expect(await check(signedWith({ ...HEADERS, [name]: '1' }))).toBeUndefined();
  });

  test.each(['0'.repeat(64), 'UNSIGNED-PAYLOAD', ''])('may not announce another body: %j', async (value) => {
    const announced = { 'x-amz-content-sha256': value };
    expect(await check(withHeaders(signedWith(HEADERS), announced))).toMatchObject(INVALID);
    expect(await check(signedWith({ ...HEADERS, ...announced }))).toMatchObject(INVALID);
  });

  test('must name x-amz-date', async () => {
    const { 'x-amz-date': amzDate, ...others } = HEADERS;
    expect(await check(withHeaders(signedWith(others), { 'x-amz-date': amzDate }))).toMatchObject(INVALID);
  });

  test.each(['x-own', 'constructor', '__proto__', 'tostring'])('must have been sent: %s', async (name) => {
    const { headers, ...request } = signedWith({ ...HEADERS, [name]: '' });
    const sent = Object.fromEntries(Object.entries(headers).filter(([header]) => header !== name));
    expect(await check({ ...request, headers: sent })).toMatchObject(INVALID);
  });

  test.each(['x-amz-date;host', 'host;X-Amz-Date', 'host;host;x-amz-date', 'host;x-amz-date;', 'Host;x-amz-date'])(
    'must be sorted and in lower case, not %s',
    async (list) => {
      const request = signedWith(HEADERS);
      const authorization = request.headers.authorization?.replace('host;x-amz-date', list) ?? '';
      expect(await check(withHeaders(request, { authorization }))).toMatchObject(INVALID);
    },
  );
});

describe('a request altered after it was signed is refused', () => {
  test.each<[string, (request: SignedRequest) => Partial<SignedRequest>]>([
    ['body', () => ({ body: Buffer.from('other') })],
    ['body removed', () => ({ body: Buffer.alloc(0) })],
    ['method', () => ({ method: 'PUT' })],
    ['path', () => ({ path: '/' })],
    ['query', () => ({ query: 'a=2' })],
    ['query removed', () => ({ query: '' })],
    ['signed header', ({ headers }) => ({ headers: { ...headers, 'x-own': 'other' } })],
    ['host', ({ headers }) => ({ headers: { ...headers, host: 'other' } })],
    ['signed header removed', ({ headers: { 'x-own': _, ...headers } }) => ({ headers })],
    [
      'announced hash of the body',
      ({ headers }) => ({ headers: { ...headers, 'x-amz-content-sha256': '0'.repeat(64) } }),
    ],
    ['unsigned payload', ({ headers }) => ({ headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } })],
    ['date within the same day', ({ headers }) => ({ headers: { ...headers, 'x-amz-date': '20261124T000501Z' } })],
    [
      'one more header said to be signed',
      ({ headers }) => ({
        headers: { ...headers, authorization: headers.authorization?.replace('host;', 'host;x-a;') ?? '' },
      }),
    ],
    [
      'signature cut short',
      ({ headers }) => ({ headers: { ...headers, authorization: headers.authorization?.slice(0, -1) ?? '' } }),
    ],
  ])('%s', async (_, alter) => {
    const request = await signed({ body: 'a=1', headers: { 'x-own': '1' } }, '/oauth/token?a=1');
    expect(await check(request)).toBeUndefined();
    expect(await check({ ...request, ...alter(request) })).toEqual({
      errorType: 'InvalidSignatureException',
      body: { message: MISMATCH },
    });
  });

  test('a body of which no hash was signed', async () => {
    const request = await signed({ headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, body: 'a=1' });
    expect(await check(request)).toMatchObject({ errorType: 'InvalidSignatureException' });
  });
});

describe('a wrong signature is refused', () => {
  test.each<[string, RequestToSign, string, string]>([
    [
      'wrong secret key',
      { credentials: { accessKeyId: 'local', secretAccessKey: 'other' } },
      'InvalidSignatureException',
      MISMATCH,
    ],
    [
      'unknown access key',
      { credentials: { accessKeyId: 'other', secretAccessKey: 'local' } },
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ],
    [
      'wrong region',
      { region: 'us-east-1' },
      'InvalidSignatureException',
      'Credential should be scoped to a valid region. ',
    ],
    [
      'wrong service',
      { service: 'execute-api' },
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'lambda'. ",
    ],
    [
      'wrong region and service',
      { region: 'us-east-1', service: 's3' },
      'InvalidSignatureException',
      "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'lambda'. ",
    ],
  ])('%s', async (_, toSign, errorType, message) => {
    expect(await check(await signed(toSign))).toEqual({ errorType, body: { message } });
  });
});

describe('the clock may be off by five minutes and no more', () => {
  test.each([
    [-301, 'Signature expired: 20261123T235959Z is now earlier than 20261124T000000Z (20261124T000500Z - 5 min.)'],
    [-300, undefined],
    [0, undefined],
    [300, undefined],
    [
      301,
      'Signature not yet current: 20261124T001001Z is still later than 20261124T001000Z (20261124T000500Z + 5 min.)',
    ],
  ])('signed %d s from now', async (offsetSeconds, message) => {
    const signingDate = new Date(NOW_MS + offsetSeconds * 1000);
    const refusal = message && { errorType: 'InvalidSignatureException', body: { message } };
    expect(await check(await signed({ signingDate }))).toEqual(refusal);
    expect(await check(await signed({ signingDate }), NOW_MS + 999)).toEqual(refusal);
  });
});

describe('a wrong or incomplete Authorization header is refused', () => {
  const CREDENTIAL = 'Credential=local/20261124/eu-central-1/lambda/aws4_request';
  const SIGNED = 'SignedHeaders=host;x-amz-date';
  const SIGNATURE = `Signature=${'0'.repeat(64)}`;

  test.each([
    ['Bearer abc', /AWS4-HMAC-SHA256/],
    ['Basic bG9jYWw6bG9jYWw=', /AWS4-HMAC-SHA256/],
    ['', /AWS4-HMAC-SHA256/],
    ['AWS4-HMAC-SHA256 ', /'Credential' parameter.*'Signature' parameter.*'SignedHeaders' parameter/],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${SIGNED}`, /^Authorization header requires 'Signature' parameter\.$/],
    [`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${SIGNATURE}`, /^Authorization header requires 'SignedHeaders' parameter\.$/],
    [`AWS4-HMAC-SHA256 Credential=local, ${SIGNED}, ${SIGNATURE}`, /at least 5 slash-delimited elements.*'local'/],
  ])('%s', async (authorization, message) => {
    const request = await signed();
    const refusal = await check({ ...request, headers: { ...request.headers, authorization } });
    expect(refusal).toEqual({
      errorType: 'IncompleteSignatureException',
      body: { message: expect.stringMatching(message) },
    });
  });

  test('no date', async () => {
    const { headers, ...request } = await signed();
    const { 'x-amz-date': _, ...undated } = headers;
    expect(await check({ ...request, headers: undated })).toMatchObject({ errorType: 'IncompleteSignatureException' });
  });

  test('no Authorization at all', async () => {
    expect(await check({ ...(await signed()), headers: {} })).toEqual({
      errorType: 'AccessDeniedException',
      body: {
        Message:
          'Forbidden. For troubleshooting Function URL authorization issues, see: ' +
          'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html',
      },
    });
  });

  test.each([
    ['host not signed', `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=x-amz-date, ${SIGNATURE}`, /'Host'/],
    [
      'another day',
      `AWS4-HMAC-SHA256 ${CREDENTIAL.replace('1124', '1123')}, ${SIGNED}, ${SIGNATURE}`,
      /'20261123' != '20261124'/,
    ],
    [
      'another end',
      `AWS4-HMAC-SHA256 ${CREDENTIAL.replace('aws4', 'aws5')}, ${SIGNED}, ${SIGNATURE}`,
      /valid terminator/,
    ],
  ])('%s', async (_, authorization, message) => {
    const request = await signed();
    expect(await check({ ...request, headers: { ...request.headers, authorization } })).toEqual({
      errorType: 'InvalidSignatureException',
      body: { message: expect.stringMatching(message) },
    });
  });
});

test('an access key may hold slashes, and spaces after the commas are optional', () => {
  expect(parseAuthorization('AWS4-HMAC-SHA256 Credential=a/b/d/r/s/e,SignedHeaders=host,Signature=00')).toEqual({
    accessKeyId: 'a/b',
    scope: { date: 'd', region: 'r', service: 's', end: 'e' },
    signedHeaders: ['host'],
    signature: '00',
  });
});

test.each(['20261124T053419Z', '20240229T235959Z'])('the date %s is read and written', (date) => {
  expect(formatAmzDate(parseAmzDate(date))).toBe(date);
});

test.each(['', '20261324T000000Z', '2026-11-24T05:34:19Z', 'Tue, 24 Nov 2026 05:34:19 GMT'])(
  '%j is not a date',
  (date) => expect(parseAmzDate(date)).toBeNaN(),
);
