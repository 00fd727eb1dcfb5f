// Gradual deployments: what moves the alias to a new version, and what takes the version back.

import { describe, expect, it, test } from '@jest/globals';
import { propertyDocs } from '../../lib/config-schema.ts';
import { cyclesIn } from '../../testbed/cycles.ts';
import { CONFIGURATIONS } from '../template/configurations.ts';
import { dependenciesOf, type Resources } from './dependencies.ts';
import { allStatements } from './statements.ts';
import { onlyResource, resourcesOf, synthesize } from './synth.ts';

const CANARY = { deployment: { strategy: 'canary' } };

test.each([{ deployment: {} }, { deployment: { strategy: 'all-at-once' } }])(
  'with %j a new version takes over at once, as by default',
  (options) => {
    expect(synthesize(options).toJSON()).toEqual(synthesize({}).toJSON());
  },
);

test('a profile may have the name of a part of it', () => {
  const profiles = { application: {}, errors: {}, group: {}, default: {} };
  const groups = resourcesOf(synthesize({ ...CANARY, profiles }), 'AWS::CodeDeploy::DeploymentGroup');
  expect(Object.keys(groups)).toHaveLength(4);
});

describe('a gradual deployment', () => {
  const template = synthesize({ ...CANARY, profiles: { orders: {}, admin: {} } });
  const [functionId] = onlyResource(template, 'AWS::Lambda::Function', 'ProfileOrders');
  const [groupId, group] = onlyResource(template, 'AWS::CodeDeploy::DeploymentGroup', 'DeploymentProfileOrders');
  const alarms = resourcesOf(template, 'AWS::CloudWatch::Alarm', 'DeploymentProfileOrders');

  it('gives a new version a tenth of the requests for five minutes, for each profile by itself', () => {
    expect(Object.keys(resourcesOf(template, 'AWS::CodeDeploy::DeploymentGroup'))).toHaveLength(2);
    expect(group.Properties).toMatchObject({
      DeploymentConfigName: 'CodeDeployDefault.LambdaCanary10Percent5Minutes',
      DeploymentStyle: { DeploymentType: 'BLUE_GREEN', DeploymentOption: 'WITH_TRAFFIC_CONTROL' },
    });
    const [applicationId] = onlyResource(template, 'AWS::CodeDeploy::Application');
    expect(onlyResource(template, 'AWS::Lambda::Alias', 'ProfileOrders')[1]).toMatchObject({
      UpdatePolicy: {
        CodeDeployLambdaAliasUpdate: {
          ApplicationName: { Ref: applicationId },
          DeploymentGroupName: { Ref: groupId },
        },
      },
    });
  });

  it('is rolled back by its own two alarms, and by no other', () => {
    expect(group.Properties).toMatchObject({
      AlarmConfiguration: { Enabled: true, Alarms: Object.keys(alarms).map((id) => ({ Name: { Ref: id } })) },
      AutoRollbackConfiguration: { Enabled: true, Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_ALARM'] },
    });
  });

  it('has alarms of one error of the alias, and one 500 of the profile, within a minute', () => {
    const once = { Statistic: 'Sum', Period: 60, Threshold: 1, EvaluationPeriods: 1, TreatMissingData: 'notBreaching' };
    expect(Object.values(alarms).map(({ Properties }) => Properties)).toMatchObject([
      {
        ...once,
        Namespace: 'AWS/Lambda',
        MetricName: 'Errors',
        Dimensions: [
          { Name: 'FunctionName', Value: { Ref: functionId } },
          { Name: 'Resource', Value: { 'Fn::Join': ['', [{ Ref: functionId }, ':live']] } },
        ],
      },
      {
        ...once,
        Namespace: 'TokenVending',
        MetricName: 'Misconfigured',
        Dimensions: expect.arrayContaining([{ Name: 'Profile', Value: 'orders' }]),
      },
    ]);
  });

  it('may move the alias of this profile only', () => {
    const [roleId] = onlyResource(template, 'AWS::IAM::Role', 'DeploymentProfileOrders');
    const arn = { 'Fn::GetAtt': [functionId, 'Arn'] };
    const statements = allStatements(template).filter(({ owner }) => owner === roleId);
    expect(statements.map(({ statement }) => statement)).toMatchObject([
      { Principal: { Service: 'codedeploy.amazonaws.com' } },
      {
        Action: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
        Resource: [arn, { 'Fn::Join': ['', [arn, ':live']] }],
      },
      { Action: 'cloudwatch:DescribeAlarms', Resource: '*' },
    ]);
    expect(statements).toHaveLength(3);
  });
});

describe('with every option on', () => {
  const { Resources } = synthesize(CONFIGURATIONS.everything).toJSON() as { Resources: Resources };

  it('every key of the configuration is set', () => {
    const given = JSON.stringify(CONFIGURATIONS.everything);
    expect([...propertyDocs().keys()].filter((key) => !given.includes(`"${key}":`))).toEqual([]);
  });

  it('no resource depends on itself through others', () => {
    expect([...dependenciesOf(Resources).values()].flat().length).toBeGreaterThan(Object.keys(Resources).length);
    expect(cyclesOf(Resources)).toEqual([]);
  });

  it.each<[string, (urlId: string) => object]>([
    ['a reference', (Ref) => ({ Properties: { AlarmDescription: { Ref } } })],
    ['an attribute', (id) => ({ Properties: { AlarmDescription: { 'Fn::GetAtt': [id, 'FunctionUrl'] } } })],
    ['an attribute in one text', (id) => ({ Properties: { AlarmDescription: { 'Fn::GetAtt': `${id}.FunctionUrl` } } })],
    ['a text', (id) => ({ Properties: { AlarmDescription: { 'Fn::Sub': `of \${${id}.FunctionUrl}` } } })],
    [
      'a text with a name of its own',
      (Ref) => ({ Properties: { AlarmDescription: { 'Fn::Sub': ['of a URL', { Url: { Ref } }] } } }),
    ],
    ['order', (id) => ({ DependsOn: id })],
    ['order, among others', (id) => ({ DependsOn: ['Other', id] })],
  ])('an alarm that rolls back and depends on the URL would be such a cycle: by %s', (_, dependingOn) => {
    const [[alarmId] = ['']] = Object.entries(Resources).filter(([id]) =>
      id.startsWith('DeploymentProfileOrdersErrors'),
    );
    const [[urlId] = [''], ...others] = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Url');
    expect(others).toHaveLength(1);
    const planted = { ...Resources, [alarmId]: { Type: 'AWS::CloudWatch::Alarm', ...dependingOn(urlId) } };
    expect(cyclesOf(planted)).toEqual([expect.stringContaining(` → ${alarmId} → ${urlId} → `)]);
  });
});

function cyclesOf(resources: Resources): string[] {
  const graph = dependenciesOf(resources);
  return cyclesIn([...graph.keys()], (id) => graph.get(id) ?? []);
}
