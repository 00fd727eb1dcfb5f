// What a TokenClient is told: the URL in all its forms, the region, and mistakes.

import type { defaultProvider } from '@aws-sdk/credential-provider-node';
import { describe, expect, test } from '@jest/globals';
import { isSafe, readSettings, type TokenClientOptions } from '../../client/options.ts';

const HOST = 'abc123.lambda-url.eu-west-1.on.aws';
const ENDPOINT = `https://${HOST}/oauth/token`;
const read = (options: TokenClientOptions, env = {}) => readSettings(options, env);

describe('the URL', () => {
  test.each([
    `https://${HOST}`,
    `https://${HOST}/`,
    `https://${HOST}//`,
    `https://${HOST}/oauth/token`,
    `https://${HOST}/oauth/token/`,
    `https://${HOST}/#fragment`,
    ` https://${HOST} `,
  ])('%j is the token endpoint', (url) => {
    expect(read({ url }).tokenEndpoint.href).toBe(ENDPOINT);
    expect(read({ url: new URL(url) }).tokenEndpoint.href).toBe(ENDPOINT);
    expect(read({}, { TOKEN_VENDING_URL: url }).tokenEndpoint.href).toBe(ENDPOINT);
  });

  test('of a proxy keeps its path', () => {
    const { href } = read({ url: 'https://proxy.example/vending/', region: 'eu-west-1' }).tokenEndpoint;
    expect(href).toBe('https://proxy.example/vending/oauth/token');
  });

  test.each(['http://127.0.0.1:8787', 'http://localhost:1', 'http://[::1]:1/oauth/token'])(
    '%s is this machine, so it may be plain http',
    (url) => {
      expect(read({ url, region: 'eu-west-1' }).tokenEndpoint.pathname).toBe('/oauth/token');
    },
  );

  test.each([
    [undefined, /no URL is given.*TOKEN_VENDING_URL/],
    ['', /no URL is given/],
    [HOST, /not an https URL/],
    [`http://${HOST}`, /not an https URL/],
    ['http://127.0.0.1.example', /not an https URL/],
    ['http://127.0.0.1@elsewhere.example', /not an https URL/],
    [`https://user:secret@${HOST}`, /not an https URL/],
    [`https://:secret@${HOST}`, /not an https URL/],
    [`https://${HOST}/?a=b`, /not an https URL/],
    ['ftp://localhost', /not an https URL/],
  ])('%j is refused', (url, message) => {
    expect(() => read({ url })).toThrow(message);
    expect(() => read({ url })).toThrow(expect.objectContaining({ code: 'misconfigured' }));
  });

  test('is not repeated in the error, because it may hold a password', () => {
    expect(() => read({ url: 'http://user:secret@host.example' })).not.toThrow(/secret/);
  });
});

describe('the region', () => {
  const env = { AWS_REGION: 'us-east-1', AWS_DEFAULT_REGION: 'us-west-2' };
  const local = 'http://127.0.0.1:1';

  test.each<[string, TokenClientOptions, NodeJS.ProcessEnv, string]>([
    ['the option', { url: ENDPOINT, region: 'ap-south-1' }, env, 'ap-south-1'],
    ["the URL's", { url: ENDPOINT }, env, 'eu-west-1'],
    [
      "the URL's in another partition",
      { url: 'https://a.lambda-url.eusc-de-east-1.on.example' },
      env,
      'eusc-de-east-1',
    ],
    ['AWS_REGION', { url: local }, env, 'us-east-1'],
    ['AWS_DEFAULT_REGION', { url: local }, { AWS_DEFAULT_REGION: 'us-west-2' }, 'us-west-2'],
  ])('is %s', (_, options, environment, region) => {
    expect(read(options, environment).region).toBe(region);
  });

  test('is told to be missing', () => {
    expect(() => read({ url: local })).toThrow(/the region is unknown\. Pass the option region, or set AWS_REGION/);
  });
});

test('the credentials may be any provider of the AWS SDK, which tsc checks', () => {
  type SdkOptions = NonNullable<Parameters<ReturnType<typeof defaultProvider>>[0]>;
  // As `fromIni` and `fromTemporaryCredentials` are declared.
  const credentials = async (_?: Pick<SdkOptions, 'callerClientConfig'>) => ({
    accessKeyId: 'a',
    secretAccessKey: 'b',
  });
  expect(read({ url: ENDPOINT, credentials }).credentials).toBe(credentials);
});

describe('allowedOrigins', () => {
  test('are origins, whatever path they have', () => {
    const { allowedOrigins } = read({
      url: ENDPOINT,
      allowedOrigins: ['https://api.example/path', 'http://localhost:1'],
    });
    expect(allowedOrigins).toEqual(['https://api.example', 'http://localhost:1']);
  });

  test.each(['api.example', 'localhost:3000', '', '/path'])('that are no URL are refused: %j', (origin) => {
    expect(() => read({ url: ENDPOINT, allowedOrigins: [origin] })).toThrow(
      expect.objectContaining({ code: 'misconfigured' }),
    );
  });
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])('a timeoutMs of %d is refused', (timeoutMs) => {
  expect(() => read({ url: ENDPOINT, timeoutMs })).toThrow(/timeoutMs is/);
});

test.each([
  ['https://api.example', true],
  ['http://localhost:3000', true],
  ['http://127.1.2.3', true],
  ['http://[::1]', true],
  ['http://api.example', false],
  ['http://localhost.example', false],
  ['http://10.0.0.1', false],
  ['ws://localhost', false],
])('%s is safe to send a token to: %p', (url, expected) => {
  expect(isSafe(new URL(url))).toBe(expected);
});
