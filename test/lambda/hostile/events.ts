// Whole events. Some are like those of a function URL, some like those of a proxy, and some like those of an event
// source that was connected by mistake. Others are invented, as a principal that may invoke the function directly could
// do.

import fc from 'fast-check';
import type { Misbehaviour } from '../../../local/authorization-server.ts';
import { type HostileBody, hostileBody, oddValue, PROTOTYPE_NAMES, trickyText } from './bodies.ts';
import { ALLOWED, CREDENTIAL_SCOPES } from './instance.ts';

export const METADATA_PATH = '/.well-known/oauth-authorization-server';

const path = fc.oneof(
  fc.constantFrom('/oauth/token', '/', METADATA_PATH),
  fc.constantFrom(
    '',
    '//',
    '/oauth/token/',
    '///oauth//token',
    '/OAUTH/TOKEN',
    '/prod/oauth/token',
    '/oauth/../oauth/token',
  ),
  fc.constantFrom(...PROTOTYPE_NAMES),
  trickyText,
);

const method = fc.constantFrom('GET', 'POST', 'post', 'PUT', 'HEAD', 'OPTIONS', 'TRACE', 'CONNECT', '', 'POST\r\n');

/** Most of these are answered, so that the rest of the event is read. */
const target = fc.oneof(
  { weight: 20, arbitrary: fc.record({ path: fc.constantFrom('/oauth/token', '/'), method: fc.constant('POST') }) },
  { weight: 2, arbitrary: fc.constant({ path: METADATA_PATH, method: 'GET' }) },
  { weight: 2, arbitrary: fc.record({ path, method }) },
);

const query = fc.oneof(
  { weight: 12, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('trace=1', 'scope=order.order_read', 'client_secret=canary-secret', '%', '&&'),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'sc%6fpe=a',
      'Scopes=a',
      'audience=a',
      'constructor=1',
      '?scope=a',
      `a=${'b'.repeat(8_000)}`,
      '__proto__[scope]=a',
    ),
  },
  { weight: 1, arbitrary: trickyText },
);

/** The access key that Lambda's authorizer puts beside the caller's identity. */
const ACCESS_KEY = { accessKey: 'canary-access-key' };
const iam: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constant({
      ...ACCESS_KEY,
      accountId: '111122223333',
      callerId: 'AROAEXAMPLE:orders',
      cognitoIdentity: null,
      principalOrgId: 'o-example',
      userArn: 'arn:aws:sts::111122223333:assumed-role/orders/orders',
      userId: 'AROAEXAMPLE:orders',
    }),
  },
  { weight: 1, arbitrary: fc.constant({ ...ACCESS_KEY, principalOrgId: null, userArn: null }) },
  {
    weight: 1,
    arbitrary: fc
      .record({ accountId: trickyText, principalOrgId: trickyText, userArn: trickyText })
      .map((caller) => ({ ...ACCESS_KEY, ...caller })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ accountId: oddValue, principalOrgId: oddValue, userArn: oddValue })
      .map((caller) => ({ ...ACCESS_KEY, ...caller })),
  },
  { weight: 1, arbitrary: oddValue },
);

const oddHeaders = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('Content-Type', 'host', ...PROTOTYPE_NAMES), trickyText), oddValue),
  { maxLength: 3 },
);

interface Request extends HostileBody {
  readonly path: string;
  readonly method: string;
  readonly query: string;
  readonly iam: unknown;
  readonly odd: readonly (readonly [string, unknown])[];
}

const headersOf = ({ contentType, odd }: Request) =>
  Object.fromEntries([
    ['content-type', contentType],
    ['host', 'id.lambda-url.eu-central-1.on.aws'],
    ['x-forwarded-proto', 'https'],
    ['authorization', 'AWS4-HMAC-SHA256 Credential=canary-access-key/20261124/eu-central-1/lambda/aws4_request'],
    ['x-amz-security-token', 'canary-session'],
    ...odd,
  ]);

/** An event of a function URL (payload format 2.0). An event of an HTTP API names the caller elsewhere. */
function functionUrl(request: Request) {
  const { path, method, query, iam, body, isBase64Encoded } = request;
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    cookies: ['session=canary-session'],
    headers: headersOf(request),
    queryStringParameters: { trace: '1' },
    requestContext: {
      accountId: '111122223333',
      apiId: 'id',
      authentication: null,
      authorizer: { iam },
      domainName: 'id.lambda-url.eu-central-1.on.aws',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'curl' },
      requestId: 'of-the-url',
      stage: '$default',
      timeEpoch: 1_800_000_000_000,
    },
    body,
    isBase64Encoded,
  };
}

/** An event of a REST API or a load balancer (payload format 1.0). */
function proxy(request: Request) {
  const { path, method, body, isBase64Encoded } = request;
  const headers = headersOf(request);
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  const requestContext = { elb: { targetGroupArn: 'arn' }, identity: ACCESS_KEY, httpMethod: method, path };
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers,
    multiValueHeaders,
    requestContext,
    body,
    isBase64Encoded,
  };
}

