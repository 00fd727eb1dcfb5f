import { expect, test } from '@jest/globals';
import { synthesize } from './synth.ts';

const profiles = { profiles: { default: {}, orders: {} } };

test('each profile has an alarm for a credential that is refused or replaced by the one before', () => {
  const template = synthesize(profiles);
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).filter(
    ({ Properties }) => Properties.Metrics,
  );
  expect(alarms).toHaveLength(2);
  for (const { Properties } of alarms) {
    expect(Properties).toMatchObject({ Threshold: 1, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' });
    const metrics: { MetricStat?: { Metric: object; Stat: string } }[] = Properties.Metrics;
    const names = metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
    expect(names).toMatchObject([
      { Namespace: 'TokenVending', MetricName: 'CredentialRefused' },
      { Namespace: 'TokenVending', MetricName: 'ReplacedCredentialInUse' },
    ]);
  }
  const dimensions = JSON.stringify(alarms);
  expect(dimensions).toContain('"Value":"default"');
  expect(dimensions).toContain('"Value":"orders"');
});

test('each profile has an alarm for a secret that can not be read in two of five minutes', () => {
  const alarms = synthesize(profiles).findResources('AWS::CloudWatch::Alarm', {
    Properties: {
      MetricName: 'CredentialCheckFailed',
      Statistic: 'Sum',
      Period: 60,
      Threshold: 1,
      EvaluationPeriods: 5,
      DatapointsToAlarm: 2,
      TreatMissingData: 'notBreaching',
    },
  });
  const profilesOf = Object.values(alarms).map(({ Properties }) => Properties.Dimensions[0].Value);
  expect(profilesOf.sort()).toEqual(['default', 'orders']);
});

test('without an address, alarms are only shown', () => {
  const template = synthesize(profiles);
  template.resourceCountIs('AWS::SNS::Topic', 0);
});

test('with an address, alarms and their end are mailed through a topic that takes TLS only', () => {
  const template = synthesize({ ...profiles, alarmEmail: 'oncall@example.com' });
  template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'email', Endpoint: 'oncall@example.com' });
  for (const { Properties } of Object.values(template.findResources('AWS::CloudWatch::Alarm'))) {
    expect(Properties.AlarmActions).toHaveLength(1);
    expect(Properties.OKActions).toHaveLength(1);
  }
  expect(JSON.stringify(template.findResources('AWS::SNS::TopicPolicy'))).toContain('aws:SecureTransport');
});

test('the topic takes messages from alarms of this account and from nobody else', () => {
  const template = synthesize({ ...profiles, alarmEmail: 'oncall@example.com' });
  const [policy] = Object.values(template.findResources('AWS::SNS::TopicPolicy'));
  const statements: { Effect: string }[] = policy?.Properties.PolicyDocument.Statement;
  expect(statements.filter(({ Effect }) => Effect === 'Allow')).toMatchObject([
    {
      Action: 'sns:Publish',
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:cloudwatch:eu-central-1:111122223333:alarm:*' } },
    },
  ]);
});
