// The dashboard as it is deployed: what it shows, in which order, and that CloudWatch takes it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from '@jest/globals';
import { QUERY_NAMES } from '../../lib/queries.ts';
import { ALARMS, type AlarmName, runbookAnchor } from '../../operating/alarms.ts';
import { CALL_PRICES, callCost } from '../../operating/cost.ts';
import { FUNCTION_METRICS, isOfFunction, METRIC_NAMESPACE, METRICS, SOURCES } from '../../operating/metrics.ts';
import { onlyResource, REGION, resourcesOf, synthesize } from './synth.ts';

interface Widget {
  readonly type: 'alarm' | 'metric' | 'text';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly alarms?: readonly string[];
    readonly metrics?: readonly (readonly unknown[])[];
    readonly region?: string;
    readonly stat?: string;
    readonly period?: number;
  };
}

interface Body {
  readonly start: string;
  readonly periodOverride: string;
  readonly widgets: readonly Widget[];
}

/** A text of the template, with `<ID>` for what CloudFormation puts in. */
function textOf(value: unknown): string {
  const { 'Fn::Join': [, parts] = ['', []] } = value as { 'Fn::Join'?: [string, unknown[]] };
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const { Ref, 'Fn::GetAtt': [of] = [Ref] } = part as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
      return `<${of}>`;
    })
    .join('');
}

function dashboardOf(raw: object) {
  const template = synthesize(raw);
  const [, { Properties }] = onlyResource(template, 'AWS::CloudWatch::Dashboard');
  const text = textOf(Properties.DashboardBody);
  return { template, name: Properties.DashboardName, text, body: JSON.parse(text) as Body };
}

interface Shown {
  readonly title: string;
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly options: { readonly stat?: string; readonly period?: number; readonly id?: string };
}

/** The metrics of the widgets, without expressions. */
function metricsOf({ widgets }: Body): readonly Shown[] {
  return widgets.flatMap(({ properties: { title = '', metrics = [], stat, period } }) =>
    metrics.flatMap((row) => {
      const options = { ...(stat && { stat }), ...(period && { period }), ...(row.at(-1) as Shown['options']) };
      const words = row.filter((word) => typeof word === 'string');
      const [namespace, name, ...pairs] = words;
      if (namespace === undefined || name === undefined) return [];
      const dimensions = Object.fromEntries(
        Array.from({ length: pairs.length / 2 }, (_, index) => [pairs[2 * index], pairs[2 * index + 1]]),
      );
      return [{ title, namespace, name, dimensions, options }];
    }),
  );
}

const expressionsOf = ({ widgets }: Body) =>
  widgets
    .flatMap(({ properties: { metrics = [] } }) =>
      metrics.map(([first]) => first as { expression?: string; label?: string; period?: number }),
    )
    .filter(({ expression }) => expression !== undefined);

