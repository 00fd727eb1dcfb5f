// One instance of the function, in a process of its own: imports the deployed code as Lambda's runtime does, and calls
// its handler with function URL events. Plain JavaScript, because Lambda has no TypeScript loader either.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invocationContext, tokenRequestEvent } from '../function-url-event.mjs';
import { RunClock } from './run-clock.mjs';
import { serveCalls } from './serve-calls.mjs';

// Before the function's code is imported, so that it knows no other clock.
const clock = RunClock.ofEnvironment();
clock.install();

const code = pathToFileURL(join(String(process.env.LAMBDA_TASK_ROOT), 'index.mjs'));
const { handler } = await import(code.href);

serveCalls(async (scope, demand) => {
  const { statusCode, headers, body } = await handler(eventOf(scope, demand), invocationContext());
  const { access_token: token, expires_in: expiresInSeconds } = JSON.parse(body);
  const { 'x-token-source': source, 'retry-after': retryAfter } = headers;
  return { status: statusCode, token, source, expiresInSeconds, retryAfter };
}, clock);

function eventOf(
  /** @type {string} */ scope,
  /** @type {import('./instance.ts').Demand} */ { minTtlSeconds, rejectedTokenSha256, callerArn },
) {
  const event = tokenRequestEvent({
    scope,
    ...(minTtlSeconds !== undefined && { min_ttl: String(minTtlSeconds) }),
    ...(rejectedTokenSha256 !== undefined && { rejected_token_sha256: rejectedTokenSha256 }),
  });
  if (callerArn !== undefined) event.requestContext.authorizer.iam.userArn = callerArn;
  return event;
}
