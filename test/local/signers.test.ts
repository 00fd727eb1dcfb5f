// Requests that other programs sign are accepted by the local function URL, and refused if the key is wrong.

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type RunningFunction, startFunction } from './handler-folder.ts';
import { SIGNERS, type SignerRequest } from './signers.ts';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const installed = SIGNERS.filter(({ isInstalled }) => isInstalled);
const missing = SIGNERS.filter(({ isInstalled }) => !isInstalled).map(({ name }) => name);

// Each test starts a program.
jest.setTimeout(60_000);

let echo: RunningFunction;
beforeAll(async () => {
  echo = await startFunction('export const handler = async (event) => event;');
});
afterAll(() => echo.close());

test(`signers that are not installed are skipped: ${missing.join(', ') || 'none'}`, () => {
  // Jest doesn't show the names of passed tests in a run of many files.
  if (missing.length > 0)
    process.stderr.write(`Skipped, because they are not installed: requests signed by ${missing.join(', ')}\n`);
  expect(installed.length + missing.length).toBe(SIGNERS.length);
});

describe.each(installed)('$name', ({ send }) => {
  test.each<[string, string, Omit<SignerRequest, 'url' | 'secretAccessKey'>]>([
    ['GET', '/.well-known/oauth-authorization-server', { method: 'GET' }],
    [
      'a form',
      '/oauth/token',
      { method: 'POST', contentType: FORM, body: 'grant_type=client_credentials&scope=a%20b' },
    ],
    ['JSON', '/oauth/token', { method: 'POST', contentType: JSON_TYPE, body: '{"scope":"a b é"}' }],
    ['GET with a query', '/?a=1&b=two%20words', { method: 'GET' }],
    ['a form and a query', '/oauth/token?a=1&b=2', { method: 'POST', contentType: FORM, body: 'min_ttl=60' }],
    ['a session token', '/', { method: 'POST', contentType: FORM, body: 'a=1', sessionToken: 'session/+token==' }],
    ['a session token and a query', '/?a=1', { method: 'GET', sessionToken: 'session/+token==' }],
  ])('is accepted with %s', async (_, target, request) => {
    const { status, body } = await send({ ...request, url: echo.url + target, secretAccessKey: 'local' });
    expect([status, body]).toEqual([200, expect.stringContaining('"version":"2.0"')]);
    const event = JSON.parse(body);
    const sent = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString();
    expect(sent).toBe(request.body ?? '');
    expect(event.rawPath + (event.rawQueryString && `?${event.rawQueryString}`)).toBe(target);
    expect(event.headers['x-amz-security-token']).toBe(request.sessionToken);
  });

  test('is refused with a wrong secret key', async () => {
    const answer = await send({ method: 'POST', body: 'a=1', url: `${echo.url}/`, secretAccessKey: 'wrong' });
    expect(answer).toEqual({ status: 403, body: expect.stringContaining('does not match the signature you provided') });
  });
});
