// The official test vectors of Signature Version 4. sigv4-vectors.json names their source and licence. They are signed
// for a service called `service`, on a day of 2015.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { SignedRequest } from '../../local/canonical-request.ts';
import { findSignatureProblem } from '../../local/sigv4.ts';

interface Vectors {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  readonly service: string;
  readonly timestamp: string;
  /** The signed requests, as they are sent: signed in the headers, and in the query. */
  readonly vectors: readonly { readonly name: string; readonly headers: string; readonly query: string }[];
}

const { vectors, timestamp, ...signer }: Vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'sigv4-vectors.json'), 'utf8'),
);
const REQUESTS = vectors.flatMap(({ name, headers, query }) => [
  { name, place: 'headers', raw: headers },
  { name, place: 'query', raw: query },
]);

const AS_FOR_S3 = 'its path is signed as for S3, not normalized';

/** Signed in a way that Lambda doesn't accept. */
const REFUSED = new Map([
  ['get-relative-unnormalized in the headers', AS_FOR_S3],
  ['get-relative-unnormalized in the query', AS_FOR_S3],
  ['get-relative-relative-unnormalized in the headers', AS_FOR_S3],
  ['get-relative-relative-unnormalized in the query', AS_FOR_S3],
  ['get-slash-dot-slash-unnormalized in the headers', AS_FOR_S3],
  ['get-slash-dot-slash-unnormalized in the query', AS_FOR_S3],
  ['get-slash-pointless-dot-unnormalized in the headers', AS_FOR_S3],
  ['get-slash-pointless-dot-unnormalized in the query', AS_FOR_S3],
  ['get-slash-unnormalized in the headers', AS_FOR_S3],
  ['get-slash-unnormalized in the query', AS_FOR_S3],
  ['get-slashes-unnormalized in the headers', AS_FOR_S3],
  ['get-slashes-unnormalized in the query', AS_FOR_S3],
  ['post-sts-header-after in the query', 'its session token was added to the query after it was signed'],
]);

const ACCEPTED = REQUESTS.filter(({ name, place }) => !REFUSED.has(`${name} in the ${place}`));

function parse(raw: string): SignedRequest {
  const end = raw.indexOf('\n\n');
  const [requestLine = '', ...lines] = raw.slice(0, end).split(/\n(?! )/);
  const [, method = '', target = ''] = /^(\S+) (.*) HTTP\/1\.1$/.exec(requestLine) ?? [];
  const [path = '', query = ''] = target.split('?');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [name = '', ...value] = line.split(':');
    const key = name.toLowerCase();
    headers[key] = [headers[key], value.join(':').trim()].filter(Boolean).join(',');
  }
  return { method, path, query, headers, body: Buffer.from(raw.slice(end + 2)) };
}

function check(request: SignedRequest) {
  return findSignatureProblem(request, signer, Date.parse(timestamp));
}

const MISMATCH = {
  errorType: 'InvalidSignatureException',
  body: { message: expect.stringMatching(/^The request signature we calculated does not match/) },
};

test('each vector is here with both of its requests', () => {
  expect(REQUESTS).toHaveLength(76);
  expect(ACCEPTED).toHaveLength(REQUESTS.length - REFUSED.size);
});

test.each(ACCEPTED)('$name, signed in the $place, is accepted', ({ raw }) => {
  expect(check(parse(raw))).toBeUndefined();
});

test.each([...REFUSED])('%s, is refused: %s', (name) => {
  const request = REQUESTS.find(({ name: vector, place }) => `${vector} in the ${place}` === name);
  expect(check(parse(request?.raw ?? ''))).toEqual(MISMATCH);
});

/** Each changes one byte. */
const CHANGES: Readonly<Record<string, (request: SignedRequest) => Partial<SignedRequest>>> = {
  method: ({ method }) => ({ method: `${method}S` }),
  path: ({ path }) => ({ path: `${path}x` }),
  query: ({ query }) => ({
    query: query.includes('X-Amz-Expires') ? query.replace('X-Amz-Expires=3', 'X-Amz-Expires=4') : `${query}x`,
  }),
  'header value': ({ headers }) => {
    const name = 'my-header1' in headers ? 'my-header1' : 'host';
    return { headers: { ...headers, [name]: `${headers[name]}x` } };
  },
  body: ({ body }) => ({ body: Buffer.concat([body, Buffer.from('x')]) }),
  signature: ({ headers, query }) => ({
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, withOtherSignature(value)])),
    query: withOtherSignature(query),
  }),
};

function withOtherSignature(text: string): string {
  return text.replace(/(?<=Signature=[0-9a-f]{63})[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0'));
}

describe.each(Object.entries(CHANGES))('with another %s', (_, change) => {
  test.each(ACCEPTED)('$name, signed in the $place, is refused', ({ raw }) => {
    const request = parse(raw);
    expect(check({ ...request, ...change(request) })).toEqual(MISMATCH);
  });
});
