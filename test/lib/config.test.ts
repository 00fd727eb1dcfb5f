// Configuration: what is filled in, and what is taken as it is.

import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../lib/config.ts';
import { DEFAULT_THRESHOLDS } from '../../operating/alarms.ts';

const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop-AbCd12';
const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const ROLE_ARN = 'arn:aws:iam::111122223333:role/team/orders';
const ROOT_ARN = 'arn:aws:iam::444455556666:root';
const credential = (emporix: unknown) => ({ credentials: { emporix } });
const endpoint = (tokenEndpoint: unknown) => credential({ tokenEndpoint });
const profile = (orders: unknown) => ({ profiles: { orders } });

describe('configuration is filled in', () => {
  it('with one credential and one profile where there is none', () => {
    expect(loadConfig({})).toEqual({
      credentials: {
        emporix: {
          tokenEndpoint: 'https://api.emporix.io/oauth/token',
          rotation: true,
          clientAuthentication: 'client_secret_post',
        },
      },
      profiles: { default: { credential: 'emporix' } },
      memoryMb: 512,
      logRetentionDays: 90,
      alarms: DEFAULT_THRESHOLDS,
    });
    expect(loadConfig(undefined)).toEqual(loadConfig({}));
  });

  it('key by key: one key given leaves the others as they are', () => {
    expect(loadConfig(credential({ tenant: 'shop' })).credentials.emporix).toEqual({
      ...loadConfig({}).credentials.emporix,
      tenant: 'shop',
    });
    expect(loadConfig(profile({ scopes: ['a'] }))).toMatchObject({
      credentials: { emporix: {} },
      profiles: { orders: { credential: 'emporix', scopes: ['a'] } },
    });
  });

  it.each([
    [{}, { clientId: 'client_id', clientSecret: 'client_secret' }],
    [{ clientId: 'key' }, { clientId: 'key', clientSecret: 'client_secret' }],
    [{ clientSecret: 'Client Secret' }, { clientId: 'client_id', clientSecret: 'Client Secret' }],
    [
      { clientId: 'a.b', clientSecret: 'schlüssel' },
      { clientId: 'a.b', clientSecret: 'schlüssel' },
    ],
  ])('with the usual names of the fields that %j leaves out', (secretFields, filled) => {
    expect(loadConfig(credential({ secretFields })).credentials.emporix?.secretFields).toEqual(filled);
  });

  it('with the only credential, whatever its name', () => {
    expect(loadConfig({ credentials: { shop: {} } }).profiles).toEqual({ default: { credential: 'shop' } });
  });

  it('with rotation for a secret created here, not for one that exists', () => {
    const rotation = (given: object) => loadConfig(credential(given)).credentials.emporix?.rotation;
    expect(rotation({ secretName: 'shop' })).toBe(true);
    expect(rotation({ secretArn: SECRET_ARN })).toBe(false);
    expect(rotation({ secretArn: SECRET_ARN, rotation: true })).toBe(true);
    expect(rotation({ rotation: false })).toBe(false);
  });
});

describe('configuration is taken as it is', () => {
  it('with every key', () => {
    const full = {
      credentials: {
        shop: {
          tokenEndpoint: 'https://login.example.com/token?realm=1',
          secretArn: SECRET_ARN,
          secretKeyArn: KEY_ARN,
          secretFields: { clientId: 'Client ID', clientSecret: 'Client secret' },
          rotation: false,
          clientAuthentication: 'client_secret_basic',
          tenant: 'shop',
          parameters: { audience: 'api', 'dotted.name': '' },
        },
        'other-shop': { ...loadConfig({}).credentials.emporix, secretName: 'token-vending/other' },
      },
      profiles: {
        orders: {
          credential: 'shop',
          scopes: ['product.product_read', 'payment-gateway.capture_manage'],
          callers: [ROLE_ARN, ROOT_ARN, 'arn:aws-cn:iam::111122223333:role/a', 'arn:aws-us-gov:iam::111122223333:root'],
          organizationId: 'o-a1b2c3d4e5',
          reservedConcurrency: 1,
          canaryEveryMinutes: 5,
        },
      },
      memoryMb: 128,
      logRetentionDays: 3653,
      encryptionKeyArn: KEY_ARN,
      strictSecretPolicy: { administrators: [ROLE_ARN] },
      alarms: { ...DEFAULT_THRESHOLDS, failures: 20, tableFailed: 1 },
      alarmEmail: 'oncall@example.com',
      alarmTopicArn: 'arn:aws:sns:eu-central-1:111122223333:on-call_1',
    };
    expect(loadConfig(full)).toEqual(full);
  });

  it.each([
    ['aws', 'us-east-1'],
    ['aws', 'mx-central-1'],
    ['aws-cn', 'cn-northwest-1'],
    ['aws-us-gov', 'us-gov-west-1'],
    ['aws-eusc', 'eusc-de-east-1'],
    ['aws-iso', 'us-iso-east-1'],
    ['aws-iso-b', 'us-isob-east-1'],
    ['aws-iso-e', 'eu-isoe-west-1'],
    ['aws-new2', 'new-far-southwest-12'],
  ])('with ARNs of the partition %s and the region %s', (partition, region) => {
    const inPartition = (arn: string) => arn.replace('arn:aws:', `arn:${partition}:`).replace('eu-central-1', region);
    const [secretArn, keyArn, roleArn, rootArn] = [SECRET_ARN, KEY_ARN, ROLE_ARN, ROOT_ARN].map(inPartition);
    const full = {
      credentials: { shop: { secretArn, secretKeyArn: keyArn }, other: {} },
      profiles: { orders: { credential: 'shop', callers: [roleArn, rootArn] } },
      encryptionKeyArn: keyArn,
      strictSecretPolicy: { administrators: [roleArn] },
    };
    expect(loadConfig(full)).toMatchObject(full);
  });

  it.each(['http://localhost:8787/oauth/token', 'http://127.0.0.1:9/', 'http://127.8.9.1/', 'http://[::1]:9/token'])(
    'with the loopback token endpoint %s',
    (tokenEndpoint) => {
      expect(loadConfig(endpoint(tokenEndpoint)).credentials.emporix).toMatchObject({ tokenEndpoint });
    },
  );

  it('with an allow-list of 169 scopes', () => {
    const scopes = Array.from({ length: 169 }, (_, index) => `module.resource_with_a_long_name_manage_${index}`);
    expect(loadConfig(profile({ scopes })).profiles.orders?.scopes).toEqual(scopes);
  });
});
