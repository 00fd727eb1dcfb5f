// The command line's `-c tokenVending:KEY=VALUE`, as the CDK hands it over: context keys with string values.

import { describe, expect, it } from '@jest/globals';
import cdkJson from '../../cdk.json' with { type: 'json' };
import { loadConfig } from '../../lib/config.ts';
import { ConfigError } from '../../lib/config-error.ts';
import { readOverrides } from '../../lib/config-overrides.ts';

const load = (context: Record<string, unknown>) => loadConfig(readOverrides(context));

describe('overrides', () => {
  it('leave cdk.json as it is where there is none, or no tokenVending at all', () => {
    expect(readOverrides({ tokenVending: { memoryMb: 256 }, 'aws:cdk:other': 1 })).toEqual({ memoryMb: 256 });
    expect(readOverrides({})).toEqual({});
  });

  it('set a nested key and keep the ones beside it', () => {
    const tokenVending = { credentials: { emporix: { tenant: 'shop' } }, memoryMb: 256 };
    const key = 'tokenVending:credentials.emporix.tokenEndpoint';
    expect(readOverrides({ tokenVending, [key]: 'http://127.0.0.1:9/oauth/token' })).toEqual({
      credentials: { emporix: { tenant: 'shop', tokenEndpoint: 'http://127.0.0.1:9/oauth/token' } },
      memoryMb: 256,
    });
    expect(tokenVending.credentials.emporix).toEqual({ tenant: 'shop' });
  });

  it('make what they are nested in, also under names with hyphens', () => {
    expect(load({ 'tokenVending:profiles.catalog-reader.scopes': '["a","b"]' }).profiles).toEqual({
      'catalog-reader': { credential: 'emporix', scopes: ['a', 'b'] },
    });
  });

  it('take JSON as JSON and anything else as a string', () => {
    expect(load({ 'tokenVending:memoryMb': '256', 'tokenVending:logRetentionDays': 30 })).toMatchObject({
      memoryMb: 256,
      logRetentionDays: 30,
    });
    expect(load({ 'tokenVending:credentials.emporix.rotation': 'false' }).credentials.emporix?.rotation).toBe(false);
    expect(load({ 'tokenVending:credentials.emporix.tenant': '"12345"' }).credentials.emporix?.tenant).toBe('12345');
    expect(load({ tokenVending: '{"memoryMb":1024}' }).memoryMb).toBe(1024);
  });

  it('set a key inside an object that is given too, in whatever order', () => {
    expect(
      load({
        'tokenVending:profiles.orders.scopes': '["a"]',
        'tokenVending:profiles': '{"orders":{"reservedConcurrency":2}}',
      }).profiles,
    ).toEqual({ orders: { credential: 'emporix', reservedConcurrency: 2, scopes: ['a'] } });
  });

  it.each([
    [{ 'tokenVending:memory': '256' }, /^tokenVending\.memory holds a number: there is no such key, only [^\n]+$/],
    [{ 'tokenVending:memoryMb': 'lots' }, /^tokenVending\.memoryMb is "lots": must be a whole number [^\n]+$/],
    [
      { 'tokenVending:profiles.orders.colour': 'red' },
      /^tokenVending\.profiles\.orders\.colour holds a string: there is no such key, only [^\n]+$/,
    ],
    [
      { tokenVending: { memoryMb: 256 }, 'tokenVending:memoryMb.x': '1' },
      /^tokenVending\.memoryMb is 256: must be an object to hold the key "x"$/,
    ],
    [
      { 'tokenVending:memoryMb:x': '1' },
      /^tokenVending\["memoryMb:x"\] holds a number: there is no such key, only [^\n]+$/,
    ],
    [{ 'tokenVending::': '1' }, /^tokenVending\[":"\] holds a number: there is no such key, only [^\n]+$/],
    [{ 'tokenVending:.memoryMb': '1' }, /^tokenVending\[""\] holds an object: there is no such key, only [^\n]+$/],
    [{ tokenVending: '{"memoryMb":' }, /^tokenVending is [^\n]+: must be an object of [^\n]+$/],
    [
      { 'tokenVending:credentials.emporix.parameters.dotted.name': 'x' },
      /^tokenVending\.credentials\.emporix\.parameters\.dotted is \{"name":"x"\}: must be a string$/,
    ],
  ])('stop with one line: %j', (context, line) => {
    expect(() => load(context)).toThrow(ConfigError);
    expect(() => load(context)).toThrow(line);
  });

  it.each([
    ['tokenVending.memoryMb', '"tokenVending:memoryMb"'],
    ['tokenVending/memoryMb', '"tokenVending:memoryMb"'],
    ['tokenVending/profiles/orders/callers', '"tokenVending:profiles.orders.callers"'],
    ['tokenVending-memoryMb', '"tokenVending:memoryMb"'],
    ['tokenVendingMemoryMb', '"tokenVending:memoryMb"'],
    ['tokenVending :memoryMb', '"tokenVending:memoryMb"'],
    [' tokenVending:memoryMb', '"tokenVending:memoryMb"'],
    ['tokenvending:profiles.orders.callers', '"tokenVending:profiles.orders.callers"'],
    ['TOKENVENDING:memoryMb', '"tokenVending:memoryMb"'],
    ['token-vending:memoryMb', '"tokenVending:memoryMb"'],
    ['Token_Vending:memoryMb', '"tokenVending:memoryMb"'],
    ['token.vending.memoryMb', '"tokenVending:memoryMb"'],
    ['@token-vending/memoryMb', '"tokenVending:memoryMb"'],
    ['tokenVendings:memoryMb', '"tokenVending:memoryMb"'],
    ['tokenVendingScopes', '"tokenVending:scopes"'],
    ['tokenVending:', 'tokenVending or tokenVending:KEY'],
    ['TokenVending', 'tokenVending or tokenVending:KEY'],
    ['token-vendings', 'tokenVending or tokenVending:KEY'],
    ['tokenVending\n', 'tokenVending or tokenVending:KEY'],
  ])('stop at the key %j, which only looks like one of them', (key, meant) => {
    const line = `the context key ${JSON.stringify(key)} is unknown: must be ${meant}`;
    expect(() => readOverrides({ tokenVending: {}, [key]: '1' })).toThrow(new ConfigError(line));
  });

  it('leave the keys of the CDK and of others alone', () => {
    const keys = [
      ...Object.keys(cdkJson.context),
      'aws:cdk:bundling-stacks',
      'availability-zones:account=111122223333:region=eu-central-1',
      'vpc-provider:account=111122223333',
      'myApp:tokenVendingEnabled',
      'my-token-vending',
      'token',
      'tokenVendor:memoryMb',
      '',
    ];
    const context = Object.fromEntries(keys.map((key) => [key, '1']));
    expect(readOverrides({ ...context, tokenVending: { memoryMb: 256 } })).toEqual({ memoryMb: 256 });
  });

  it('cannot reach the prototype of objects', () => {
    expect(() => load({ 'tokenVending:__proto__.memoryMb': '256' })).toThrow(
      /^tokenVending\.__proto__ holds an object/,
    );
    expect(Object.hasOwn(Object.prototype, 'memoryMb')).toBe(false);
  });
});
