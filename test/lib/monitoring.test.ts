// The alarms and the pagers as they are deployed.

import { describe, expect, it, test } from '@jest/globals';
import { ALARMS, type Alarm, type AlarmName, alarmsOf, DEFAULT_THRESHOLDS } from '../../operating/alarms.ts';
import { idOf } from '../../operating/expression.ts';
import { ACCOUNT, onlyResource, REGION, type Resource, resourcesOf, synthesize } from './synth.ts';

const TWO_CREDENTIALS = {
  credentials: { emporix: {}, search: {} },
  profiles: { orders: { credential: 'emporix' }, search: { credential: 'search' } },
};
const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const TOPIC_ARN = `arn:aws:sns:${REGION}:${ACCOUNT}:oncall`;

const byName = (raw: object, type: 'Alarm' | 'CompositeAlarm' = 'Alarm') =>
  new Map(
    Object.values(resourcesOf(synthesize(raw), `AWS::CloudWatch::${type}`)).map(({ Properties }) => [
      String(Properties.AlarmName),
      Properties as Readonly<Record<string, unknown>>,
    ]),
  );

const deployed = byName(TWO_CREDENTIALS);
const pagers = byName(TWO_CREDENTIALS, 'CompositeAlarm');
const template = synthesize(TWO_CREDENTIALS);
const logicalIds = new Map(
  Object.entries(resourcesOf(template, 'AWS::CloudWatch::Alarm')).map(([id, { Properties }]) => [
    id,
    String(Properties.AlarmName),
  ]),
);

/** The names of the alarms in a rule, which refers to them. */
function alarmsIn(rule: unknown): string[] {
  return [...JSON.stringify(rule).matchAll(/"Ref":"(\w+)"/g)].map(([, id = '']) => logicalIds.get(id) ?? id).sort();
}

test('each profile and each credential has its alarms, and the stack has its own', () => {
  const expected = [
    ...alarmsOf('Stack').map((name) => `TokenVending/${name}`),
    ...['emporix', 'search'].flatMap((credential) =>
      alarmsOf('Credential', ['rotation']).map((name) => `TokenVending/${credential}/${name}`),
    ),
    ...['orders', 'search'].flatMap((profile) => alarmsOf('Profile').map((name) => `TokenVending/${profile}/${name}`)),
  ];
  expect([...deployed.keys()].sort()).toEqual(expected.sort());
});

test('a credential without rotation has no alarm on it, and a profile without a canary none on that', () => {
  const alarms = [...byName({ credentials: { emporix: { rotation: false } } }).keys()].join();
  expect(alarms).not.toMatch(/RotationFailed|Canary/);
});

describe('a profile with a canary', () => {
  const stack = (canaryEveryMinutes: number) => ({ profiles: { orders: { canaryEveryMinutes }, search: {} } });

  it.each([1, 5, 7, 60])(
    'that runs every %i minutes has an alarm after two runs that failed or are missing',
    (every) => {
      const alarms = byName(stack(every));
      expect(alarms.get('TokenVending/orders/CanaryFailed')).toMatchObject({
        MetricName: 'CanaryPassed',
        Statistic: 'Maximum',
        Period: every * 60,
        DatapointsToAlarm: 2,
        EvaluationPeriods: 2,
        Threshold: 1,
        ComparisonOperator: 'LessThanThreshold',
        TreatMissingData: 'breaching',
      });
      expect(alarms.get('TokenVending/orders/Failures')).toMatchObject({ Period: 60 });
      expect([...alarms.keys()]).not.toContain('TokenVending/search/CanaryFailed');
    },
  );

  it('is called for by its own pager, and by no other', () => {
    const ruleOf = (name: string) => JSON.stringify(byName(stack(5), 'CompositeAlarm').get(name)?.AlarmRule);
    expect(ruleOf('TokenVending/orders')).toContain('"MonitoringCanaryFailedorders');
    expect(ruleOf('TokenVending/search')).not.toContain('CanaryFailed');
    expect(ruleOf('TokenVending/Shared')).not.toContain('CanaryFailed');
  });
});

test('credentials that do not fit into the rule of a composite alarm stop synthesis', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`c${index}`, {}]));
  const profiles = { orders: { credential: 'c0' } };
  expect(() => synthesize({ credentials: many(16), profiles })).not.toThrow();
  expect(() => synthesize({ credentials: many(17), profiles })).toThrow(
    /^tokenVending\.credentials holds 17: must be fewer: [^\n]+ can't be over 103 [^\n]+another stack$/,
  );
});

