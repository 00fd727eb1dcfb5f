// Verified rotation as it is deployed: for which secrets, what its function's role may do, who may call it, and that it
// never begins by itself.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ConfigError } from '../../lib/config-error.ts';
import type { Credential } from '../../lib/credential.ts';
import { CredentialRotation } from '../../lib/rotation.ts';
import { roleStatements } from './statements.ts';
import { ACCOUNT, buildStack, onlyResource, resourcesOf, synthesize } from './synth.ts';

const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SECRET_ARN = `arn:aws:secretsmanager:eu-central-1:${ACCOUNT}:secret:shop-AbCd12`;
const FOREIGN = { secretArn: SECRET_ARN.replace(ACCOUNT, '444455556666'), secretKeyArn: KEY_ARN };
const ROTATION = 'CredentialShopRotation';
const SCHEDULE = 'AWS::SecretsManager::RotationSchedule';
const shop = (config: object, more: object = {}) => ({ credentials: { shop: config }, ...more });

describe('a secret', () => {
  it.each<[string, object, number]>([
    ['created here', {}, 1],
    ['created here, without rotation', { rotation: false }, 0],
    ['that exists', { secretArn: SECRET_ARN }, 0],
    ['that exists in this account, with rotation', { secretArn: SECRET_ARN, rotation: true }, 1],
    ['of another account', FOREIGN, 0],
  ])('%s: rotations %#', (_, config, rotations) => {
    const template = synthesize(shop(config));
    template.resourceCountIs(SCHEDULE, rotations);
    expect(Object.keys(resourcesOf(template, 'AWS::Lambda::Function', ROTATION))).toHaveLength(rotations);
  });

  it('of another account never rotates here', () => {
    expect(() => synthesize(shop({ ...FOREIGN, rotation: true }))).toThrow(ConfigError);
  });

  it('has a rotation of its own where there are several', () => {
    const template = synthesize({ credentials: { a: {}, b: {} }, profiles: { p: { credential: 'a' } } });
    const secrets = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret'));
    const rotated = Object.values(resourcesOf(template, SCHEDULE)).map(({ Properties }) => Properties.SecretId);
    expect(rotated).toEqual(secrets.map((Ref) => ({ Ref })));
  });
});

describe('the schedule', () => {
  it.each([
    ['created here', {}],
    ['that exists', { secretArn: SECRET_ARN, rotation: true }],
  ])(
    'is on demand: no rules, no rotation at the deployment, and only after the permission to call: one %s',
    (_, config) => {
      const template = synthesize(shop(config));
      const created = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret')).map((Ref) => ({ Ref }));
      const [functionId] = onlyResource(template, 'AWS::Lambda::Function', ROTATION);
      const [permission] = onlyResource(template, 'AWS::Lambda::Permission', ROTATION);
      const [, { Properties, ...rest }] = onlyResource(template, SCHEDULE);
      expect(Properties).toEqual({
        SecretId: created[0] ?? SECRET_ARN,
        RotationLambdaARN: { 'Fn::GetAtt': [functionId, 'Arn'] },
        RotateImmediatelyOnUpdate: false,
      });
      expect(rest).toMatchObject({ DependsOn: [permission] });
    },
  );

  it.each([
    ['created here', {}],
    ['that exists', { secretArn: SECRET_ARN, rotation: true }],
  ])('may be called by Secrets Manager of this account for this secret alone: one %s', (_, config) => {
    const template = synthesize(shop(config));
    const created = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret')).map((Ref) => ({ Ref }));
    const [functionId] = onlyResource(template, 'AWS::Lambda::Function', ROTATION);
    expect(onlyResource(template, 'AWS::Lambda::Permission', ROTATION)[1].Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [functionId, 'Arn'] },
      Principal: 'secretsmanager.amazonaws.com',
      SourceAccount: ACCOUNT,
      SourceArn: created[0] ?? SECRET_ARN,
    });
  });
});

