// TokenVending as a construct in a stack of somebody else, by what lib/index.ts exports.

import { describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import * as face from '../../lib/index.ts';
import { metricOf } from '../../lib/metrics.ts';
import { METRICS, type MetricName } from '../../operating/metrics.ts';
import { onlyResource, resourcesOf } from './synth.ts';

const { ConfigError, TokenVending } = face;
const TWO_PROFILES = { profiles: { orders: { scopes: ['order.order_read'] }, reader: {} } };

function foreignStack() {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, analyticsReporting: false });
  return new Stack(app, 'Shop');
}

describe('the public face', () => {
  it('exports the construct and its error, and types', () => {
    expect(Object.keys(face).sort()).toEqual(['ConfigError', 'TokenVending']);
  });
});

describe('in a stack of somebody else', () => {
  it('a role is granted a profile, and reads its URL', () => {
    const stack = foreignStack();
    const vending = new TokenVending(stack, 'Vending', TWO_PROFILES);
    const role = new iam.Role(stack, 'Orders', { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    vending.profile('orders').grantVend(role);
    stack.exportValue(vending.profile('orders').url, { name: 'url' });
    const template = Template.fromStack(stack);
    const [alias] = onlyResource(template, 'AWS::Lambda::Alias', 'VendingProfileOrders');
    const statements = ['lambda:InvokeFunctionUrl', 'lambda:InvokeFunction'].map((Action) =>
      Match.objectLike({ Action, Resource: { Ref: alias }, Condition: Match.anyValue() }),
    );
    template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: statements } });
    const [url] = onlyResource(template, 'AWS::Lambda::Url', 'VendingProfileOrders');
    expect(Object.values(template.findOutputs('*'))).toContainEqual(
      expect.objectContaining({ Value: { 'Fn::GetAtt': [url, 'FunctionUrl'] }, Export: { Name: 'url' } }),
    );
  });

  it('what is left out is filled in', () => {
    const stack = foreignStack();
    const { profiles, credentials } = new TokenVending(stack, 'Vending');
    expect([[...profiles.keys()], [...credentials.keys()]]).toEqual([['default'], ['emporix']]);
    const [, { Properties }] = onlyResource(Template.fromStack(stack), 'AWS::Lambda::Function', 'VendingProfile');
    expect(Properties).toMatchObject({ MemorySize: 512, Timeout: 25 });
  });

  it('a key that holds undefined is left out', () => {
    const given = { memoryMb: undefined, alarmEmail: undefined, profiles: { orders: { scopes: undefined } } };
    const vending = new TokenVending(foreignStack(), 'Vending', given as unknown as face.TokenVendingProps);
    expect(vending.profile('orders').profileName).toBe('orders');
  });

  it('a mistake in the properties is one readable line', () => {
    const create = () => new TokenVending(foreignStack(), 'Vending', { profiles: { orders: { scopes: ['a b'] } } });
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(/^tokenVending\.profiles\.orders\.scopes\[0\] is "a b": must be one scope [^\n]+$/);
  });

  it('a profile that does not exist is one readable line', () => {
    const vending = new TokenVending(foreignStack(), 'Vending', TWO_PROFILES);
    expect(() => vending.profile('order')).toThrow(
      new ConfigError('Shop/Vending has no profile "order", only: orders, reader'),
    );
  });
});

describe('a second TokenVending', () => {
  it('stops synthesis with one line in the same stack, wherever it is in it', () => {
    const stack = foreignStack();
    new TokenVending(stack, 'Vending');
    const second = (id: string) => () => new TokenVending(new Construct(stack, id), 'B');
    expect(second('One')).toThrow(ConfigError);
    expect(second('Two')).toThrow(/^Shop\/Two\/B is a second TokenVending in its stack, beside Shop\/Vending: [^\n]+$/);
  });

  it('may be in another stack', () => {
    const stack = foreignStack();
    new TokenVending(stack, 'Vending');
    expect(() => new TokenVending(new Stack(stack.node.root, 'Other'), 'Vending')).not.toThrow();
  });
});

describe('the metrics of a profile', () => {
  const vending = new TokenVending(foreignStack(), 'Vending', TWO_PROFILES);

  it.each(Object.entries(METRICS))('%s has the unit and the dimensions that the functions print', (name, metric) => {
    const [dimensions] = metric.dimensions;
    const values: Record<string, string> = { Stack: 'Shop', Profile: 'orders', Credential: 'emporix' };
    const { metricStat } = vending
      .profile('orders')
      .metric(name as MetricName)
      .toMetricConfig();
    expect(metricStat).toMatchObject({ metricName: name, unitFilter: metric.unit });
    expect(metricStat?.dimensions).toEqual(
      [...dimensions].sort().map((dimension) => ({ name: dimension, value: values[dimension] })),
    );
  });

  it('can be asked for by the source of the tokens', () => {
    const values = { ...vending.profile('orders').dimensionValues, Source: 'mint' };
    const { metricStat } = metricOf('Vended', values).toMetricConfig();
    expect(metricStat?.dimensions).toContainEqual({ name: 'Source', value: 'mint' });
  });

  it('can be asked for with another statistic', () => {
    const { metricStat } = vending.profile('orders').metricVended({ statistic: 'SampleCount' }).toMetricConfig();
    expect(metricStat).toMatchObject({ metricName: 'Vended', statistic: 'SampleCount' });
  });
});

describe('the strict policy, the alarms and the queries', () => {
  it('are part of the construct', () => {
    const stack = foreignStack();
    const administrators = ['arn:aws:iam::111122223333:role/admin'];
    new TokenVending(stack, 'Vending', { strictSecretPolicy: { administrators }, alarmEmail: 'oncall@example.com' });
    const template = Template.fromStack(stack);
    for (const type of ['SecretsManager::ResourcePolicy', 'SNS::Topic']) template.resourceCountIs(`AWS::${type}`, 1);
    template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 2);
    expect(Object.keys(resourcesOf(template, 'AWS::Logs::QueryDefinition'))).toHaveLength(7);
  });
});
