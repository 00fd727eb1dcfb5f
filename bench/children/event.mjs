// What Lambda hands to a handler: the event of a signed request to a function URL (payload format 2.0), and the context.

const ACCOUNT = '111122223333';
const DOMAIN = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws';
const TIMEOUT_MS = 25_000;

/** @param {string} scope space-delimited */
export function tokenRequest(scope) {
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope }).toString();
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/oauth/token',
    rawQueryString: '',
    headers: {
      accept: '*/*',
      'accept-encoding': 'br, gzip, deflate',
      'content-length': String(form.length),
      'content-type': 'application/x-www-form-urlencoded',
      host: DOMAIN,
      'user-agent': 'node',
      'x-amz-content-sha256': '0'.repeat(64),
      'x-amz-date': '20261124T053419Z',
      'x-amz-security-token': 'x'.repeat(900),
      'x-amzn-trace-id': 'Root=1-6743c0ab-0123456789abcdef01234567',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    requestContext: {
      accountId: ACCOUNT,
      apiId: DOMAIN.slice(0, 32),
      authentication: null,
      authorizer: {
        iam: {
          accessKey: 'ASIAEXAMPLEEXAMPLE00',
          accountId: ACCOUNT,
          callerId: 'AROAEXAMPLEEXAMPLE00:orders',
          cognitoIdentity: null,
          principalOrgId: 'o-exampleorgid',
          userArn: `arn:aws:sts::${ACCOUNT}:assumed-role/orders/orders`,
          userId: 'AROAEXAMPLEEXAMPLE00:orders',
        },
      },
      domainName: DOMAIN,
      domainPrefix: DOMAIN.slice(0, 32),
      http: {
        method: 'POST',
        path: '/oauth/token',
        protocol: 'HTTP/1.1',
        sourceIp: '203.0.113.7',
        userAgent: 'node',
      },
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      routeKey: '$default',
      stage: '$default',
      time: '24/Nov/2026:05:34:19 +0000',
      timeEpoch: 1795498459000,
    },
    body: Buffer.from(form).toString('base64'),
    isBase64Encoded: true,
  };
}

export function context() {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  return {
    awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
    callbackWaitsForEmptyEventLoop: true,
    functionName: 'bench',
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:${ACCOUNT}:function:bench`,
    logGroupName: '/aws/lambda/bench',
    logStreamName: 'bench',
    memoryLimitInMB: '512',
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}
