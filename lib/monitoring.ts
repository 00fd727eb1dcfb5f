// The alarms of the catalog in operating/alarms.ts, the pagers over them, and the topics that the pagers notify.

import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import {
  ALARMS,
  type Alarm,
  type AlarmName,
  type AlarmSetting,
  alarmsOf,
  type Feature,
  runbookAnchor,
  SUPPRESSION,
} from '../operating/alarms.ts';
import { idOf, type WatchedMetric } from '../operating/expression.ts';
import { isOfFunction } from '../operating/metrics.ts';
import type { Canary } from './canary.ts';
import { configError } from './config-error.ts';
import type { Credential } from './credential.ts';
import { type DimensionValues, metricOf, metricOfFunction } from './metrics.ts';
import type { Profile } from './profile.ts';
import type { CredentialRotation } from './rotation.ts';

export interface MonitoringProps {
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By name. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** By the name of the credential. */
  readonly rotations: ReadonlyMap<string, CredentialRotation>;
  /** By the name of the profile. */
  readonly canaries: ReadonlyMap<string, Canary>;
  readonly thresholds: Readonly<Record<AlarmSetting, number>>;
  /**
   * Where pagers notify. The recipient has to confirm the subscription once.
   * @default - no e-mail is sent
   */
  readonly alarmEmail?: string;
  /**
   * An existing topic that pagers notify.
   * @default - none
   */
  readonly alarmTopicArn?: string;
  /**
   * The customer-managed key of the topic that is created for `alarmEmail`.
   * @default - the topic isn't encrypted: with SNS's own key, alarms could not publish
   */
  readonly encryptionKey?: kms.IKey;
}

/** What an alarm is of. */
interface Subject {
  /** The part of the alarm's name that names it. Empty for the stack. */
  readonly name: string;
  readonly dimensions: DimensionValues;
  /** The function of a profile, or the rotation function of a credential. */
  readonly function?: lambda.Function;
  readonly features?: readonly Feature[];
  /** The time between two runs of its canary. */
  readonly canaryPeriod?: Duration;
}

const MISSING = {
  breaching: cloudwatch.TreatMissingData.BREACHING,
  ignore: cloudwatch.TreatMissingData.IGNORE,
  notBreaching: cloudwatch.TreatMissingData.NOT_BREACHING,
};

