// Alarms for each profile whose credential can't mint or can't be read, and the topic that alarms are sent to.

import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Profile } from './profile.ts';

export interface MonitoringProps {
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /**
   * Where alarms are sent. The recipient has to confirm the subscription once.
   * @default - alarms are only shown
   */
  readonly alarmEmail?: string;
}

export class Monitoring extends Construct {
  constructor(scope: Construct, id: string, { profiles, alarmEmail }: MonitoringProps) {
    super(scope, id);
    const topic = alarmEmail === undefined ? undefined : this.topicTo(alarmEmail);
    for (const [name, profile] of profiles) {
      for (const alarm of [this.alarmOfRefusedCredential(name, profile), this.alarmOfUnreadSecret(name, profile)]) {
        if (topic) alarm.addAlarmAction(new actions.SnsAction(topic));
        if (topic) alarm.addOkAction(new actions.SnsAction(topic));
      }
    }
  }

  private topicTo(alarmEmail: string): sns.Topic {
    const topic = new sns.Topic(this, 'Alarms', { enforceSSL: true });
    topic.addSubscription(new subscriptions.EmailSubscription(alarmEmail));
    const alarms = Stack.of(this).formatArn({
      service: 'cloudwatch',
      resource: 'alarm',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    // A topic's default policy lets the account's alarms publish. A policy of its own replaces that one.
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { ArnLike: { 'aws:SourceArn': alarms } },
      }),
    );
    return topic;
  }

  /** It is on as long as the authorization server refuses the current version, also while the previous one mints. */
  private alarmOfRefusedCredential(name: string, profile: Profile): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, `CredentialRefused-${name}`, {
      alarmDescription:
        `The authorization server does not accept the current credential of the profile ${name}. Tokens of the one ` +
        'before are vended while they can be minted. Put the right one: see docs/rotation.md, "Emergency replacement".',
      metric: new cloudwatch.MathExpression({
        label: 'Mints refused, and tokens of the replaced credential vended',
        expression: 'FILL(refused, 0) + FILL(replaced, 0)',
        usingMetrics: {
          refused: profile.metric('CredentialRefused'),
          replaced: profile.metric('ReplacedCredentialInUse'),
        },
        period: Duration.minutes(1),
      }),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }

  /** One failed read is no reason to wake somebody, because the next one follows 5 s later. */
  private alarmOfUnreadSecret(name: string, profile: Profile): cloudwatch.Alarm {
    return new cloudwatch.Alarm(this, `CredentialCheckFailed-${name}`, {
      alarmDescription:
        `The profile ${name} can't read its secret. Nothing is minted from 5 minutes after access was denied on. Check ` +
        'the policies of the secret and its KMS key, and the value of the secret: see docs/architecture.md.',
      metric: profile.metric('CredentialCheckFailed', { period: Duration.minutes(1) }),
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      threshold: 1,
      evaluationPeriods: 5,
      datapointsToAlarm: 2,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
