// The canary as it is deployed: for which profiles, what its role may do, when it runs, and what it is told.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Template } from 'aws-cdk-lib/assertions';
import { allResources, roleStatements } from './statements.ts';
import { buildStack, onlyResource, resourcesOf, synthesize } from './synth.ts';

const CANARY = 'ProfileOrdersCanary';
const orders = (options: object) => ({ profiles: { orders: options, reader: {} } });
const canary = (options: object = {}) => orders({ canaryEveryMinutes: 5, ...options });
const idsOf = (raw: unknown) => allResources(synthesize(raw)).map(([id]) => id);

describe('a profile', () => {
  it('has no canary by default, and one that is switched on adds these resources and an alarm, and changes who shows that', () => {
    const isOfAlarm = ([id]: readonly [string, unknown]) =>
      /^(Monitoring(CanaryFailed|Pager)orders|Dashboard)/.test(id);
    const before = allResources(synthesize(orders({})));
    const after = allResources(synthesize(canary()));
    expect(after.filter(([id]) => !id.startsWith(CANARY)).filter((each) => !isOfAlarm(each))).toEqual(
      before.filter((each) => !isOfAlarm(each)),
    );
    expect(after.filter(isOfAlarm).map(([, { Type }]) => Type)).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::CompositeAlarm',
      'AWS::CloudWatch::Dashboard',
    ]);
    expect(after.filter(([id]) => id.startsWith(CANARY)).map(([, { Type }]) => Type)).toEqual([
      'AWS::Logs::LogGroup',
      'AWS::IAM::Role',
      'AWS::Lambda::Function',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Events::Rule',
      'AWS::Lambda::Permission',
    ]);
  });

  it('has a canary of its own, whatever others have', () => {
    const both = { profiles: { orders: { canaryEveryMinutes: 5 }, reader: { canaryEveryMinutes: 60 } } };
    expect(idsOf(both).filter((id) => /^Profile.*Canary/.test(id))).toHaveLength(12);
  });
});

describe("a canary's role", () => {
  it('may call the URL of its own profile, in both ways that AWS asks for, and write its logs and traces; nothing else', () => {
    const template = synthesize(canary());
    const [alias] = onlyResource(template, 'AWS::Lambda::Alias', 'ProfileOrders');
    const [logs] = onlyResource(template, 'AWS::Logs::LogGroup', CANARY);
    expect(Object.values(roleStatements(template, CANARY))).toEqual([
      [
        {
          Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          Effect: 'Allow',
          Resource: { 'Fn::GetAtt': [logs, 'Arn'] },
        },
        { Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Effect: 'Allow', Resource: '*' },
        {
          Action: 'lambda:InvokeFunctionUrl',
          Effect: 'Allow',
          Resource: { Ref: alias },
          Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        },
        {
          Action: 'lambda:InvokeFunction',
          Effect: 'Allow',
          Resource: { Ref: alias },
          Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
        },
      ],
    ]);
  });

  it("has no part of a customer's key, although its logs are under it", () => {
    const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const template = synthesize({ ...canary(), encryptionKeyArn: key });
    expect(roleStatements(template, CANARY)).toEqual(roleStatements(synthesize(canary()), CANARY));
    expect(onlyResource(template, 'AWS::Logs::LogGroup', CANARY)[1].Properties).toMatchObject({ KmsKeyId: key });
  });
});

