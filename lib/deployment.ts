// Gradual deployments, if configured. CodeDeploy sends a tenth of the requests to a new version for five minutes, and then
// all of them; a fault of the function itself takes the version back.
//
// No other alarm rolls back: a deployment fails at once while one of its alarms is on, so an alarm of the authorization
// server or of the table would hold up the fix of an outage. A canary's alarm would also be a circular dependency: it
// depends on the URL, the URL on the alias, and the alias on the deployment group with its alarms.

import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as codedeploy from 'aws-cdk-lib/aws-codedeploy';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { pascalCase } from './config-values.ts';
import type { Profile } from './profile.ts';

export interface GradualDeploymentProps {
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

export class GradualDeployment extends Construct {
  constructor(scope: Construct, id: string, { profiles }: GradualDeploymentProps) {
    super(scope, id);
    const application = new codedeploy.LambdaApplication(this, 'Application');
    for (const [name, profile] of profiles) {
      const group = new Construct(this, `Profile${pascalCase(name)}`);
      new codedeploy.LambdaDeploymentGroup(group, 'Group', {
        application,
        alias: profile.alias,
        // The shortest one that still sees faults: alarms of one minute are on two to three minutes after the first fault.
        deploymentConfig: codedeploy.LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
        alarms: [alarmOfErrors(group, profile), alarmOfMisconfiguration(group, profile)],
        role: roleFor(group, profile),
      });
    }
  }
}

/** The function answers every failure itself, so an error of Lambda's is always a fault of its own. */
function alarmOfErrors(scope: Construct, { alias, profileName }: Profile): cloudwatch.Alarm {
  const description = `The function of the profile ${profileName} ended without an answer.`;
  return alarmOfOne(scope, 'Errors', description, alias.metricErrors({ period: Duration.minutes(1) }));
}

function alarmOfMisconfiguration(scope: Construct, profile: Profile): cloudwatch.Alarm {
  const description = `The function of the profile ${profile.profileName} answered 500: this deployment is misconfigured.`;
  return alarmOfOne(
    scope,
    'Misconfigured',
    description,
    profile.metric('Misconfigured', { period: Duration.minutes(1) }),
  );
}

/** One is enough: neither happens in a function that works, and a tenth of few requests is one. */
function alarmOfOne(scope: Construct, id: string, meaning: string, metric: cloudwatch.Metric): cloudwatch.Alarm {
  return new cloudwatch.Alarm(scope, id, {
    alarmDescription: `${meaning} A deployment is rolled back: see docs/configuration.md, "Gradual deployments".`,
    metric,
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
}

/** May move this one alias. AWS's managed policy for CodeDeploy could move the aliases of all functions. */
function roleFor(scope: Construct, { alias, function: { functionArn }, profileName }: Profile): iam.IRole {
  const move = new iam.PolicyStatement({
    actions: ['lambda:GetAlias', 'lambda:GetProvisionedConcurrencyConfig', 'lambda:UpdateAlias'],
    // Not the alias's own ARN, because the alias depends on the deployment group.
    resources: [functionArn, `${functionArn}:${alias.aliasName}`],
  });
  const watch = new iam.PolicyStatement({ actions: ['cloudwatch:DescribeAlarms'], resources: ['*'] });
  const role = new iam.Role(scope, 'Role', {
    description: `Moves the alias of the profile ${profileName} to a new version`,
    assumedBy: new iam.ServicePrincipal('codedeploy.amazonaws.com'),
    inlinePolicies: { Deployment: new iam.PolicyDocument({ statements: [move, watch] }) },
  });
  return role.withoutPolicyUpdates();
}
