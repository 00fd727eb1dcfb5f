// An AWS account in moto that holds what a deployed stack has and the runbook's commands use, and a shell to paste into.
// Table and secret are those of the processes that vend tokens.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from '../../local/names.ts';
import { awsCli } from '../../testbed/aws-cli.ts';
import { run } from '../../testbed/processes/children.ts';
import { CANARY, logGroupOf, ROTATION } from './function-logs.ts';
import { STAND_INS } from './outcomes.ts';
import { VARIABLES } from './page.ts';

const ROOT = join(import.meta.dirname, '../..');
const CREDENTIAL_FILE = '{"client_id":"runbook","client_secret":"canary-secret"}';
/** The only use of `date` is `date +%s`. The clocks of the processes are moved forward, and so is this one. */
const DATE = '#!/bin/sh\necho $(($(/bin/date +%s) + FORWARDED_SECONDS))\n';
const TOKEN_ENDPOINT = 'https://default.example/oauth/token';
const BETWEEN_BLOCKS = '-- next block --\n';

interface Endpoints {
  /** Of all services but these three. */
  readonly moto: string;
  readonly lambda: string;
  readonly dynamodb: string;
  readonly secretsManager: string;
}

export class Account {
  readonly #directory: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(directory: string, { moto, lambda, dynamodb, secretsManager }: Endpoints) {
    this.#directory = directory;
    const programs = join(directory, 'programs');
    mkdirSync(programs);
    for (const name of Object.keys(STAND_INS)) {
      writeFileSync(join(programs, name), `#!/bin/sh\necho "${name} $@"\n`, { mode: 0o755 });
    }
    writeFileSync(join(programs, 'date'), DATE, { mode: 0o755 });
    symlinkSync(join(ROOT, 'bin'), join(directory, 'bin'));
    this.#env = {
      PATH: [programs, join(awsCli.folder, 'bin'), process.env.PATH].join(':'),
      HOME: directory,
      AWS_ENDPOINT_URL: moto,
      AWS_ENDPOINT_URL_LAMBDA: lambda,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsManager,
      AWS_ACCESS_KEY_ID: LOCAL_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: LOCAL_CREDENTIALS.secretAccessKey,
      AWS_REGION: LOCAL_REGION,
      AWS_DEFAULT_REGION: LOCAL_REGION,
      AWS_CONFIG_FILE: devNull,
      AWS_SHARED_CREDENTIALS_FILE: devNull,
      NO_PROXY: '*',
      FORWARDED_SECONDS: '0',
    };
  }

  /** Creates the stack, the secret of another one, and a secret in moto. */
  async create(tableName: string): Promise<void> {
    writeFileSync(join(this.#directory, 'template.json'), JSON.stringify(templateOf(tableName)));
    await this.#bash(
      `aws cloudformation create-stack --stack-name TokenVending --template-body file://template.json
       aws secretsmanager create-secret --name token-vending/copy --secret-string '${CREDENTIAL_FILE}'
       export AWS_ENDPOINT_URL_SECRETS_MANAGER=$AWS_ENDPOINT_URL
       aws secretsmanager create-secret --name token-vending/emporix --secret-string '${CREDENTIAL_FILE}'`,
    );
  }

  /**
   * Sets off an alarm, beside one of another stack, stops the function, and creates a key. All alarms of the stack are
   * on, because moto heeds no state beside a prefix.
   * @returns the key's ID
   */
  async putInTrouble(): Promise<string> {
    const key = await this.#bash(
      `for name in TokenVending/emporix/ServerDown AnotherStack//TableFailed; do
         aws cloudwatch put-metric-alarm --alarm-name "$name" --evaluation-periods 1 --threshold 1 \
           --comparison-operator LessThanThreshold --metric-name Minted --namespace TokenVending --period 60
         aws cloudwatch set-alarm-state --alarm-name "$name" --state-value ALARM --state-reason test
       done
       aws lambda put-function-concurrency --function-name default --reserved-concurrent-executions 0 >&2
       aws kms create-key --query KeyMetadata.KeyId --output text`,
    );
    return key.trim();
  }

  /**
   * Pastes blocks of the runbook into one shell, which ends at the first command that fails.
   * @param variables that the operator sets
   * @param first the block that comes before them
   * @returns what each block printed
   */
  async paste(
    blocks: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    first = VARIABLES,
  ): Promise<readonly string[]> {
    writeFileSync(join(this.#directory, 'credential.json'), CREDENTIAL_FILE);
    const script = [first, ...blocks].join(`printf '%s\\n' '${BETWEEN_BLOCKS.trim()}'\n`);
    const [, ...printed] = (await this.#bash(script, variables)).split(BETWEEN_BLOCKS);
    return printed;
  }

  async #bash(script: string, variables: Readonly<Record<string, string>> = {}): Promise<string> {
    const options = { cwd: this.#directory, env: { ...this.#env, ...variables } };
    return await run('bash', ['-euo', 'pipefail', '-c', script], options);
  }
}

const ANYBODY = policy({ Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } });

/** Names are those of the real stack; test/lib/runbook.test.ts compares them. */
function templateOf(tableName: string): object {
  const outputs = {
    TokenTableName: tableName,
    CredentialEmporixSecretName: 'token-vending/emporix',
    ProfileOrdersFunctionName: 'default',
    ProfileDefaultFunctionName: 'default',
    ProfileDefaultTokenEndpoint: TOKEN_ENDPOINT,
  };
  const url = { Name: '/token-vending/TokenVending/orders/url', Type: 'String', Value: 'https://orders.example/' };
  return {
    Resources: {
      Url: { Type: 'AWS::SSM::Parameter', Properties: url },
      Role: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'orders', AssumeRolePolicyDocument: ANYBODY } },
      VendPolicy: {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: {
          ManagedPolicyName: 'TokenVending-ProfileOrdersVendPolicy1A2B3C4D-AbCdEf',
          PolicyDocument: policy({ Action: 'lambda:InvokeFunctionUrl', Resource: '*' }),
        },
      },
      Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: logGroupOf('default') } },
      ...vendFunctionOf('default', tableName, 'emporix'),
      ...vendFunctionOf('reader', tableName, 'emporix'),
      ...vendFunctionOf('books', tableName, 'shop'),
      ...vendFunctionOf('elsewhere', 'another-table', 'emporix'),
      ...functionOf(CANARY, { STACK_NAME: 'TokenVending', TOKEN_VENDING_URL: TOKEN_ENDPOINT }),
      ...functionOf('readersCanary', { STACK_NAME: 'TokenVending', TOKEN_VENDING_URL: 'https://reader.example/' }),
      ...functionOf('consumer', { TOKEN_VENDING_URL: TOKEN_ENDPOINT }),
      ...functionOf(ROTATION, { STACK_NAME: 'TokenVending', CREDENTIAL: 'emporix' }),
    },
    Outputs: Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }])),
  };
}

function vendFunctionOf(profile: string, TABLE_NAME: string, CREDENTIAL: string): object {
  return functionOf(profile, { PROFILE: profile, TABLE_NAME, CREDENTIAL });
}

function functionOf(name: string, Variables: Readonly<Record<string, string>>): object {
  return {
    [`Function${name}`]: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: name,
        Runtime: 'nodejs22.x',
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: 'export const handler = async () => {};' },
        Environment: { Variables },
      },
    },
  };
}

function policy(statement: object): object {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] };
}