/** Events of other sources, or invented ones. They lack what the function expects. */
const foreign: fc.Arbitrary<unknown> = fc.oneof(
  oddValue,
  fc.constantFrom<unknown>(
    { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} },
    { Records: [{ eventSource: 'aws:sqs', body: '{"scope":"order.order_read"}' }] },
    { SecretId: 'emporix', ClientRequestToken: 'v2', Step: 'createSecret' },
    { grant_type: 'client_credentials', scope: 'order.order_read' },
    { rawPath: '/oauth/token' },
    { rawPath: '/oauth/token', requestContext: { http: 'POST' } },
    { rawPath: METADATA_PATH, requestContext: { http: { method: 'GET' } } },
    { rawPath: METADATA_PATH, requestContext: { http: { method: 'GET' } }, headers: { host: { toString: 1 } } },
  ),
);

/** Paths of the fields that are removed or replaced. */
const FIELD_PATHS: readonly (readonly string[])[] = [
  ['rawPath'],
  ['rawQueryString'],
  ['headers'],
  ['headers', 'content-type'],
  ['headers', 'host'],
  ['headers', 'x-forwarded-proto'],
  ['body'],
  ['isBase64Encoded'],
  ['requestContext'],
  ['requestContext', 'authorizer'],
  ['requestContext', 'authorizer', 'iam'],
  ['requestContext', 'domainName'],
  ['requestContext', 'http'],
  ['requestContext', 'http', 'method'],
];

type Json = Record<string, unknown>;

function changed(event: Json, [name = '', ...rest]: readonly string[], value: unknown): Json {
  const inner = event[name];
  const deeper = rest.length > 0 && typeof inner === 'object' && inner !== null;
  return { ...event, [name]: deeper ? changed(inner as Json, rest, value) : value };
}

const request: fc.Arbitrary<Request> = fc
  .record({
    target,
    query,
    iam,
    odd: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, oddHeaders),
    body: hostileBody,
  })
  .map(({ target, body, ...rest }) => ({ ...rest, ...target, ...body }));

const change = fc.tuple(fc.constantFrom(...FIELD_PATHS), fc.oneof(fc.constant(undefined), oddValue));

/** An event as Lambda's runtime passes it on. It was parsed from JSON, where `__proto__` is an ordinary name. */
const event: fc.Arbitrary<unknown> = fc
  .oneof(
    { weight: 12, arbitrary: request.map(functionUrl) },
    {
      weight: 4,
      arbitrary: fc
        .tuple(request.map(functionUrl), fc.array(change, { minLength: 1, maxLength: 3 }))
        .map(([whole, changes]) =>
          changes.reduce<Json>((event, [fieldPath, value]) => changed(event, fieldPath, value), whole),
        ),
    },
    { weight: 1, arbitrary: request.map(proxy) },
    { weight: 1, arbitrary: foreign },
  )
  .map((made) => JSON.parse(JSON.stringify(made)));

const answer = (fields: object): Misbehaviour => ({
  body: JSON.stringify({ access_token: 'canary-token-misbehaved', token_type: 'Bearer', expires_in: 3600, ...fields }),
});

const misbehaviour = fc.constantFrom<Misbehaviour>(
  { status: 500, body: 'canary-body' },
  { status: 503, headers: { 'retry-after': '7' }, body: '<html>canary-body' },
  { status: 429, headers: { 'retry-after': 'canary-header' }, body: 'canary-body' },
  { status: 429, headers: { 'retry-after': '99999999999' } },
  { status: 401, body: '{"error":"invalid_client","error_description":"canary-body"}' },
  { status: 400, body: '{"error":"invalid_scope","error_description":"canary-body"}' },
  { status: 400, body: '{"error":"canary-body"}' },
  { status: 302, headers: { location: 'http://127.0.0.1/canary-header' } },
  { body: '' },
  { body: 'canary-body' },
  { body: '{"access_token":"canary-token","tok', destroySocket: true },
  answer({ access_token: 'canary-token\r\nset-cookie: a=b' }),
  answer({ scope: `${CREDENTIAL_SCOPES.join(' ')} tenant=yourtenant` }),
  answer({ scope: '' }),
  answer({ scope: `${ALLOWED.join(' ')} tenant=canary-tenant` }),
  answer({ expires_in: 15 }),
  answer({ expires_in: 0 }),
);

/** One request of a caller, and the state of the other systems at that time. */
export interface Step {
  readonly event: unknown;
  /** Time since the previous request. */
  readonly afterMs: number;
  readonly misbehaviour: Misbehaviour | undefined;
  readonly tableFails: boolean;
  readonly remainingMs: number;
}

export const step: fc.Arbitrary<Step> = fc.record({
  event,
  afterMs: fc.constantFrom(0, 0, 0, 10, 500, 5_000, 61_000, 13_000_000),
  misbehaviour: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, misbehaviour),
  tableFails: fc.nat({ max: 19 }).map((n) => n === 0),
  remainingMs: fc.constantFrom(25_000, 25_000, 25_000, 25_000, 25_000, 25_000, 25_000, 3_000, 0),
});
