// Findings of the judges that are right as they are: for each, the reason, and what protects instead. Nothing of this is in
// the deployed template. An acknowledgement that matches no finding any more fails the suite.

import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import type { Finding } from './judges.ts';

interface Acknowledgement {
  /** The judges' names of the same finding. */
  readonly rules: readonly string[];
  /** The paths in the stack of the constructs that it is about. */
  readonly on: RegExp;
  /** The configurations in which it is found. It is stale if one of them doesn't have it. */
  readonly in: readonly Configuration[];
  readonly why: string;
}

const ALL = Object.keys(CONFIGURATIONS) as Configuration[];
const WITHOUT_KEY: readonly Configuration[] = ['default', 'secret reads', 'ten profiles'];
const VEND_FUNCTION = /^Profile\w+\/Function\/Resource$/;
const ROTATION_FUNCTION = /^Credential\w+\/Rotation\/Function\/Resource$/;
const CANARY_FUNCTION = /^Profile\w+\/Canary\/Function\/Resource$/;
const FUNCTIONS = /^(Profile\w+(\/Canary)?|Credential\w+\/Rotation)\/Function\/Resource$/;
const ROLES = /^(Profile\w+(\/Canary)?|Credential\w+\/Rotation)\/Role\/Resource$/;
const LOGS = /^(Profile\w+(\/Canary)?|Credential\w+\/Rotation|SecretReads)\/Logs\/Resource$/;
const DEPLOYMENT_ROLES = /^Deployment\/\w+\/Role\/Resource$/;
const TABLE = /^Tokens\/Resource$/;
const SECRETS = /^Credential\w+\/Secret\/Resource$/;