test('a profile has at most 8 alarms, its canary and its pager included', () => {
  expect(alarmsOf('Profile', ['canary']).length + 1).toBeLessThanOrEqual(8);
});

const DIMENSIONS = {
  Stack: { Stack: 'TokenVending' },
  Credential: { Stack: 'TokenVending', Credential: 'emporix' },
  Profile: { Stack: 'TokenVending', Profile: 'orders' },
};
const dimensionsOf = (list: unknown) =>
  Object.fromEntries((list as { Name: string; Value: unknown }[]).map(({ Name, Value }) => [Name, Value]));

describe('the alarm', () => {
  const NAMES = (['Stack', 'Credential', 'Profile'] as const).flatMap((of) => alarmsOf(of, ['rotation']));
  it.each(NAMES)('%s is that of the catalog', (name: AlarmName) => {
    const alarm: Alarm = ALARMS[name];
    const { of, on, periods, means, missing = 'notBreaching', setting, below, atLeast } = alarm;
    const subject = { Stack: '', Credential: 'emporix/', Profile: 'orders/' }[of];
    const properties = deployed.get(`TokenVending/${subject}${name}`);
    expect(properties).toMatchObject({
      DatapointsToAlarm: periods[0],
      EvaluationPeriods: periods[1],
      TreatMissingData: missing,
      Threshold: setting === undefined ? (below ?? atLeast) : DEFAULT_THRESHOLDS[setting],
      ComparisonOperator: below === undefined ? 'GreaterThanOrEqualToThreshold' : 'LessThanThreshold',
    });
    expect(properties?.AlarmDescription).toMatch(
      new RegExp(`^${means.replaceAll(/[().]/g, '\\$&')} What to do: docs/runbook\\.md#[a-z-]+$`),
    );
    expect(properties).not.toHaveProperty('AlarmActions');
    const [metric] = on.metrics;
    if (metric === undefined || on.text !== idOf(metric)) return;
    expect(properties).toMatchObject({ MetricName: metric.name, Statistic: metric.statistic, Period: 60 });
    if (properties?.Namespace === 'AWS/Lambda') {
      expect(Object.keys(dimensionsOf(properties.Dimensions))).toEqual(['FunctionName']);
    } else {
      expect(dimensionsOf(properties?.Dimensions)).toEqual(DIMENSIONS[of]);
    }
  });

  it('NothingVended is the only one on metric math, with the text of its expression and a minute for each metric', () => {
    const onMath = [...deployed].filter(([, { Metrics }]) => Metrics !== undefined).map(([name]) => name);
    expect(onMath.sort()).toEqual(['TokenVending/orders/NothingVended', 'TokenVending/search/NothingVended']);
    const metrics = deployed.get('TokenVending/orders/NothingVended')?.Metrics as {
      Expression?: string;
      Id: string;
      MetricStat?: { Metric: { MetricName: string; Namespace: string }; Period: number; Stat: string };
    }[];
    expect(metrics.find(({ Expression }) => Expression)?.Expression).toBe(
      'IF((FILL(vendedMaximum, 0) > 0), 0, (FILL(vendedSampleCount, 0) + ' +
        'IF((FILL(invocationsSum, 0) > FILL(errorsSum, 0)), 0, (FILL(errorsSum, 0) + FILL(throttlesSum, 0)))))',
    );
    const read = metrics.flatMap(({ Id, MetricStat }) => (MetricStat ? [[Id, MetricStat] as const] : []));
    expect(Object.fromEntries(read)).toMatchObject({
      vendedMaximum: { Metric: { Namespace: 'TokenVending', MetricName: 'Vended' }, Period: 60, Stat: 'Maximum' },
      vendedSampleCount: {
        Metric: { Namespace: 'TokenVending', MetricName: 'Vended' },
        Period: 60,
        Stat: 'SampleCount',
      },
      invocationsSum: { Metric: { Namespace: 'AWS/Lambda', MetricName: 'Invocations' }, Period: 60, Stat: 'Sum' },
      errorsSum: { Metric: { Namespace: 'AWS/Lambda', MetricName: 'Errors' }, Period: 60, Stat: 'Sum' },
      throttlesSum: { Metric: { Namespace: 'AWS/Lambda', MetricName: 'Throttles' }, Period: 60, Stat: 'Sum' },
    });
  });

  it('has the threshold that is configured', () => {
    const configured = Object.fromEntries(
      Object.keys(DEFAULT_THRESHOLDS).map((setting, index) => [setting, 100 + index]),
    );
    const alarms = byName({ alarms: configured });
    for (const [name, { setting }] of Object.entries<Alarm>(ALARMS)) {
      if (setting === undefined) continue;
      const [, properties] = [...alarms].find(([alarmName]) => alarmName.endsWith(`/${name}`)) ?? [];
      expect([name, properties?.Threshold]).toEqual([name, configured[setting]]);
    }
  });
});

