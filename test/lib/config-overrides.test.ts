// The command line's `-c tokenVending:KEY=VALUE`, as the CDK hands it over: context keys with string values.

import { describe, expect, it } from '@jest/globals';
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
    [{ 'tokenVending:': '1' }, /^tokenVending\[""\] holds a number: there is no such key, only [^\n]+$/],
    [{ tokenVending: '{"memoryMb":' }, /^tokenVending is [^\n]+: must be an object of [^\n]+$/],
    [
      { 'tokenVending:credentials.emporix.parameters.dotted.name': 'x' },
      /^tokenVending\.credentials\.emporix\.parameters\.dotted is \{"name":"x"\}: must be a string$/,
    ],
  ])('stop with one line: %j', (context, line) => {
    expect(() => load(context)).toThrow(ConfigError);
    expect(() => load(context)).toThrow(line);
  });

  it('cannot reach the prototype of objects', () => {
    expect(() => load({ 'tokenVending:__proto__.memoryMb': '256' })).toThrow(
      /^tokenVending\.__proto__ holds an object/,
    );
    expect(Object.hasOwn(Object.prototype, 'memoryMb')).toBe(false);
  });
});