export const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-IAM5[Resource::*]', 'Serverless-LambdaStarPermissions'],
    on: ROLES,
    in: ALL,
    why: 'xray:PutTraceSegments and xray:PutTelemetryRecords have no resource but *. test/lib/least-privilege.test.ts tests that no other statement has it, in any configuration.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    on: ROLES,
    in: ALL,
    why: 'The rule asks for policies that are shared and reviewed in one place. Each of these is for one function and never shared: inline, it can be attached to no other role and is removed with its own. test/lib/least-privilege.test.ts tests that each role has one and no other policy.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::*]'],
    on: DEPLOYMENT_ROLES,
    in: ['everything'],
    why: "cloudwatch:DescribeAlarms only reads, and AWS's own policies for CodeDeploy have it on *. What a role may change is one alias (test/lib/deployment.test.ts).",
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    on: DEPLOYMENT_ROLES,
    in: ['everything'],
    why: "Each policy is for one alias and never shared, as those of the functions' roles.",
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    on: /^Deployment\/\w+\/(Errors|Misconfigured)\/Resource$/,
    in: ['everything'],
    why: 'CodeDeploy reads the state of these alarms while it deploys, and rolls back. It needs no action of theirs (test/lib/deployment.test.ts).',
  },
  {
    rules: ['Serverless-EventBusDLQ'],
    on: /^SecretReads\/\w+$/,
    in: ['everything', 'secret reads'],
    why: "EventBridge retries for a day. What couldn't be written to the log group by then is still in the trail, which is the record that counts.",
  },
  {
    rules: [
      'AwsSolutions-DDB3',
      'NIST.800.53.R5-DynamoDBPITREnabled',
      'NIST.800.53.R5-DynamoDBInBackupPlan',
      'CKV_AWS_28',
    ],
    on: TABLE,
    in: ALL,
    why: 'The table is a cache of tokens that live for hours, and a token that is missing is minted again. A backup would keep tokens, although sealed, longer than they live and after the stack is removed.',
  },
  {
    rules: ['CKV_AWS_119'],
    on: TABLE,
    in: WITHOUT_KEY,
    why: "Tokens are sealed with a key derived from the client secret before they are stored, so a dump is worthless whatever key the table has. The table is also encrypted with AWS's own KMS key, or with the customer's if encryptionKeyArn names one: then this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-SecretsManagerUsingKMSKey', 'CKV_AWS_149'],
    on: SECRETS,
    in: WITHOUT_KEY,
    why: 'Without encryptionKeyArn a secret is encrypted with aws/secretsmanager, which no other account can use. Another key costs money, and is the choice of the operator. With encryptionKeyArn this is not found.',
  },
  {
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
    on: SECRETS,
    in: ALL,
    why: 'The authorization server has no interface that issues a client secret, so no schedule could rotate it. There is a rotation on demand: an operator stages the new credential, and it is tested for every profile before it becomes current (docs/rotation.md). The rules look for a period in the schedule.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchLogGroupEncrypted', 'CKV_AWS_158'],
    on: LOGS,
    in: WITHOUT_KEY,
    why: "CloudWatch Logs encrypts with AWS's own key. No token, secret or answer of the authorization server is ever in a line (test/lambda/canary.test.ts). With encryptionKeyArn this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'CKV_AWS_115'],
    on: VEND_FUNCTION,
    in: WITHOUT_KEY,
    why: "reservedConcurrency is the operator's to set: an account's whole limit may be 10, and reserving any of it then fails the deploy. The lease in the table makes sure that a token is minted once per scope set, however many instances run. Many different scope sets are still many mints, which this limit is for. If it is set for each profile, this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'CKV_AWS_115'],
    on: ROTATION_FUNCTION,
    in: ALL,
    why: 'Only Secrets Manager calls it, one step at a time for one secret, and only after an operator started a rotation. Concurrency that is reserved for it would be missing for the functions that vend.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'CKV_AWS_115'],
    on: CANARY_FUNCTION,
    in: ['everything'],
    why: 'Its schedule calls it once in a minute at most, and a run ends before the next one begins. Concurrency that is reserved for it would be missing for the functions that vend.',
  },
  {
    rules: [
      'NIST.800.53.R5-LambdaDLQ',
      'Serverless-LambdaDLQ',
      'Serverless-LambdaAsyncFailureDestination',
      'Serverless-EventBusDLQ',
      'CKV_AWS_116',
    ],
    on: /^Profile\w+\/Canary\/(Function|Function\/EventInvokeConfig|Schedule)\/Resource$/,
    in: ['everything'],
    why: 'A run that failed or never began is not worth keeping: the next one asks the same, and the metric CanaryPassed is 0 or missing. An event holds nothing but its time.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ', 'CKV_AWS_116'],
    on: VEND_FUNCTION,
    in: ALL,
    why: "A dead-letter queue takes events of asynchronous calls. A function URL calls synchronously: the caller gets the error at once, and it is in the audit line 'refused' and in Lambda's own metrics. This stack permits nobody to call it asynchronously: lambda:InvokeFunction is granted for calls through the URL only.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ', 'CKV_AWS_116'],
    on: ROTATION_FUNCTION,
    in: ALL,
    why: 'A step that fails is printed and counted (RotationFailed), and Secrets Manager shows the rotation as failed; the operator runs it again, and each step may be repeated (test/lambda/rotate/repeated.test.ts). An old event from a queue must not be processed again: it would rotate to a candidate that the operator has given up.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC', 'CKV_AWS_117'],
    on: FUNCTIONS,
    in: ALL,
    why: 'It calls only servers on the internet by TLS: AWS by signed requests, and the authorization server. A VPC would not protect it from incoming requests: nothing can connect to a function, and its URL requires a signature either way. A VPC could limit outgoing requests, at the price of a NAT gateway, endpoints and a firewall. docs/security.md describes this choice.',
  },
  {
    rules: ['CKV_AWS_173'],
    on: FUNCTIONS,
    in: ALL,
    why: "The environment holds names, ARNs and the endpoint's address, no secret (test/lib/stack.test.ts), and Lambda encrypts it with AWS's own key. With the customer's key each cold start would call KMS, and fail when KMS throttles it.",
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    on: /^Monitoring\/\w+(-[\w-]+)?\/Resource$/,
    in: ALL,
    why: 'Only composite alarms notify: a dead authorization server sets off many alarms, and is one message. They have actions where alarmEmail or alarmTopicArn is set; until then they can be seen and subscribed to (test/lib/monitoring.test.ts).',
  },
  {
    rules: ['Serverless-SNSRedrivePolicy'],
    on: /^Monitoring\/Alarms\/oncall@example\.com\/Resource$/,
    in: ['everything'],
    why: 'SNS retries e-mail by itself, and nobody would read a queue of failed mails. The alarm stays on until the credential works again, and the console shows it.',
  },
  {
    rules: ['W3005'],
    on: FUNCTIONS,
    in: ALL,
    why: 'The CDK makes a function wait for its role by DependsOn as well as by the reference to it. The second one changes nothing.',
  },
];

/** Tells whether a finding is acknowledged, and remembers which acknowledgements were used. */
export class Acknowledgements {
  readonly #used = new Set<string>();

  has({ on, rule }: Finding, configuration: Configuration): boolean {
    const index = ACKNOWLEDGED.findIndex(
      (each) => each.rules.includes(rule) && each.on.test(on) && each.in.includes(configuration),
    );
    this.#used.add(keyOf(index, rule, configuration));
    return index >= 0;
  }

  /** The acknowledgements that matched no finding. */
  stale(): readonly string[] {
    return ACKNOWLEDGED.flatMap(({ in: configurations, on, rules }, index) =>
      rules.flatMap((rule) =>
        configurations
          .filter((configuration) => !this.#used.has(keyOf(index, rule, configuration)))
          .map((configuration) => `${rule} on ${on} in "${configuration}"`),
      ),
    );
  }
}

const keyOf = (index: number, rule: string, configuration: Configuration) => `${index} ${rule} ${configuration}`;