export class Monitoring extends Construct {
  private readonly thresholds: MonitoringProps['thresholds'];
  private readonly topics: readonly sns.ITopic[];

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.thresholds = props.thresholds;
    this.topics = this.findTopics(props);
    const { stackName } = Stack.of(this);
    const shared = [
      ...this.alarms('Stack', { name: '', dimensions: { Stack: stackName } }),
      ...[...props.credentials.keys()].flatMap((name) => {
        const rotation = props.rotations.get(name);
        return this.alarms('Credential', {
          name,
          dimensions: { Stack: stackName, Credential: name },
          ...(rotation && { features: ['rotation'], function: rotation.function }),
        });
      }),
    ];
    assertRuleFits(shared.length, [...props.credentials.keys()], stackName);
    const sharedPager = this.pager('Shared', shared, {
      alarmDescription: `${stackName}: the table or a credential fails, for all profiles that use it. The alarm that is on says where docs/runbook.md has it.`,
    });
    for (const [name, profile] of props.profiles) {
      const canary = props.canaries.get(name);
      const alarms = this.alarms('Profile', {
        name,
        dimensions: profile.dimensionValues,
        function: profile.function,
        ...(canary && { features: ['canary'], canaryPeriod: Duration.minutes(canary.everyMinutes) }),
      });
      this.pager(name, alarms, {
        alarmDescription: `${stackName}: the profile ${name} fails. The alarm that is on says where docs/runbook.md has it.`,
        // A dead authorization server under ten profiles notifies once.
        actionsSuppressor: sharedPager,
        actionsSuppressorWaitPeriod: Duration.millis(SUPPRESSION.waitMs),
        actionsSuppressorExtensionPeriod: Duration.millis(SUPPRESSION.extensionMs),
      });
    }
  }

  private alarms(of: Alarm['of'], subject: Subject): cloudwatch.Alarm[] {
    return alarmsOf(of, subject.features).map((name) => this.alarm(name, subject));
  }

  private alarm(alarmName: AlarmName, subject: Subject): cloudwatch.Alarm {
    const alarm: Alarm = ALARMS[alarmName];
    const [datapointsToAlarm, evaluationPeriods] = alarm.periods;
    const { below, atLeast = 0, setting, missing = 'notBreaching' } = alarm;
    const { GREATER_THAN_OR_EQUAL_TO_THRESHOLD, LESS_THAN_THRESHOLD } = cloudwatch.ComparisonOperator;
    return new cloudwatch.Alarm(this, [alarmName, subject.name].filter(Boolean).join('-'), {
      alarmName: nameOf(this, subject.name, alarmName),
      alarmDescription: `${alarm.means} What to do: docs/runbook.md#${runbookAnchor(alarmName)}`,
      metric: watched(alarm, subject),
      comparisonOperator: below === undefined ? GREATER_THAN_OR_EQUAL_TO_THRESHOLD : LESS_THAN_THRESHOLD,
      threshold: setting === undefined ? (below ?? atLeast) : this.thresholds[setting],
      datapointsToAlarm,
      evaluationPeriods,
      treatMissingData: MISSING[missing],
    });
  }

  /** Only a pager notifies. Its rule names the alarms, because their ARNs would take twice as many characters. */
  private pager(
    name: string,
    alarms: readonly cloudwatch.Alarm[],
    options: Omit<cloudwatch.CompositeAlarmProps, 'alarmRule' | 'compositeAlarmName'>,
  ): cloudwatch.CompositeAlarm {
    const rules = alarms.map(({ alarmName }) => cloudwatch.AlarmRule.fromString(`ALARM("${alarmName}")`));
    const pager = new cloudwatch.CompositeAlarm(this, `Pager-${name}`, {
      compositeAlarmName: nameOf(this, name),
      alarmRule: cloudwatch.AlarmRule.anyOf(...rules),
      ...options,
    });
    for (const topic of this.topics) pager.addAlarmAction(new actions.SnsAction(topic));
    for (const topic of this.topics) pager.addOkAction(new actions.SnsAction(topic));
    return pager;
  }

  private findTopics({ alarmEmail, alarmTopicArn, encryptionKey }: MonitoringProps): sns.ITopic[] {
    return [
      ...(alarmEmail === undefined ? [] : [this.topicTo(alarmEmail, encryptionKey)]),
      ...(alarmTopicArn === undefined ? [] : [sns.Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn)]),
    ];
  }

  private topicTo(alarmEmail: string, encryptionKey: kms.IKey | undefined): sns.Topic {
    const topic = new sns.Topic(this, 'Alarms', {
      enforceSSL: true,
      ...(encryptionKey && { masterKey: encryptionKey }),
    });
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
}

/** `TokenVending/orders/Failures`. A slash can't be part of the other names, so no two alarms have the same one. */
function nameOf(scope: Construct, ...parts: readonly string[]): string {
  return [Stack.of(scope).stackName, ...parts].filter(Boolean).join('/');
}

/** AWS's limits for the rule of a composite alarm. CloudFormation would find out in the middle of a deploy. */
const MAX_ALARMS_IN_RULE = 100;
const MAX_RULE_CHARACTERS = 10_240;
const LONGEST_RULE = 'ALARM("//ReplacedCredentialInUse") OR ';

function assertRuleFits(alarms: number, credentialNames: readonly string[], stackName: string): void {
  const longestName = Math.max(...credentialNames.map(({ length }) => length));
  const characters = alarms * (LONGEST_RULE.length + longestName + stackName.length);
  if (alarms <= MAX_ALARMS_IN_RULE && characters <= MAX_RULE_CHARACTERS) return;
  const requirement = `must be fewer: one composite alarm is over all of their alarms, and can't be over ${alarms} with these names. Put some into another stack`;
  throw configError(['credentials'], `holds ${credentialNames.length}`, requirement);
}

/** One metric where that suffices, because metric math costs as much as an alarm for each metric in it. */
function watched({ on, means, only }: Alarm, subject: Subject): cloudwatch.IMetric {
  const [first] = on.metrics;
  const period = only === 'canary' ? subject.canaryPeriod : undefined;
  if (first !== undefined && on.text === idOf(first)) return metricFor(first, subject, period);
  return new cloudwatch.MathExpression({
    label: means,
    expression: on.text,
    usingMetrics: Object.fromEntries(on.metrics.map((metric) => [idOf(metric), metricFor(metric, subject)])),
    period: Duration.minutes(1),
  });
}

function metricFor(
  { name, statistic }: WatchedMetric,
  { dimensions, function: handler }: Subject,
  period = Duration.minutes(1),
): cloudwatch.Metric {
  const options = { statistic, period };
  if (!isOfFunction(name)) return metricOf(name, dimensions, options);
  if (handler === undefined) throw new Error(`${name} is a metric of a function, and there is none`);
  return metricOfFunction(name, handler, options);
}
