// Presigned URLs: the signature and its parameters are in the query.

import { describe, expect, test } from '@jest/globals';
import { Hash } from '@smithy/hash-node';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SignedRequest } from '../../local/canonical-request.ts';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../local/names.ts';
import { readSignatureParameters } from '../../local/signature-parameters.ts';
import { computeSignature, findSignatureProblem } from '../../local/sigv4.ts';

const NOW_MS = Date.parse('2026-11-24T00:05:00Z');
const DAY_SECONDS = 86_400;
const INVALID = { errorType: 'InvalidSignatureException' };
const INCOMPLETE = { errorType: 'IncompleteSignatureException' };

interface ToSign {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly expiresIn?: number;
  readonly sessionToken?: string;
}

async function presigned(toSign: ToSign = {}): Promise<SignedRequest> {
  const { method = 'POST', path = '/oauth/token', query = {}, headers = {}, body = '', expiresIn = 900 } = toSign;
  const { sessionToken } = toSign;
  const signer = new SignatureV4({
    service: 'lambda',
    region: LOCAL_REGION,
    credentials: { ...LOCAL_CREDENTIALS, ...(sessionToken && { sessionToken }) },
    sha256: Hash.bind(null, 'sha256'),
  });
  const host = '127.0.0.1:8787';
  const request = {
    protocol: 'http:',
    hostname: '127.0.0.1',
    method,
    path,
    query,
    headers: { ...headers, host },
    body,
  };
  const signed = await signer.presign(request, { signingDate: new Date(NOW_MS), expiresIn });
  const parameters = new URLSearchParams(signed.query as Record<string, string>);
  return { method, path, query: parameters.toString(), headers: { ...headers, host }, body: Buffer.from(body) };
}

function check(request: SignedRequest, nowMs = NOW_MS) {
  return findSignatureProblem(request, { ...LOCAL_CREDENTIALS, region: LOCAL_REGION, service: 'lambda' }, nowMs);
}

/** Replaces a parameter, or removes it. */
function withParameter({ query, ...request }: SignedRequest, name: string, value?: string): SignedRequest {
  const parameters = new URLSearchParams(query);
  if (value === undefined) parameters.delete(name);
  else parameters.set(name, value);
  return { ...request, query: parameters.toString() };
}

test.each<[string, ToSign]>([
  ['GET', { method: 'GET' }],
  ['POST without a body', {}],
  ['a body', { body: 'grant_type=client_credentials' }],
  ['a signed header', { headers: { 'content-type': 'application/json' }, body: '{}' }],
  ['a query of its own', { query: { scope: "a b+c'", empty: '' } }],
  ['a session token', { sessionToken: 'session/+token==' }],
])('a presigned URL is accepted with %s', async (_, toSign) => {
  expect(check(await presigned(toSign))).toBeUndefined();
});

test.each<[string, (request: SignedRequest) => SignedRequest]>([
  ['method', (request) => ({ ...request, method: 'PUT' })],
  ['path', (request) => ({ ...request, path: '/' })],
  ['body', (request) => ({ ...request, body: Buffer.from('other') })],
  ['host', (request) => ({ ...request, headers: { ...request.headers, host: 'other' } })],
  ['parameter of its own', (request) => withParameter(request, 'scope', 'b')],
  ['parameter more', (request) => withParameter(request, 'other', '1')],
  ['session token', (request) => withParameter(request, 'X-Amz-Security-Token', 'other')],
  ['session token less', (request) => withParameter(request, 'X-Amz-Security-Token')],
  ['expiry', (request) => withParameter(request, 'X-Amz-Expires', '901')],
  ['expiry less', (request) => withParameter(request, 'X-Amz-Expires')],
  ['time', (request) => withParameter(request, 'X-Amz-Date', '20261124T000501Z')],
  ['signature', (request) => withParameter(request, 'X-Amz-Signature', '0'.repeat(64))],
  ['list of signed headers', (request) => withParameter(request, 'X-Amz-SignedHeaders', 'host;x-own')],
  ['region', (request) => withParameter(request, 'X-Amz-Credential', 'local/20261124/us-east-1/lambda/aws4_request')],
  ['service', (request) => withParameter(request, 'X-Amz-Credential', 'local/20261124/eu-central-1/s3/aws4_request')],
  ['header that must be signed', (request) => ({ ...request, headers: { ...request.headers, 'x-amz-target': '1' } })],
])('a presigned URL is refused with another %s', async (_, change) => {
  const request = await presigned({ query: { scope: 'a' }, sessionToken: 'session' });
  expect(check(request)).toBeUndefined();
  expect(check(change(request))).toMatchObject(INVALID);
});

