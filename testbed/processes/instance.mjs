// One instance of the function, in a process of its own: imports the deployed code as Lambda's runtime does, and calls
// its handler with function URL events. Plain JavaScript, because Lambda has no TypeScript loader either.

import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serve } from './serve.mjs';

/** The function's timeout. */
const TIMEOUT_MS = 25_000;

const code = pathToFileURL(join(String(process.env.LAMBDA_TASK_ROOT), 'index.mjs'));
const { handler } = await import(code.href);

serve(async (scope) => {
  const deadlineMs = Date.now() + TIMEOUT_MS;
  const { statusCode, headers, body } = await handler(tokenRequest(scope), {
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  });
  const { access_token: token, expires_in: expiresInSeconds } = JSON.parse(body);
  const { 'x-token-source': source, 'retry-after': retryAfter } = headers;
  return { status: statusCode, token, source, expiresInSeconds, retryAfter };
});

/** Payload format 2.0, the body in base64 as Lambda hands over a form. */
function tokenRequest(/** @type {string} */ scope) {
  const form = new URLSearchParams({ grant_type: 'client_credentials', scope });
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: '/oauth/token',
    rawQueryString: '',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    requestContext: { http: { method: 'POST', path: '/oauth/token', protocol: 'HTTP/1.1' } },
    body: Buffer.from(form.toString()).toString('base64'),
    isBase64Encoded: true,
  };
}