describe('the schedule', () => {
  it.each([
    [1, 'rate(1 minute)'],
    [5, 'rate(5 minutes)'],
    [60, 'rate(1 hour)'],
  ])('of %i minutes is %s, and a run that failed or found no concurrency is not repeated', (everyMinutes, rate) => {
    const template = synthesize(canary({ canaryEveryMinutes: everyMinutes }));
    const [functionId] = onlyResource(template, 'AWS::Lambda::Function', CANARY);
    const Arn = { 'Fn::GetAtt': [functionId, 'Arn'] };
    expect(onlyResource(template, 'AWS::Events::Rule', CANARY)[1].Properties).toEqual({
      Description: 'Runs the canary of the profile orders',
      ScheduleExpression: rate,
      State: 'ENABLED',
      Targets: [{ Id: 'Target0', Arn, RetryPolicy: { MaximumRetryAttempts: 0 } }],
    });
    expect(onlyResource(template, 'AWS::Lambda::EventInvokeConfig')[1].Properties).toEqual({
      FunctionName: { Ref: functionId },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  it('is all that may call the function', () => {
    const template = synthesize(canary());
    const [functionId] = onlyResource(template, 'AWS::Lambda::Function', CANARY);
    const [rule] = onlyResource(template, 'AWS::Events::Rule');
    expect(onlyResource(template, 'AWS::Lambda::Permission', CANARY)[1].Properties).toEqual({
      Action: 'lambda:InvokeFunction',
      FunctionName: { 'Fn::GetAtt': [functionId, 'Arn'] },
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': [rule, 'Arn'] },
    });
  });
});

describe('the function', () => {
  const functionOf = (raw: unknown) => onlyResource(synthesize(raw), 'AWS::Lambda::Function', CANARY)[1].Properties;
  const variablesOf = (raw: unknown) => (functionOf(raw).Environment as { Variables: object }).Variables;

  it('is a Node.js 24 function on arm64 with its own logs, which ends before the next run', () => {
    const template = synthesize({ ...canary(), memoryMb: 256, logRetentionDays: 7 });
    const [logs, { Properties }] = onlyResource(template, 'AWS::Logs::LogGroup', CANARY);
    expect(Properties.RetentionInDays).toBe(7);
    expect(onlyResource(template, 'AWS::Lambda::Function', CANARY)[1].Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 256,
      Timeout: 58,
      LoggingConfig: { LogGroup: { Ref: logs } },
      TracingConfig: { Mode: 'Active' },
    });
    expect(functionOf(canary()).ReservedConcurrentExecutions).toBeUndefined();
  });

  it("is told the profile's name and token endpoint, and of no scope where there is no allow-list", () => {
    const template = synthesize(canary());
    expect(variablesOf(canary())).toEqual({
      STACK_NAME: 'TokenVending',
      PROFILE: 'orders',
      TOKEN_VENDING_URL: template.findOutputs('ProfileOrdersTokenEndpoint').ProfileOrdersTokenEndpoint?.Value,
    });
  });

  it.each([
    [['order.order_read'], 'token-vending.canary'],
    [['token-vending.canary', 'token-vending.canary.not'], 'token-vending.canary.not.not'],
  ])('is told a scope that the allow-list %j lacks', (scopes, scope) => {
    expect(variablesOf(canary({ scopes }))).toMatchObject({ REFUSED_SCOPE: scope });
  });

  it('has its own bundle, and no file beside it', () => {
    const { outdir, stack } = buildStack(canary(), { bundle: true });
    const [, { Properties }] = onlyResource(Template.fromStack(stack), 'AWS::Lambda::Function', CANARY);
    const { S3Key } = Properties.Code as { S3Key: string };
    const files = readdirSync(join(outdir, `asset.${S3Key.replace('.zip', '')}`));
    expect(files).toContain('index.mjs');
    expect(files.filter((file) => !file.endsWith('.mjs'))).toEqual([]);
  });
});

it('a stack of ten profiles with canaries and credentials of their own stays under 500 resources', () => {
  const ten = Array.from({ length: 10 }, (_, index) => `p${index}`);
  const profiles = Object.fromEntries(ten.map((name) => [name, { credential: name, canaryEveryMinutes: 5 }]));
  const template = synthesize({ credentials: Object.fromEntries(ten.map((name) => [name, {}])), profiles });
  expect(Object.keys(resourcesOf(template, 'AWS::Events::Rule'))).toHaveLength(10);
  expect(allResources(template).length).toBeLessThanOrEqual(500);
});
