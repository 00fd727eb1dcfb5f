// The dashboard of a stack, for someone who was just woken. It shows the metrics of the catalog per minute, as alarms see
// them, and ends with what to do.

import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { ALARMS, type AlarmName, runbookAnchor } from '../operating/alarms.ts';
import { CALL_PRICES, callCost } from '../operating/cost.ts';
import { idOf, type WatchedMetric } from '../operating/expression.ts';
import { type FunctionMetricName, isOfFunction, type MetricName, SOURCES } from '../operating/metrics.ts';
import type { Canary } from './canary.ts';
import type { Credential } from './credential.ts';
import { metricOf, metricOfFunction } from './metrics.ts';
import type { Profile } from './profile.ts';
import { QUERY_NAMES } from './queries.ts';

export interface DashboardProps {
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
  /** By name. */
  readonly credentials: ReadonlyMap<string, Credential>;
  /** By the name of the profile. */
  readonly canaries: ReadonlyMap<string, Canary>;
  /** Memory of each function, in MB. */
  readonly memoryMb: number;
}

const MINUTE = Duration.minutes(1);
const HEIGHT = 5;
const ROW_WIDTH = 24;
/** An alarm widget shows 100 alarms. */
const ALARMS_PER_WIDGET = 100;

export class Dashboard extends Construct {
  private readonly props: DashboardProps;

  /** It shows the alarms that its scope has by then. */
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    this.props = props;
    const { region, stackName } = Stack.of(this);
    const sections: readonly [heading: string, widgets: cloudwatch.IWidget[]][] = [
      ['Alarms', alarmStates(scope)],
      ['Answers to callers', this.ofEach(props.profiles, answersOf)],
      ['Mints', this.ofEach(props.credentials, mintsOf)],
      ['Credentials', this.ofEach(props.credentials, credentialStateOf)],
      ['Token table', [this.tableFailures()]],
      ['Life of tokens', this.lifeOfTokens()],
      ['Functions', this.functions()],
      ['Estimated cost', [this.cost()]],
      ['What to do', [runbook(), links(region, stackName)]],
    ];
    new cloudwatch.Dashboard(this, 'Default', {
      // An account has its dashboards in common for all regions.
      dashboardName: `${stackName}-${region}`,
      defaultInterval: Duration.hours(3),
      // Otherwise the console would choose other periods than those of the alarms.
      periodOverride: cloudwatch.PeriodOverride.INHERIT,
      widgets: sections.flatMap(([heading, widgets]) => [[headingOf(heading)], widgets]),
    });
  }

  /** Widgets of each profile or credential, four beside each other. */
  private ofEach<Subject>(
    subjects: ReadonlyMap<string, Subject>,
    widgetsOf: (name: string, subject: Subject, width: number) => cloudwatch.IWidget[],
  ): cloudwatch.IWidget[] {
    const width = subjects.size === 1 ? ROW_WIDTH / 2 : ROW_WIDTH / 4;
    return [...subjects].flatMap(([name, subject]) => widgetsOf(name, subject, width));
  }

  private tableFailures(): cloudwatch.IWidget {
    const { stackName } = Stack.of(this);
    const metrics = counts(['TableFailed', 'SealNotOpened'], { Stack: stackName });
    return graph('Failures of the table (normal: none, or single ones)', metrics, ROW_WIDTH);
  }

  private lifeOfTokens(): cloudwatch.IWidget[] {
    const { canaries } = this.props;
    const canaryMetrics = [...canaries].map(([label, { everyMinutes, profile }]) =>
      profile.metric('CanaryPassed', { label, statistic: 'Minimum', period: Duration.minutes(everyMinutes) }),
    );
    const life = this.ofProfiles('RemainingLife', 'Minimum');
    const width = ROW_WIDTH / (canaries.size === 0 ? 2 : 3);
    return [
      graph('Shortest remaining life, in s (normal: over a sixth of a lifetime)', life, width),
      graph('Vended past margin (normal: none)', this.ofProfiles('VendedPastMargin'), width),
      ...(canaries.size === 0 ? [] : [graph('Canaries (normal: 1, which is passed)', canaryMetrics, width)]),
    ];
  }

  private functions(): cloudwatch.IWidget[] {
    const width = ROW_WIDTH / 3;
    const concurrent = this.ofProfiles('ConcurrentExecutions', 'Maximum');
    return [
      graph('Throttles (normal: none)', this.ofProfiles('Throttles'), width),
      graph('Calls at the same time (normal: far below the limit)', concurrent, width),
      graph('Errors of functions (normal: none)', this.ofProfiles('Errors'), width),
    ];
  }

  /** A metric of each profile, or of its function. */
  private ofProfiles(name: MetricName | FunctionMetricName, statistic = 'Sum'): cloudwatch.IMetric[] {
    return [...this.props.profiles].map(([label, profile]) => {
      const options = { label, statistic, period: MINUTE };
      return isOfFunction(name) ? metricOfFunction(name, profile.function, options) : profile.metric(name, options);
    });
  }

  private cost(): cloudwatch.IWidget {
    const title = `Calls, their duration and their log in USD per hour, by list prices of ${CALL_PRICES.where} (normal: follows what is vended)`;
    const profiles = [...this.props.profiles.values()];
    const costs = profiles.map((profile, index) => hourlyCost(profile, index, this.props.memoryMb));
    return graph(title, costs, ROW_WIDTH, { stacked: true });
  }
}

