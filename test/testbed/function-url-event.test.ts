// The events that tests and benchmarks make are those that the function takes from a function URL.

import { expect, test } from '@jest/globals';
import { functionUrlEvent, invocationContext, tokenRequestEvent } from '../../testbed/function-url-event.mjs';

test('a token request holds its form in base64, as Lambda hands over a form', () => {
  const { body = '', headers, isBase64Encoded } = tokenRequestEvent({ scope: 'a b', min_ttl: '60' });
  expect(isBase64Encoded).toBe(true);
  expect(headers).toMatchObject({ 'content-type': 'application/x-www-form-urlencoded', 'content-length': '50' });
  const form = Object.fromEntries(new URLSearchParams(Buffer.from(body, 'base64').toString()));
  expect(form).toEqual({ grant_type: 'client_credentials', scope: 'a b', min_ttl: '60' });
});

test('a request without a body has the method and path that it was given', () => {
  const event = functionUrlEvent({ method: 'GET', path: '/.well-known/oauth-authorization-server' });
  expect(event).toMatchObject({ rawPath: '/.well-known/oauth-authorization-server', isBase64Encoded: false });
  expect(event.requestContext.http).toMatchObject({ method: 'GET', path: event.rawPath });
  expect('body' in event).toBe(false);
});

test('an invocation has the time-out that the stack sets', () => {
  const leftMs = invocationContext().getRemainingTimeInMillis();
  expect(leftMs).toBeGreaterThan(24_000);
  expect(leftMs).toBeLessThanOrEqual(25_000);
});
