// Calls of the AWS CLI that an intruder in a function would try, and those of its own that show that its keys are good.

import type { FunctionRole } from './function-roles.ts';
import { ACCOUNT, REGION } from './ministack.ts';

export interface Things {
  readonly role: FunctionRole;
  readonly tableName: string;
  readonly secretArn: string;
  readonly otherTableName: string;
  readonly otherSecretArn: string;
  readonly otherFunction: FunctionRole;
}

const ITEM = JSON.stringify({ pk: { S: 'orders#deploy-test' } });
const EVERYTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
});

const item = (tableName: string) => ['--table-name', tableName, '--key', ITEM];

/** What neither function may do. */
function common({ otherFunction, otherSecretArn, otherTableName, role, secretArn, tableName }: Things) {
  const { functionName, logGroup, roleName } = role;
  const code = ['--s3-bucket', `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`, '--s3-key', 'any'];
  const line = ['--log-stream-name', 'any', '--log-events', 'timestamp=1,message=forged'];
  return [
    ['dynamodb', 'scan', '--table-name', tableName],
    ['dynamodb', 'put-item', '--table-name', tableName, '--item', ITEM],
    ['dynamodb', 'delete-item', ...item(tableName)],
    ['dynamodb', 'execute-statement', '--statement', `SELECT * FROM "${tableName}"`],
    ['dynamodb', 'batch-get-item', '--request-items', JSON.stringify({ [tableName]: { Keys: [JSON.parse(ITEM)] } })],
    ['dynamodb', 'get-item', ...item(otherTableName)],
    ['dynamodb', 'update-item', ...item(otherTableName)],
    ['secretsmanager', 'list-secrets'],
    ['secretsmanager', 'get-secret-value', '--secret-id', otherSecretArn],
    ['secretsmanager', 'put-secret-value', '--secret-id', otherSecretArn, '--secret-string', 'any'],
    ['secretsmanager', 'delete-secret', '--secret-id', secretArn],
    ['secretsmanager', 'update-secret', '--secret-id', secretArn, '--secret-string', 'any'],
    ['secretsmanager', 'put-resource-policy', '--secret-id', secretArn, '--resource-policy', EVERYTHING],
    ['secretsmanager', 'rotate-secret', '--secret-id', secretArn],
    ['secretsmanager', 'get-random-password'],
    ['lambda', 'invoke', '--function-name', functionName, '/dev/null'],
    ['lambda', 'invoke', '--function-name', otherFunction.functionName, '/dev/null'],
    ['lambda', 'update-function-code', '--function-name', functionName, ...code],
    ['logs', 'filter-log-events', '--log-group-name', logGroup],
    ['logs', 'put-log-events', '--log-group-name', otherFunction.logGroup, ...line],
    ['iam', 'put-role-policy', '--role-name', roleName, '--policy-name', 'Any', '--policy-document', EVERYTHING],
    [
      'sts',
      'assume-role',
      '--role-arn',
      `arn:aws:iam::${ACCOUNT}:role/orders-service`,
      '--role-session-name',
      'intruder',
    ],
    ['sts', 'assume-role', '--role-arn', otherFunction.roleArn, '--role-session-name', 'intruder'],
    ['s3api', 'list-objects-v2', '--bucket', `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`],
  ];
}

const ofSecret = (operation: string, secretArn: string) => ['secretsmanager', operation, '--secret-id', secretArn];

export const attemptsOf = {
  /** The function of a profile. */
  vend: (things: Things) => ({
    allowed: [['dynamodb', 'get-item', ...item(things.tableName)], ofSecret('get-secret-value', things.secretArn)],
    refused: [
      ...common(things),
      ofSecret('describe-secret', things.secretArn),
      [...ofSecret('put-secret-value', things.secretArn), '--secret-string', 'any'],
      [...ofSecret('update-secret-version-stage', things.secretArn), '--version-stage', 'AWSCURRENT'],
    ],
  }),
  rotation: (things: Things) => ({
    allowed: [ofSecret('describe-secret', things.secretArn), ofSecret('get-secret-value', things.secretArn)],
    refused: [
      ...common(things),
      ['dynamodb', 'get-item', ...item(things.tableName)],
      ['dynamodb', 'update-item', ...item(things.tableName)],
      [...ofSecret('update-secret-version-stage', things.otherSecretArn), '--version-stage', 'AWSCURRENT'],
    ],
  }),
};