function alarmStates(scope: Construct): cloudwatch.IWidget[] {
  const constructs = scope.node.findAll();
  const pagers = constructs.filter((each) => each instanceof cloudwatch.CompositeAlarm);
  const alarms = constructs.filter((each) => each instanceof cloudwatch.Alarm);
  const chunks = Array.from({ length: Math.ceil(alarms.length / ALARMS_PER_WIDGET) }, (_, index) =>
    alarms.slice(index * ALARMS_PER_WIDGET, (index + 1) * ALARMS_PER_WIDGET),
  );
  const states = (title: string, shown: cloudwatch.AlarmBase[], height: number) =>
    new cloudwatch.AlarmStatusWidget({
      title: `${title} (normal: all OK)`,
      alarms: shown,
      sortBy: cloudwatch.AlarmStatusWidgetSortBy.STATE_UPDATED_TIMESTAMP,
      width: ROW_WIDTH,
      height,
    });
  return [states('Pagers', pagers, 3), ...chunks.map((chunk) => states('Alarms', chunk, HEIGHT))];
}

function answersOf(name: string, profile: Profile, width: number): cloudwatch.IWidget[] {
  const vended = SOURCES.map((source) => {
    const dimensions = { ...profile.dimensionValues, Source: source };
    return metricOf('Vended', dimensions, { label: `from ${source}`, period: MINUTE });
  });
  const others = counts(['Refused', 'Misconfigured', 'Failed'], profile.dimensionValues);
  return [
    graph(`${name}: vended (normal: most from memory)`, vended, width, { stacked: true }),
    graph(`${name}: not vended (normal: few refused)`, others, width),
  ];
}

function mintsOf(name: string, credential: Credential, width: number): cloudwatch.IWidget[] {
  const dimensions = dimensionsOf(credential);
  const latencies = ['p50', 'p99'].map((statistic) =>
    metricOf('MintLatency', dimensions, { label: statistic, statistic, period: MINUTE }),
  );
  return [
    graph(`${name}: mints (normal: none failed)`, counts(['Minted', 'MintFailed', 'MintedEarly'], dimensions), width),
    graph(`${name}: mint latency, in ms (normal: < 1000)`, latencies, width),
  ];
}

function credentialStateOf(name: string, credential: Credential, width: number): cloudwatch.IWidget[] {
  const state = ['CredentialRefused', 'ReplacedCredentialInUse', 'CredentialCheckFailed'] as const;
  const dimensions = dimensionsOf(credential);
  return [
    graph(`${name}: credential (normal: none)`, counts(state, dimensions), width),
    graph(`${name}: rotation (normal: none failed)`, counts(['Rotated', 'RotationFailed'], dimensions), width),
  ];
}

function dimensionsOf(credential: Credential) {
  return { Stack: Stack.of(credential).stackName, Credential: credential.credentialName };
}

function counts(names: readonly MetricName[], dimensions: Parameters<typeof metricOf>[1]): cloudwatch.IMetric[] {
  return names.map((name) => metricOf(name, dimensions, { label: name, period: MINUTE }));
}

function graph(title: string, left: cloudwatch.IMetric[], width: number, options?: cloudwatch.GraphWidgetProps) {
  const leftYAxis = { min: 0, showUnits: false };
  return new cloudwatch.GraphWidget({ title, left, width, height: HEIGHT, leftYAxis, ...options });
}

/** @param index makes the IDs of metrics unique in the widget */
function hourlyCost(profile: Profile, index: number, memoryMb: number): cloudwatch.IMetric {
  const { text, metrics } = callCost(memoryMb);
  const period = Duration.hours(1);
  const idIn = (metric: WatchedMetric) => `${idOf(metric)}${index}`;
  const read = ({ name, statistic }: WatchedMetric) =>
    isOfFunction(name)
      ? metricOfFunction(name, profile.function, { statistic, period })
      : profile.metric(name, { statistic, period });
  return new cloudwatch.MathExpression({
    label: profile.profileName,
    expression: metrics.reduce((renamed, metric) => renamed.replaceAll(idOf(metric), idIn(metric)), text),
    usingMetrics: Object.fromEntries(metrics.map((metric) => [idIn(metric), read(metric)])),
    period,
  });
}

function headingOf(heading: string): cloudwatch.IWidget {
  const background = cloudwatch.TextWidgetBackground.TRANSPARENT;
  return new cloudwatch.TextWidget({ markdown: `## ${heading}`, width: ROW_WIDTH, height: 1, background });
}

function runbook(): cloudwatch.IWidget {
  const rows = (Object.keys(ALARMS) as AlarmName[]).map(
    (name) => `| ${name} | ${ALARMS[name].means} | docs/runbook.md#${runbookAnchor(name)} |`,
  );
  const markdown = ['| alarm | it means | what to do |', '|---|---|---|', ...rows].join('\n');
  return new cloudwatch.TextWidget({ markdown, width: 16, height: 14 });
}

function links(region: string, stackName: string): cloudwatch.IWidget {
  const page = (title: string, path: string) =>
    `[${title}](https://console.aws.amazon.com/cloudwatch/home?region=${region}#${path})`;
  const markdown = [
    "The runbook is a file of the project's repository: read it at the commit that is deployed.",
    `${page('Logs Insights', 'logsV2:logs-insights')} has these saved queries in its folder \`${stackName}\`:`,
    QUERY_NAMES.map((name) => `- ${name}`).join('\n'),
    page('All alarms', 'alarmsV2:'),
  ].join('\n\n');
  return new cloudwatch.TextWidget({ markdown, width: 8, height: 14 });
}