test('a presigned URL is refused if it was signed without a hash of the body', async () => {
  const headers = { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
  const { headers: _, ...request } = await presigned({ headers, body: 'a=1' });
  expect(check({ ...request, headers: { host: '127.0.0.1:8787' } })).toMatchObject(INVALID);
});

describe('a presigned URL expires', () => {
  test.each([
    [1, -301, INVALID],
    [1, -300, undefined],
    [1, 1, undefined],
    [1, 2, INVALID],
    [900, 900, undefined],
    [900, 901, INVALID],
    [7 * DAY_SECONDS, 7 * DAY_SECONDS, undefined],
    [7 * DAY_SECONDS, 7 * DAY_SECONDS + 1, INVALID],
  ])('after %d s: %d s later', async (expiresIn, offsetSeconds, refusal) => {
    const problem = check(await presigned({ expiresIn }), NOW_MS + offsetSeconds * 1000);
    expect(problem).toEqual(refusal && expect.objectContaining(refusal));
  });

  test.each([
    [-301, INVALID],
    [-300, undefined],
    [300, undefined],
    [301, INVALID],
  ])('five minutes after it was signed if it does not say when: %d s later', async (offsetSeconds, refusal) => {
    const unsigned = withParameter(await presigned(), 'X-Amz-Expires');
    const parameters = readSignatureParameters(unsigned);
    if (typeof parameters !== 'object') throw new Error(`not signed: ${parameters}`);
    const signature = computeSignature(unsigned, parameters, LOCAL_CREDENTIALS.secretAccessKey);
    const problem = check(withParameter(unsigned, 'X-Amz-Signature', signature), NOW_MS + offsetSeconds * 1000);
    expect(problem).toEqual(refusal && expect.objectContaining(refusal));
  });

  test('and the refusal says when', async () => {
    const message =
      'Signature expired: 20261124T000500Z is now earlier than 20261124T000501Z (20261124T002001Z - 900 sec.)';
    expect(check(await presigned(), NOW_MS + 901_000)).toEqual({ ...INVALID, body: { message } });
  });

  test.each(['0', '-1', '604801', '1e3', '1.5', '', 'never'])(
    'after at most a week, and not after %j',
    async (expires) => {
      const message = `X-Amz-Expires must be a number of seconds from 1 to 604800, not '${expires}'.`;
      expect(check(withParameter(await presigned(), 'X-Amz-Expires', expires))).toEqual({
        ...INCOMPLETE,
        body: { message },
      });
    },
  );
});

describe('an incomplete presigned URL is refused', () => {
  test.each(['X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders', 'X-Amz-Date'])('%s', async (name) => {
    const message = `AWS query-string parameters must include '${name}'. Re-examine the query-string parameters.`;
    for (const value of [undefined, '']) {
      expect(check(withParameter(await presigned(), name, value))).toEqual({ ...INCOMPLETE, body: { message } });
    }
  });

  test('X-Amz-Algorithm', async () => {
    const problem = check(withParameter(await presigned(), 'X-Amz-Algorithm'));
    expect(problem).toMatchObject({ errorType: 'AccessDeniedException' });
  });
});

test.each([
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA1', /^Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'/],
  ['X-Amz-Credential', 'local', /^Credential must have at least 5 slash-delimited elements/],
  ['X-Amz-Date', 'Tue, 24 Nov 2026 00:05:00 GMT', /^Date must be in ISO-8601 'basic format'/],
])('a presigned URL is refused with %s %s', async (name, value, message) => {
  const body = { message: expect.stringMatching(message) };
  expect(check(withParameter(await presigned(), name, value))).toEqual({ ...INCOMPLETE, body });
});

test('a credential of slashes and a line feed is refused like any other', async () => {
  // A pattern of five parts would try each place for each part, which takes many seconds.
  const problem = check(withParameter(await presigned(), 'X-Amz-Credential', `${'/'.repeat(200)}\n/`));
  expect(problem).toMatchObject({ errorType: 'InvalidSignatureException' });
});

test('a request is not signed both in the query and in the headers', async () => {
  const { headers, ...request } = await presigned();
  const authorization = 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0';
  const message = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
  const problem = check({ ...request, headers: { ...headers, authorization } });
  expect(problem).toEqual({ ...INCOMPLETE, body: { message } });
});