describe('only pagers notify', () => {
  it('one of the table and the credentials, and one of each profile, which the first one suppresses', () => {
    expect([...pagers.keys()].sort()).toEqual(['TokenVending/Shared', 'TokenVending/orders', 'TokenVending/search']);
    const sharedNames = [...logicalIds.values()].filter((name) =>
      [...alarmsOf('Stack'), ...alarmsOf('Credential', ['rotation'])].some((alarm) => name.endsWith(`/${alarm}`)),
    );
    expect(alarmsIn(pagers.get('TokenVending/Shared')?.AlarmRule)).toEqual(sharedNames.sort());
    const ofOrders = alarmsOf('Profile').map((name) => `TokenVending/orders/${name}`);
    expect(alarmsIn(pagers.get('TokenVending/orders')?.AlarmRule)).toEqual(ofOrders.sort());
    for (const profile of ['orders', 'search']) {
      expect(pagers.get(`TokenVending/${profile}`)).toMatchObject({
        ActionsSuppressorWaitPeriod: 120,
        ActionsSuppressorExtensionPeriod: 300,
      });
      expect(JSON.stringify(pagers.get(`TokenVending/${profile}`)?.ActionsSuppressor)).toContain('PagerShared');
    }
  });

  it('nobody, where neither an address nor a topic is configured', () => {
    synthesize(TWO_CREDENTIALS).resourceCountIs('AWS::SNS::Topic', 0);
    for (const [, properties] of pagers) expect(properties).not.toHaveProperty('AlarmActions');
  });

  it.each([
    ['an address', { alarmEmail: 'oncall@example.com' }, 1],
    ['a topic', { alarmTopicArn: TOPIC_ARN }, 1],
    ['both', { alarmEmail: 'oncall@example.com', alarmTopicArn: TOPIC_ARN }, 2],
  ])('%s, when they go on and when they go off', (_, to, count) => {
    const notifying = [...byName({ ...TWO_CREDENTIALS, ...to }, 'CompositeAlarm').values()];
    expect(notifying).toHaveLength(3);
    for (const { AlarmActions, OKActions } of notifying) {
      expect(AlarmActions).toHaveLength(count);
      expect(OKActions).toEqual(AlarmActions);
      if ('alarmTopicArn' in to) expect(AlarmActions).toContain(TOPIC_ARN);
    }
  });

  it('a topic of another region stops synthesis', () => {
    const alarmTopicArn = TOPIC_ARN.replace(REGION, 'us-east-1');
    expect(() => synthesize({ alarmTopicArn })).toThrow(`alarmTopicArn is "${alarmTopicArn}": must be in ${REGION}`);
  });
});

describe('the topic that is created for an address', () => {
  const mailing = { alarmEmail: 'oncall@example.com' };
  it('sends mail, and takes TLS only', () => {
    const withTopic = synthesize(mailing);
    withTopic.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' });
    expect(JSON.stringify(withTopic.findResources('AWS::SNS::TopicPolicy'))).toContain('aws:SecureTransport');
  });

  it('takes messages from alarms of this account and from nobody else', () => {
    const [, policy] = onlyResource(synthesize(mailing), 'AWS::SNS::TopicPolicy');
    const { Statement } = policy.Properties.PolicyDocument as { Statement: { Effect: string }[] };
    expect(Statement.filter(({ Effect }) => Effect === 'Allow')).toMatchObject([
      {
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:*` } },
      },
    ]);
  });

  it("is under the customer's key where there is one", () => {
    const topicOf = (raw: object): Resource => onlyResource(synthesize(raw), 'AWS::SNS::Topic')[1];
    expect(topicOf({ ...mailing, encryptionKeyArn: KEY_ARN }).Properties?.KmsMasterKeyId).toBe(KEY_ARN);
    expect(topicOf(mailing).Properties?.KmsMasterKeyId).toBeUndefined();
  });
});
