// What the judges find and what is right here all the same, one by one: why, and what guards in its place. None of it is
// in the deployed template. One that matches nothing any more fails the run.

import { CONFIGURATIONS, type Configuration } from './configurations.ts';
import type { Finding } from './judges.ts';

interface Acknowledgement {
  /** The judges' names of the same thing. */
  readonly rules: readonly string[];
  /** The constructs it is true of, by their path in the stack. */
  readonly on: RegExp;
  /** Where it is found; in each of them, or it is stale. */
  readonly in: readonly Configuration[];
  readonly why: string;
}

const ALL = Object.keys(CONFIGURATIONS) as Configuration[];
const WITHOUT_KEY: readonly Configuration[] = ['default', 'ten profiles'];
const VEND_FUNCTION = /^Profile\w+\/Function\/Resource$/;
const ROTATION_FUNCTION = /^Credential\w+\/Rotation\/Function\/Resource$/;
const FUNCTIONS = /^(Profile\w+|Credential\w+\/Rotation)\/Function\/Resource$/;
const ROLES = /^(Profile\w+|Credential\w+\/Rotation)\/Role\/Resource$/;
const LOGS = /^(Profile\w+|Credential\w+\/Rotation)\/Logs\/Resource$/;
const TABLE = /^Tokens\/Resource$/;
const SECRETS = /^Credential\w+\/Secret\/Resource$/;
const TOPIC = /^Monitoring\/Alarms\/Resource$/;

