// The options that npm start takes, and its one line for each mistake.

import { describe, expect, test } from '@jest/globals';
import { readOptions, UsageError } from '../../bin/local-options.ts';
import { loadConfig } from '../../lib/config.ts';

const TWO = loadConfig({
  credentials: {
    emporix: {},
    other: { clientAuthentication: 'client_secret_basic', tenant: 'shop', secretFields: { clientId: 'key' } },
  },
  profiles: { orders: { credential: 'other', scopes: ['a.a_read'] }, stock: { credential: 'emporix' } },
  memoryMb: 256,
});
const SERVER = { TOKEN_ENDPOINT: 'https://auth.example.com/token', CLIENT_ID: 'id', CLIENT_SECRET: 'secret' };

describe('options', () => {
  test('without anything are the profile default on port 8787 with the simulated Emporix', () => {
    expect(readOptions([], {}, loadConfig({}))).toEqual({
      profileName: 'default',
      credentialName: 'emporix',
      profile: { clientAuthentication: 'client_secret_post' },
      port: 8787,
      memoryMb: 512,
    });
  });

  test('with all set hold the profile as it would be deployed, and the server', () => {
    const args = ['--profile', 'orders', '--instances=9'];
    expect(readOptions(args, { ...SERVER, PORT: '0' }, TWO)).toEqual({
      profileName: 'orders',
      credentialName: 'other',
      profile: {
        clientAuthentication: 'client_secret_basic',
        tenant: 'shop',
        secretFields: { clientId: 'key', clientSecret: 'client_secret' },
        scopes: ['a.a_read'],
      },
      authorizationServer: { tokenEndpoint: SERVER.TOKEN_ENDPOINT, clientId: 'id', clientSecret: 'secret' },
      port: 0,
      memoryMb: 256,
      instances: 9,
    });
  });

  test('choose the profile default, or the only one', () => {
    const only = loadConfig({ profiles: { orders: {} } });
    expect(readOptions([], {}, only).profileName).toBe('orders');
    const both = loadConfig({ profiles: { orders: {}, default: {} } });
    expect(readOptions([], {}, both).profileName).toBe('default');
  });

  test('take an empty variable for one that is not set', () => {
    const env = { PORT: '', TOKEN_ENDPOINT: '', CLIENT_ID: '', CLIENT_SECRET: '' };
    expect(readOptions([], env, loadConfig({}))).toEqual(readOptions([], {}, loadConfig({})));
  });
});

describe('a mistake is one line', () => {
  const expectLine = (args: readonly string[], env: Record<string, string>, message: RegExp, config = TWO) => {
    const read = () => readOptions(['--profile', 'stock', ...args], env, config);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
    expect(read).not.toThrow(/\n/);
  };

  test.each([
    ['-1', 'PORT is "-1", it must be a number from 0 to 65535'],
    ['65536', 'PORT is "65536"'],
    ['8787x', 'PORT is "8787x"'],
    ['1e3', 'PORT is "1e3"'],
    [' 80', 'PORT is " 80"'],
    ['80.5', 'PORT is "80.5"'],
  ])('PORT=%j', (PORT, message) => expectLine([], { PORT }, new RegExp(message)));

  test.each([
    [['--instances', '0'], /--instances is "0", it must be a number from 1 to 100/],
    [['--instances', '101'], /--instances is "101"/],
    [['--instances', 'many'], /--instances is "many"/],
    [['--instances'], /--instances/],
    [['--instances', '--profile'], /--instances/],
    [['--port', '1'], /Unknown option '--port'.*--instances N and --profile NAME/],
    [['extra'], /extra/],
    [['--profile', 'nobody'], /--profile is "nobody", it must be one of cdk.json's: orders, stock/],
  ])('%j', (args, message) => expectLine(args, {}, message));

  test('no profile chosen where there are several and none is the default', () => {
    expect(() => readOptions([], {}, TWO)).toThrow(
      new UsageError('cdk.json has no profile default; choose one with --profile: orders, stock'),
    );
  });

  test.each([
    [{ TOKEN_ENDPOINT: SERVER.TOKEN_ENDPOINT }, /^CLIENT_ID and CLIENT_SECRET not set/],
    [{ CLIENT_ID: 'id', CLIENT_SECRET: 's3cret' }, /^TOKEN_ENDPOINT not set: TOKEN_ENDPOINT, CLIENT_ID, CLIENT_SECRET/],
    [{ ...SERVER, CLIENT_SECRET: '' }, /^CLIENT_SECRET not set/],
    [{ ...SERVER, TOKEN_ENDPOINT: 'auth.example.com' }, /^TOKEN_ENDPOINT must be an https URL/],
    [{ ...SERVER, TOKEN_ENDPOINT: 'http://auth.example.com/token' }, /^TOKEN_ENDPOINT must be an https URL/],
    [{ ...SERVER, TOKEN_ENDPOINT: 'ftp://127.0.0.1/token' }, /^TOKEN_ENDPOINT must be an https URL/],
  ])('%j', (env, message) => expectLine([], env, message));

  test.each(['http://127.0.0.1:9/token', 'http://localhost/token', 'http://[::1]:1/token'])(
    'is not made by plain http on a loopback host, %s',
    (TOKEN_ENDPOINT) => {
      const { authorizationServer } = readOptions([], { ...SERVER, TOKEN_ENDPOINT }, loadConfig({}));
      expect(authorizationServer?.tokenEndpoint).toBe(TOKEN_ENDPOINT);
    },
  );
});