const headingsOf = ({ widgets }: Body) =>
  widgets.flatMap(({ properties: { markdown = '' } }) => /^## (.*)$/.exec(markdown)?.[1] ?? []);

/** The widgets between a heading and the next one. */
function widgetsUnder(heading: string, { widgets }: Body): readonly Widget[] {
  const isHeading = ({ properties: { markdown = '' } }: Widget) => markdown.startsWith('## ');
  const begin = widgets.findIndex(({ properties: { markdown } }) => markdown === `## ${heading}`);
  const end = widgets.findIndex((widget, index) => index > begin && isHeading(widget));
  return widgets.slice(begin + 1, end === -1 ? undefined : end);
}

const TWO = {
  credentials: { emporix: {}, search: { rotation: false } },
  profiles: {
    orders: { credential: 'emporix', canaryEveryMinutes: 5 },
    reader: { credential: 'emporix' },
    search: { credential: 'search' },
  },
};
const two = dashboardOf(TWO);
const TEN = Array.from({ length: 10 }, (_, index) => `p${index}`);
const ten = dashboardOf({
  credentials: Object.fromEntries(TEN.map((name) => [name, {}])),
  profiles: Object.fromEntries(TEN.map((name) => [name, { credential: name, canaryEveryMinutes: 5 }])),
});
/** As many profiles as a stack holds (test/lib/resources.test.ts). */
const most = dashboardOf({
  profiles: Object.fromEntries(Array.from({ length: 31 }, (_, index) => [`${'a'.repeat(28)}p${index}`, {}])),
});

describe('the dashboard', () => {
  it('is one per stack, under a name that no stack of another region has', () => {
    expect(two.name).toBe(`TokenVending-${REGION}`);
    expect(two.name).toMatch(/^[\w-]{1,255}$/);
  });

  it('shows what is on first, and what to do last', () => {
    expect(headingsOf(two.body)).toEqual([
      'Alarms',
      'Answers to callers',
      'Mints',
      'Credentials',
      'Token table',
      'Life of tokens',
      'Functions',
      'Estimated cost',
      'What to do',
    ]);
  });

  it('is explained in docs/operating.md, in its order', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/operating.md'), 'utf8');
    const [, section = ''] = /^## Dashboard\n([\s\S]*?)^## /m.exec(page) ?? [];
    expect([...section.matchAll(/^\d\. \*\*(.+)\*\*: /gm)].map(([, heading]) => heading)).toEqual(headingsOf(two.body));
    expect(CALL_PRICES.where).toContain(/list prices of (.+):/.exec(section)?.[1]);
  });

  it('has its sections one below the other, also on the screen', () => {
    const tops = two.body.widgets.map(({ y }) => y);
    expect(tops).toEqual(tops.toSorted((a, b) => a - b));
    for (const { x, width } of ten.body.widgets) expect(x + width).toBeLessThanOrEqual(24);
  });

  it('says in the title of each graph what is normal', () => {
    const titles = two.body.widgets.flatMap(({ type, properties: { title = '' } }) => (type === 'text' ? [] : [title]));
    expect(titles.length).toBeGreaterThan(15);
    for (const title of titles) expect(title).toMatch(/ \(normal: .+\)$/);
  });

  it('shows each minute by itself, as alarms see it, of the last 3 hours', () => {
    expect(two.body).toMatchObject({ start: '-PT3H', periodOverride: 'inherit' });
    for (const { name, options } of metricsOf(two.body)) {
      if (name in { CanaryPassed: 0, Invocations: 0, Duration: 0, IncomingBytes: 0 }) continue;
      expect([name, options.period]).toEqual([name, 60]);
    }
  });

  it('is about the region of the stack', () => {
    for (const { type, properties } of two.body.widgets) {
      if (type === 'metric') expect(properties.region).toBe('<AWS::Region>');
    }
  });
});

describe('its alarms', () => {
  const arnsOf = ({ body }: typeof two) => body.widgets.flatMap(({ properties: { alarms = [] } }) => alarms);

  it.each([
    ['three profiles', two],
    ['gradual deployments', dashboardOf({ ...TWO, deployment: { strategy: 'canary' } })],
    ['ten profiles', ten],
  ])('are all of the stack, each once, the pagers first: %s', (_, dashboard) => {
    const idsOf = (type: string) => Object.keys(resourcesOf(dashboard.template, `AWS::CloudWatch::${type}`));
    const arns = (ids: readonly string[]) => ids.map((id) => `<${id}>`).sort();
    const [pagers, ...others] = widgetsUnder('Alarms', dashboard.body);
    expect(pagers?.properties.alarms?.toSorted()).toEqual(arns(idsOf('CompositeAlarm')));
    const alarms = others.flatMap(({ properties }) => properties.alarms ?? []);
    expect(alarms.toSorted()).toEqual(arns(idsOf('Alarm')));
  });

  it('are at most 100 in a widget', () => {
    expect(arnsOf(ten)).toHaveLength(10 * 7 + 10 * 6 + 1 + 11);
    for (const { body } of [ten, most]) {
      for (const { properties } of body.widgets) expect((properties.alarms ?? []).length).toBeLessThanOrEqual(100);
    }
  });
});