export const ACKNOWLEDGED: readonly Acknowledgement[] = [
  {
    rules: ['AwsSolutions-IAM5[Resource::*]', 'Serverless-LambdaStarPermissions'],
    on: ROLES,
    in: ALL,
    why: 'xray:PutTraceSegments and xray:PutTelemetryRecords know no resource but *. That no other statement has one, in any configuration, is held by test/lib/least-privilege.test.ts.',
  },
  {
    rules: ['NIST.800.53.R5-IAMNoInlinePolicy'],
    on: ROLES,
    in: ALL,
    why: 'The rule wants policies that are shared and reviewed in one place. These are of one function each, never shared: inline, they can be attached to nobody else and go with their role. That there is one per role and no other policy is held by test/lib/least-privilege.test.ts.',
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
    why: 'The table is a cache of tokens that live for hours and are minted again at a miss. A backup would keep tokens, although sealed, past their time and past the removal of the stack.',
  },
  {
    rules: ['CKV_AWS_119'],
    on: TABLE,
    in: WITHOUT_KEY,
    why: "Tokens are sealed with a key made from the client secret before they are stored: a dump is worthless under whatever key. The table is under AWS's own KMS key besides, and under the customer's where encryptionKeyArn names one: then this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-SecretsManagerUsingKMSKey', 'CKV_AWS_149'],
    on: SECRETS,
    in: WITHOUT_KEY,
    why: 'Without encryptionKeyArn a secret is under aws/secretsmanager, which no other account can use; a key of its own costs money and is a choice of the operator. With encryptionKeyArn this is not found.',
  },
  {
    rules: ['AwsSolutions-SMG4', 'NIST.800.53.R5-SecretsManagerRotationEnabled'],
    on: SECRETS,
    in: ALL,
    why: 'The authorization server has no interface to issue a client secret, so no schedule could rotate it. There is a rotation, on demand: an operator stages the new credential, and it is tested for every profile before it becomes current (docs/rotation.md). The rules look for a period in the schedule.',
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchLogGroupEncrypted', 'CKV_AWS_158'],
    on: LOGS,
    in: WITHOUT_KEY,
    why: "CloudWatch Logs encrypts under AWS's own key. No token, secret or answer of the authorization server is ever in a line (test/lambda/canary.test.ts). With encryptionKeyArn this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'CKV_AWS_115'],
    on: VEND_FUNCTION,
    in: WITHOUT_KEY,
    why: "reservedConcurrency is the operator's to set: an account's whole limit may be 10, and reserving any of it then fails the deploy. However many instances run, the lease in the table has a token minted once per scope set; many different scope sets are still many mints, which is what the limit is for. Where it is set for each profile, this is not found.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaConcurrency', 'CKV_AWS_115'],
    on: ROTATION_FUNCTION,
    in: ALL,
    why: 'Secrets Manager alone calls it, one step at a time for the one secret, and only after an operator asked. Reserving for it would take from the functions that vend.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ', 'CKV_AWS_116'],
    on: VEND_FUNCTION,
    in: ALL,
    why: "A dead-letter queue takes events of asynchronous calls. A function URL calls synchronously: the caller has the error at once, the audit line 'refused' and Lambda's own metrics have it too. This stack permits nobody to call it asynchronously: lambda:InvokeFunction is granted by way of the URL only.",
  },
  {
    rules: ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ', 'CKV_AWS_116'],
    on: ROTATION_FUNCTION,
    in: ALL,
    why: 'A step that fails is printed and counted (RotationFailed), and Secrets Manager shows the rotation as failed; the operator runs it again, and each step may be repeated (test/lambda/rotate/repeated.test.ts). An old event out of a queue must not be played again: it would rotate to a candidate that is no longer wanted.',
  },
  {
    rules: ['NIST.800.53.R5-LambdaInsideVPC', 'CKV_AWS_117'],
    on: FUNCTIONS,
    in: ALL,
    why: 'All that it calls is on the internet by TLS: AWS by signed requests, and the authorization server. A VPC would guard nothing that comes in: nothing can connect to a function, whose URL asks for a signature either way. It could limit what goes out, at the price of a NAT gateway, endpoints and a firewall: a trade that is named in docs/security.md, for whoever wants it to make.',
  },
  {
    rules: ['CKV_AWS_173'],
    on: FUNCTIONS,
    in: ALL,
    why: "The environment holds names, ARNs and the endpoint's address, no secret (held by test/lib/stack.test.ts), and Lambda encrypts it under AWS's own key. Under the customer's key each cold start would ask KMS, and fail when it is throttled.",
  },
  {
    rules: ['NIST.800.53.R5-CloudWatchAlarmAction'],
    on: /^Monitoring\/CredentialRefused-[\w-]+\/Resource$/,
    in: WITHOUT_KEY,
    why: 'Whom to tell only the operator knows: alarmEmail. Where it is set, this is not found; until then the alarm is there to be seen and to be subscribed to.',
  },
  {
    rules: ['NIST.800.53.R5-SNSEncryptedKMS', 'CKV_AWS_26'],
    on: TOPIC,
    in: ['everything'],
    why: "A message says that an alarm of a profile is on, and is then mailed as plain text. Under aws/sns alarms could not publish at all, since that key's policy can't let CloudWatch use it; under the customer's they could only once its owner lets them, and would fail silently until then. The topic takes TLS only, and alarms of this account only (test/lib/monitoring.test.ts).",
  },
  {
    rules: ['Serverless-SNSRedrivePolicy'],
    on: /^Monitoring\/Alarms\/oncall@example\.com\/Resource$/,
    in: ['everything'],
    why: 'SNS delivers e-mail with retries of its own, and a queue of mails that failed would be read by nobody. The alarm itself stays on until the credential works again, and is on the console meanwhile.',
  },
  {
    rules: ['W3005'],
    on: FUNCTIONS,
    in: ALL,
    why: 'The CDK makes a function wait for its role by DependsOn as well as by the reference to it. Said twice, it means the same.',
  },
];

/** Whether a finding is acknowledged; and which acknowledgements were of use. */
export class Acknowledgements {
  readonly #used = new Set<string>();

  has({ on, rule }: Finding, configuration: Configuration): boolean {
    const index = ACKNOWLEDGED.findIndex(
      (each) => each.rules.includes(rule) && each.on.test(on) && each.in.includes(configuration),
    );
    this.#used.add(keyOf(index, rule, configuration));
    return index >= 0;
  }

  /** Those that matched nothing. */
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
