// Translates as a function URL does: an HTTP request to an event (payload format 2.0), and the function's result to an
// HTTP response. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads

import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import type { SignedRequest } from './canonical-request.ts';
import { LOCAL_ACCOUNT } from './names.ts';

/** A deployed URL has an ID of its own here. */
const API_ID = 'local';

/** Bodies of these media types are passed on as text. All others, and a body without a type, arrive in base64. */
const TEXT = /^(text\/.*|application\/(json|xml|javascript))$/;

/** These headers are not passed on: they concern the connection, or the event has a field of its own for them. */
const REMOVED_HEADERS = new Set(['connection', 'cookie', 'keep-alive', 'transfer-encoding']);

export interface Origin {
  readonly requestId: string;
  readonly accessKeyId: string;
  readonly sourceIp: string;
  readonly port: number;
  readonly nowMs: number;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

/** Returns the request as the signature covers it, or undefined if its target is not a path. */
export function toSignedRequest(request: IncomingMessage, body: Buffer): SignedRequest | undefined {
  const { method = '', url = '' } = request;
  if (!url.startsWith('/')) return undefined;
  const queryStart = url.indexOf('?');
  return {
    method,
    path: queryStart < 0 ? url : url.slice(0, queryStart),
    query: queryStart < 0 ? '' : url.slice(queryStart + 1),
    headers: joinRepeated(headersOf(request)),
    body,
  };
}

export function toEvent(request: SignedRequest, origin: Origin) {
  const { method, path, query, headers, body } = request;
  const { requestId, nowMs, sourceIp } = origin;
  const parameters = [...new URLSearchParams(query)];
  const isBase64Encoded = body.length > 0 && !TEXT.test(mediaType(headers['content-type']));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(headers.cookie && { cookies: headers.cookie.split(/; */) }),
    headers: eventHeaders(headers, origin),
    ...(parameters.length > 0 && { queryStringParameters: joinRepeated(parameters) }),
    requestContext: {
      accountId: LOCAL_ACCOUNT,
      apiId: API_ID,
      authentication: null,
      authorizer: { iam: callerOf(origin) },
      domainName: headers.host ?? '',
      domainPrefix: API_ID,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: headers['user-agent'] ?? '' },
      requestId,
      routeKey: '$default',
      stage: '$default',
      time: formatLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(body.length > 0 && { body: body.toString(isBase64Encoded ? 'base64' : 'utf8') }),
    isBase64Encoded,
  };
}

/** Returns the response, or undefined for a result that Lambda answers with 502. */
export function toResponse(result: unknown): HttpResponse | undefined {
  if (!isObject(result) || !('statusCode' in result)) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(result)) };
  }
  const { statusCode: status, headers = {}, cookies, body = '', isBase64Encoded } = result;
  const isStatus = Number.isInteger(status) && Number(status) >= 200 && Number(status) <= 599;
  if (!isStatus || typeof body !== 'string' || !isObject(headers)) return undefined;
  const sent = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)] as const);
  if (!sent.every(([name, value]) => isHeader(name, value))) return undefined;
  return {
    status: Number(status),
    headers: {
      'content-type': 'application/json',
      ...Object.fromEntries(sent.filter(([name]) => !REMOVED_HEADERS.has(name) && name !== 'content-length')),
      ...(Array.isArray(cookies) && { 'set-cookie': cookies.map(String) }),
    },
    body: Buffer.from(body, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function eventHeaders(headers: SignedRequest['headers'], { sourceIp, port }: Origin): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(headers).filter(([name]) => !REMOVED_HEADERS.has(name))),
    'x-forwarded-for': sourceIp,
    'x-forwarded-port': String(port),
    'x-forwarded-proto': 'http',
  };
}

function callerOf({ accessKeyId }: Origin) {
  return {
    accessKey: accessKeyId,
    accountId: LOCAL_ACCOUNT,
    callerId: 'AIDALOCAL',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: `arn:aws:iam::${LOCAL_ACCOUNT}:user/local`,
    userId: 'AIDALOCAL',
  };
}

function mediaType(contentType = ''): string {
  return contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** The `headersDistinct` of Node.js 20.19 and 22.12 fails for names such as `constructor`. */
function headersOf({ rawHeaders }: IncomingMessage): [string, string][] {
  return rawHeaders.flatMap((name, index) =>
    index % 2 === 0 ? [[name.toLowerCase(), rawHeaders[index + 1] ?? '']] : [],
  );
}

/** Joins the values of a repeated name with commas. */
function joinRepeated(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const valuesOf = new Map<string, string[]>();
  for (const [name, value] of pairs) valuesOf.set(name, [...(valuesOf.get(name) ?? []), value]);
  return Object.fromEntries([...valuesOf].map(([name, values]) => [name, values.join(',')]));
}

/** Formats a time as `24/Nov/2026:05:34:19 +0000`. */
function formatLogTime(atMs: number): string {
  const [, day, month, year, time] = new Date(atMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
