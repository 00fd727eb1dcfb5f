// What Lambda hands to a handler: the event of a signed request to a function URL (payload format 2.0), and the context.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
// Plain JavaScript, because instances in processes of their own have no TypeScript loader.

import { randomUUID } from 'node:crypto';

const ACCOUNT = '111122223333';
const API_ID = 'abcdefghijklmnopqrstuvwxyz012345';
const DOMAIN = `${API_ID}.lambda-url.eu-central-1.on.aws`;
const SESSION = 'AROAEXAMPLEEXAMPLE00:orders';
/** The function's time-out, as the stack sets it. */
const TIMEOUT_MS = 25_000;

/**
 * @typedef {object} FunctionUrlRequest
 * @property {string} [method] default `POST`
 * @property {string} [path] default `/oauth/token`
 * @property {Readonly<Record<string, string>>} [headers] lower-case names; over those that every request has
 * @property {string} [body] text, which the event holds in base64; default none
 */

/** @param {FunctionUrlRequest} request */
export function functionUrlEvent({ method = 'POST', path = '/oauth/token', headers = {}, body } = {}) {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: {
      accept: '*/*',
      'accept-encoding': 'br, gzip, deflate',
      'content-length': String(Buffer.byteLength(body ?? '')),
      host: DOMAIN,
      'user-agent': 'node',
      'x-amz-content-sha256': '0'.repeat(64),
      'x-amz-date': '20261124T053419Z',
      'x-amz-security-token': 'x'.repeat(900),
      'x-amzn-trace-id': 'Root=1-6743c0ab-0123456789abcdef01234567',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
      ...headers,
    },
    requestContext: requestContext(method, path),
    ...(body !== undefined && { body: Buffer.from(body).toString('base64') }),
    isBase64Encoded: body !== undefined,
  };
}

/**
 * The event of a token request whose body is a form.
 * @param {Readonly<Record<string, string>>} [parameters] beside `grant_type`, such as `scope` and `min_ttl`
 */
export function tokenRequestEvent(parameters = {}) {
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...parameters }).toString();
  return functionUrlEvent({ headers: { 'content-type': 'application/x-www-form-urlencoded' }, body });
}

/** The context of an invocation that begins now. */
export function invocationContext(functionName = 'token-vending') {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  return {
    awsRequestId: randomUUID(),
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:${functionName}`,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: functionName,
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

function requestContext(/** @type {string} */ method, /** @type {string} */ path) {
  return {
    accountId: ACCOUNT,
    apiId: API_ID,
    authentication: null,
    authorizer: {
      iam: {
        accessKey: 'ASIAEXAMPLEEXAMPLE00',
        accountId: ACCOUNT,
        callerId: SESSION,
        cognitoIdentity: null,
        principalOrgId: 'o-exampleorgid',
        userArn: `arn:aws:sts::${ACCOUNT}:assumed-role/orders/orders`,
        userId: SESSION,
      },
    },
    domainName: DOMAIN,
    domainPrefix: API_ID,
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'node' },
    requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    routeKey: '$default',
    stage: '$default',
    time: '24/Nov/2026:05:34:19 +0000',
    timeEpoch: 1795498459000,
  };
}
