// One instance of the function, in a process of its own: imports the deployed code as Lambda's runtime does, and calls
// its handler with function URL events. Plain JavaScript, because Lambda has no TypeScript loader either.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { invocationContext, tokenRequestEvent } from '../function-url-event.mjs';
import { RunClock } from './run-clock.mjs';
import { serveCalls } from './serve-calls.mjs';

// Before the function's code is imported, so that it knows no other clock.
RunClock.ofEnvironment().install();

const code = pathToFileURL(join(String(process.env.LAMBDA_TASK_ROOT), 'index.mjs'));
const { handler } = await import(code.href);

serveCalls(async (scope) => {
  const { statusCode, headers, body } = await handler(tokenRequestEvent({ scope }), invocationContext());
  const { access_token: token, expires_in: expiresInSeconds } = JSON.parse(body);
  const { 'x-token-source': source, 'retry-after': retryAfter } = headers;
  return { status: statusCode, token, source, expiresInSeconds, retryAfter };
});
