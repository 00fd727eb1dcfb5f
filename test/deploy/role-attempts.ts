// Calls of the AWS CLI that an intruder in a function would try, and permitted ones, which show that its keys are valid.

import { ACCOUNT, REGION } from '../../testbed/ministack.ts';
import type { FunctionRole } from './function-roles.ts';

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

const bySecret = (operation: string, secretArn: string) => ['secretsmanager', operation, '--secret-id', secretArn];

/** Calls that neither function may make. */
function common({ otherFunction, otherSecretArn, otherTableName, role, secretArn, tableName }: Things) {
  const { functionName, logGroup, roleName } = role;
  const code = ['--s3-bucket', `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`, '--s3-key', 'any'];
  const line = ['--log-stream-name', 'any', '--log-events', 'timestamp=1,message=forged'];
  return [
    ['dynamodb', 'scan', '--table-name', tableName],
    ['dynamodb', 'put-item', '--table-name', tableName, '--item', ITEM],
    ['dynamodb', 'delete-item', ...item(tableName)],
    ['dynamodb', 'get-item', ...item(otherTableName)],
    ['secretsmanager', 'list-secrets'],
    bySecret('get-secret-value', otherSecretArn),
    bySecret('delete-secret', secretArn),
    [...bySecret('put-resource-policy', secretArn), '--resource-policy', EVERYTHING],
    ['lambda', 'invoke', '--function-name', functionName, '/dev/null'],
    ['lambda', 'invoke', '--function-name', `${functionName}:live`, '/dev/null'],
    ['lambda', 'update-function-code', '--function-name', functionName, ...code],
    ['logs', 'filter-log-events', '--log-group-name', logGroup],
    ['logs', 'put-log-events', '--log-group-name', otherFunction.logGroup, ...line],
    ['iam', 'put-role-policy', '--role-name', roleName, '--policy-name', 'Any', '--policy-document', EVERYTHING],
    ['sts', 'assume-role', '--role-arn', otherFunction.roleArn, '--role-session-name', 'intruder'],
  ];
}

export const attemptsOf = {
  /** The function of a profile. */
  vend: (things: Things) => ({
    allowed: [['dynamodb', 'get-item', ...item(things.tableName)], bySecret('get-secret-value', things.secretArn)],
    refused: [
      ...common(things),
      ['dynamodb', 'execute-statement', '--statement', `SELECT * FROM "${things.tableName}"`],
      ['dynamodb', 'update-item', ...item(things.otherTableName)],
      bySecret('describe-secret', things.secretArn),
      [...bySecret('put-secret-value', things.secretArn), '--secret-string', 'any'],
      [...bySecret('update-secret-version-stage', things.secretArn), '--version-stage', 'AWSCURRENT'],
      ['lambda', 'invoke', '--function-name', things.otherFunction.functionName, '/dev/null'],
      ['lambda', 'invoke', '--function-name', `${things.otherFunction.functionName}:live`, '/dev/null'],
    ],
  }),
  rotation: (things: Things) => ({
    allowed: [bySecret('describe-secret', things.secretArn), bySecret('get-secret-value', things.secretArn)],
    refused: [
      ...common(things),
      ['dynamodb', 'get-item', ...item(things.tableName)],
      [...bySecret('put-secret-value', things.otherSecretArn), '--secret-string', 'any'],
      [...bySecret('update-secret', things.secretArn), '--secret-string', 'any'],
      bySecret('rotate-secret', things.secretArn),
    ],
  }),
};