describe("the rotation function's role", () => {
  const actions = ['DescribeSecret', 'GetSecretValue', 'PutSecretValue', 'UpdateSecretVersionStage'];
  const secretsManager = actions.map((action) => `secretsmanager:${action}`);

  it('may write its own logs and traces, and the versions and labels of its one secret; nothing else', () => {
    const template = synthesize(shop({}));
    const [secret] = onlyResource(template, 'AWS::SecretsManager::Secret');
    const [logs] = onlyResource(template, 'AWS::Logs::LogGroup', ROTATION);
    expect(Object.values(roleStatements(template, ROTATION))).toEqual([
      [
        {
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Effect: 'Allow',
          Resource: { 'Fn::GetAtt': [logs, 'Arn'] },
        },
        { Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Effect: 'Allow', Resource: '*' },
        { Action: secretsManager, Effect: 'Allow', Resource: { Ref: secret } },
      ],
    ]);
  });

  it.each<[string, object]>([
    ['of a secret created here', shop({}, { encryptionKeyArn: KEY_ARN })],
    ['of one that exists', shop({ secretArn: SECRET_ARN, secretKeyArn: KEY_ARN, rotation: true })],
  ])("uses a customer's key %s through Secrets Manager only", (_, raw) => {
    const [statements = []] = Object.values(roleStatements(synthesize(raw), ROTATION));
    expect(statements.filter(({ Action }) => JSON.stringify(Action).includes('kms:'))).toEqual([
      {
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Effect: 'Allow',
        Resource: KEY_ARN,
        Condition: {
          StringEquals: {
            'kms:ViaService': { 'Fn::Join': ['', ['secretsmanager.eu-central-1.', { Ref: 'AWS::URLSuffix' }]] },
          },
        },
      },
    ]);
  });

  it('leaves the role of a profile as it is', () => {
    const withAndWithout = [true, false].map((rotation) => roleStatements(synthesize(shop({ rotation })), 'Profile'));
    expect(withAndWithout[0]).toEqual(withAndWithout[1]);
  });
});

describe('the rotation function', () => {
  it('is a Node.js 24 function on arm64 with its own logs, told names, ARNs and the endpoint', () => {
    const template = synthesize(shop({ tokenEndpoint: 'https://login.example.com/token' }, { memoryMb: 256 }));
    const [secret] = onlyResource(template, 'AWS::SecretsManager::Secret');
    const [logs] = onlyResource(template, 'AWS::Logs::LogGroup', ROTATION);
    expect(onlyResource(template, 'AWS::Lambda::Function', ROTATION)[1].Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 256,
      LoggingConfig: { LogGroup: { Ref: logs } },
      Environment: {
        Variables: {
          STACK_NAME: 'TokenVending',
          CREDENTIAL: 'shop',
          SECRET_ID: { Ref: secret },
          TOKEN_ENDPOINT: 'https://login.example.com/token',
        },
      },
    });
    expect(onlyResource(template, 'AWS::Logs::LogGroup', ROTATION)[1]).toMatchObject({
      DeletionPolicy: 'Delete',
      Properties: { RetentionInDays: 90 },
    });
  });

  it.each([
    [1, 68],
    [10, 140],
    [200, 900],
  ])('has, for %i profiles, a time-out of %i s', (count, seconds) => {
    const profiles = Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, {}]));
    const { stack, vending } = buildStack(shop({ rotation: false }));
    const credential = vending.credentials.get('shop') as Credential;
    const logRetention = RetentionDays.ONE_WEEK;
    new CredentialRotation(credential, 'Rotation', { credential, profiles, memoryMb: 128, logRetention });
    const [, { Properties }] = onlyResource(Template.fromStack(stack), 'AWS::Lambda::Function', ROTATION);
    expect(Properties.Timeout).toBe(seconds);
  });

  it('has its bundle, with a file of the profiles that use the credential', () => {
    const secretFields = { clientId: 'key', clientSecret: 'pass' };
    const shared = { clientAuthentication: 'client_secret_basic', tenant: 'shop', parameters: { audience: 'api' } };
    const config = { ...shared, secretFields };
    const { outdir, stack } = buildStack(
      {
        credentials: { shop: config, other: {} },
        profiles: {
          orders: { credential: 'shop', scopes: ['b', 'a'], callers: [`arn:aws:iam::${ACCOUNT}:role/orders`] },
          all: { credential: 'shop' },
          foreign: { credential: 'other', scopes: ['c'] },
        },
      },
      { bundle: true },
    );
    const [, { Properties }] = onlyResource(Template.fromStack(stack), 'AWS::Lambda::Function', ROTATION);
    const { S3Key } = Properties.Code as { S3Key: string };
    const folder = join(outdir, `asset.${S3Key.replace('.zip', '')}`);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['index.mjs', 'rotation.json']));
    expect(readdirSync(folder)).not.toContain('profile.json');
    expect(JSON.parse(readFileSync(join(folder, 'rotation.json'), 'utf8'))).toEqual({
      ...config,
      profiles: { orders: { scopes: ['b', 'a'] }, all: {} },
    });
  });
});