describe('its metrics', () => {
  const all = metricsOf(two.body);
  const dimensionsIn = ({ name, namespace, dimensions }: Shown) => [name, namespace, Object.keys(dimensions).sort()];
  const catalog = [
    ...Object.entries(METRICS).flatMap(([name, { dimensions }]) =>
      dimensions.map((set) => [name, METRIC_NAMESPACE, set.toSorted()]),
    ),
    ...Object.entries(FUNCTION_METRICS).map(([name, namespace]) => [
      name,
      namespace,
      [namespace === 'AWS/Logs' ? 'LogGroupName' : 'FunctionName'],
    ]),
  ];

  it('are metrics of the catalog, with its dimensions', () => {
    expect(all.length).toBeGreaterThan(50);
    for (const shown of all) expect(catalog).toContainEqual(dimensionsIn(shown));
  });

  it('are of profiles, credentials, functions and log groups that the stack has', () => {
    for (const { namespace, dimensions } of all) {
      if (namespace !== METRIC_NAMESPACE) continue;
      expect(dimensions.Stack).toBe('TokenVending');
      if (dimensions.Credential) expect(Object.keys(TWO.credentials)).toContain(dimensions.Credential);
      if (dimensions.Profile) expect(Object.keys(TWO.profiles)).toContain(dimensions.Profile);
    }
    const owners = (name: string) =>
      all.filter((shown) => shown.name === name).map(({ dimensions }) => Object.values(dimensions)[0]);
    const idsOf = (type: string) =>
      Object.keys(resourcesOf(two.template, type, 'Profile')).filter((id) => !id.includes('Canary'));
    expect(owners('Errors')).toEqual(idsOf('AWS::Lambda::Function').map((id) => `<${id}>`));
    expect(owners('IncomingBytes')).toEqual(idsOf('AWS::Logs::LogGroup').map((id) => `<${id}>`));
  });

  it('have each one place', () => {
    for (const { body } of [two, ten]) {
      const keys = metricsOf(body).map(({ namespace, name, dimensions, options }) =>
        JSON.stringify([namespace, name, dimensions, name === 'MintLatency' && options.stat]),
      );
      expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
    }
  });

  it('have among them each one that an alarm watches', () => {
    const watched = Object.values(ALARMS).flatMap(({ on }) => on.metrics.map(({ name }) => name));
    const names = all.map(({ name }) => name);
    expect(watched.filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each([
    ['Answers to callers', ['Vended', 'Vended', 'Vended', 'Refused', 'Misconfigured', 'Failed'], 3],
    ['Mints', ['Minted', 'MintFailed', 'MintedEarly', 'MintLatency', 'MintLatency'], 2],
    [
      'Credentials',
      ['CredentialRefused', 'ReplacedCredentialInUse', 'CredentialCheckFailed', 'Rotated', 'RotationFailed'],
      2,
    ],
    ['Token table', ['TableFailed', 'SealNotOpened'], 1],
  ])('under %s are %j, for each', (heading, names, times) => {
    const shown = metricsOf({ ...two.body, widgets: widgetsUnder(heading, two.body) }).map(({ name }) => name);
    expect(shown).toEqual(Array.from({ length: times }, () => names).flat());
  });

  it.each([
    ['Life of tokens', [...Array(3).fill('RemainingLife'), ...Array(3).fill('VendedPastMargin'), 'CanaryPassed']],
    ['Functions', ['Throttles', 'ConcurrentExecutions', 'Errors'].flatMap((name) => Array(3).fill(name))],
  ])('under %s each profile is a line of one graph', (heading, names) => {
    const shown = metricsOf({ ...two.body, widgets: widgetsUnder(heading, two.body) });
    expect(shown.map(({ name }) => name)).toEqual(names);
  });

  it('tell where tokens came from', () => {
    const vended = all.filter(({ name, dimensions }) => name === 'Vended' && dimensions.Profile === 'orders');
    expect(vended.map(({ dimensions }) => dimensions.Source)).toEqual([...SOURCES]);
  });

  it.each([
    ['RemainingLife', 'Minimum'],
    ['CanaryPassed', 'Minimum'],
    ['ConcurrentExecutions', 'Maximum'],
    ['Failed', 'Sum'],
    ['Throttles', 'Sum'],
  ])('%s is shown by its %s', (metric, stat) => {
    for (const { name, options } of all) if (name === metric) expect(options.stat).toBe(stat);
    expect(all.map(({ name }) => name)).toContain(metric);
  });

  it('have the latency of mints as median and as 99th percentile', () => {
    const stats = all.filter(({ name }) => name === 'MintLatency').map(({ options }) => options.stat);
    expect(stats).toEqual(['p50', 'p99', 'p50', 'p99']);
  });

  it('have a point for each run of a canary', () => {
    const [point, ...others] = metricsOf(dashboardOf({ profiles: { orders: { canaryEveryMinutes: 7 } } }).body).filter(
      ({ name }) => name === 'CanaryPassed',
    );
    expect(point?.options.period).toBe(7 * 60);
    expect(others).toEqual([]);
  });
});

describe('the estimated cost', () => {
  const sample = { Invocations: 1_000_000, Duration: 22_000_000, IncomingBytes: 932_000_000 };
  const periodOf = (values: Readonly<Record<string, number>>) => ({
    valueOf: ({ name, statistic }: { name: string; statistic: string }) =>
      statistic === 'Sum' ? values[name] : undefined,
    canFill: () => true,
  });

  it.each([
    [128, 0.2 + 22_000 * 0.125 * 0.0000133334 + 0.932 * 0.5],
    [512, 0.2 + 22_000 * 0.5 * 0.0000133334 + 0.932 * 0.5],
    [1024, 0.2 + 22_000 * 0.0000133334 + 0.932 * 0.5],
  ])('of a million calls of 22 ms with %i MB and 932 bytes of log each is %d USD', (memoryMb, usd) => {
    expect(callCost(memoryMb).valueIn(periodOf(sample))).toBeCloseTo(usd, 10);
  });

  it('is zero where nobody calls', () => {
    expect(callCost(512).valueIn(periodOf({}))).toBe(0);
  });

  it('is shown for each profile and hour, by the expression that is tested here', () => {
    const { body } = dashboardOf({ ...TWO, memoryMb: 1024 });
    const expressions = expressionsOf(body);
    expect(expressions.map(({ label, period }) => [label, period])).toEqual(
      Object.keys(TWO.profiles).map((name) => [name, 3600]),
    );
    const { text, metrics } = callCost(1024);
    expressions.forEach(({ expression = '' }, index) => {
      expect(expression.replaceAll(`Sum${index}`, 'Sum')).toBe(text);
    });
    const shown = metricsOf(body).filter(({ options }) => options.id !== undefined);
    expect(shown.map(({ name, options }) => [name, options.period, options.stat])).toEqual(
      Object.keys(TWO.profiles).flatMap(() => metrics.map(({ name }) => [name, 3600, 'Sum'])),
    );
    for (const { name, options } of shown) {
      expect(expressions.filter(({ expression }) => expression?.includes(`FILL(${options.id}, 0)`))).toHaveLength(1);
      expect(isOfFunction(name as 'Errors')).toBe(true);
    }
  });

  it('has decimal numbers only, and says whose prices they are', () => {
    expect(callCost(512).text).toBe(
      '(((FILL(invocationsSum, 0) * 0.0000002) + (FILL(durationSum, 0) * 0.0000000066667)) + (FILL(incomingBytesSum, 0) * 0.0000000005))',
    );
    const [
      {
        properties: { title },
      } = { properties: {} },
    ] = widgetsUnder('Estimated cost', two.body) as Widget[];
    expect(title).toContain(CALL_PRICES.where);
  });
});

describe('what to do', () => {
  const text = widgetsUnder('What to do', two.body)
    .map(({ properties: { markdown = '' } }) => markdown)
    .join('\n');

  it.each(Object.keys(ALARMS) as AlarmName[])('is in the runbook for %s', (name) => {
    expect(text).toContain(`| ${name} | ${ALARMS[name].means} | docs/runbook.md#${runbookAnchor(name)} |`);
  });

  it('is to read the saved queries, in the region of the stack', () => {
    expect(text).toContain(
      `[Logs Insights](https://console.aws.amazon.com/cloudwatch/home?region=${REGION}#logsV2:logs-insights)`,
    );
    const saved = Object.values(resourcesOf(two.template, 'AWS::Logs::QueryDefinition'));
    expect(saved.map(({ Properties }) => Properties.Name)).toEqual(QUERY_NAMES.map((name) => `TokenVending/${name}`));
    for (const name of QUERY_NAMES) expect(text).toContain(`\n- ${name}\n`);
  });
});

test.each([
  ['three profiles', two],
  ['ten profiles with canaries and credentials of their own', ten],
  ['as many profiles as fit, with the longest names', most],
])("is below CloudWatch's limits, and the template is below CloudFormation's: %s", (_, { body, template }) => {
  const perWidget = body.widgets.map(({ properties: { metrics = [] } }) => metrics.length);
  expect(body.widgets.length).toBeLessThanOrEqual(500);
  expect(Math.max(...perWidget)).toBeLessThanOrEqual(500);
  expect(perWidget.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(2_500);
  expect(JSON.stringify(template.toJSON()).length).toBeLessThan(1_000_000);
});

test('a stack that knows neither account nor region has one as well', () => {
  const template = synthesize({}, { env: null });
  const [, { Properties }] = onlyResource(template, 'AWS::CloudWatch::Dashboard');
  expect(Properties.DashboardName).toEqual({ 'Fn::Join': ['', ['TokenVending-', { Ref: 'AWS::Region' }]] });
});
