// What a function's role may do: its own logs and traces, its one secret, its own items. Nothing else; that no template
// has more is in least-privilege.test.ts.

import { describe, expect, it } from '@jest/globals';
import { roleStatements, type Statement } from './statements.ts';
import { onlyResource, resourcesOf, synthesize } from './synth.ts';

const KEY_ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const SECRET_KEY_ARN = 'arn:aws:kms:eu-central-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab';
const SECRET_ARN = 'arn:aws:secretsmanager:eu-central-1:444455556666:secret:shop-AbCd12';
const TWO_PROFILES = {
  credentials: { emporix: {}, 'emporix-2': {} },
  profiles: { orders: { credential: 'emporix' }, 'orders-admin': { credential: 'emporix-2' } },
};

function statementsOf(raw: unknown, profile: string): readonly Statement[] {
  const template = synthesize(raw);
  const found = Object.entries(roleStatements(template)).find(([id]) => id.startsWith(`Profile${profile}Role`));
  if (found === undefined) throw new Error(`no role of ${profile}`);
  return found[1];
}

const actionsOf = (statements: readonly Statement[]) => statements.flatMap(({ Action }) => Action).sort();
const statementWith = (statements: readonly Statement[], action: string) =>
  statements.filter(({ Action }) => [Action].flat().includes(action));

describe('the role of a function', () => {
  it('has exactly the actions that are used', () => {
    expect(actionsOf(statementsOf({}, 'Default'))).toEqual([
      'dynamodb:GetItem',
      'dynamodb:UpdateItem',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'secretsmanager:GetSecretValue',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  it("reads its own credential's secret only", () => {
    const template = synthesize(TWO_PROFILES);
    const secrets = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret'));
    for (const [role, statements] of Object.entries(roleStatements(template, 'Profile'))) {
      const credential = role.startsWith('ProfileOrdersAdmin') ? 'CredentialEmporix2Secret' : 'CredentialEmporixSecret';
      const secret = secrets.find((id) => id.startsWith(credential));
      expect(statementWith(statements, 'secretsmanager:GetSecretValue')).toEqual([
        { Action: 'secretsmanager:GetSecretValue', Effect: 'Allow', Resource: { Ref: secret } },
      ]);
    }
  });

  it('writes to its own log group only', () => {
    const template = synthesize(TWO_PROFILES);
    const groups = Object.keys(resourcesOf(template, 'AWS::Logs::LogGroup'));
    for (const [role, statements] of Object.entries(roleStatements(template, 'Profile'))) {
      const group = groups.find((id) => id.startsWith(role.replace(/Role.*/, 'Logs')));
      const [statement] = statementWith(statements, 'logs:PutLogEvents');
      expect(statement?.Resource).toEqual({ 'Fn::GetAtt': [group, 'Arn'] });
    }
  });
});

describe('the items that a role reaches', () => {
  const reached = (profile: string, key: string) => {
    const [statement, ...others] = statementWith(statementsOf(TWO_PROFILES, profile), 'dynamodb:GetItem');
    expect(others).toEqual([]);
    expect(Object.keys(statement?.Condition ?? {})).toEqual(['ForAllValues:StringLike']);
    const patterns = statement?.Condition?.['ForAllValues:StringLike']?.['dynamodb:LeadingKeys'] as string[];
    return patterns.some((pattern) => {
      const source = pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*/g, '.*')
        .replace(/\?/g, '.');
      return new RegExp(`^${source}$`).test(key);
    });
  };

  it.each([
    ['Orders', 'orders#AbC-_1', true],
    ['Orders', 'CREDENTIAL#emporix', true],
    ['Orders', 'orders-admin#AbC-_1', false],
    ['Orders', 'CREDENTIAL#emporix-2', false],
    ['Orders', 'my-orders#AbC', false],
    ['OrdersAdmin', 'orders#AbC', false],
    ['OrdersAdmin', 'orders-admin#AbC', true],
    ['OrdersAdmin', 'CREDENTIAL#emporix', false],
  ])('%s and %s: %s', (profile, key, expected) => {
    expect(reached(profile, key)).toBe(expected);
  });

  it('are those of the one table, not of its indexes', () => {
    const template = synthesize({});
    const [table] = onlyResource(template, 'AWS::DynamoDB::Table');
    const [statement] = statementWith(Object.values(roleStatements(template)).flat(), 'dynamodb:GetItem');
    expect(statement?.Resource).toEqual({ 'Fn::GetAtt': [table, 'Arn'] });
  });
});

describe('decryption', () => {
  const decryption = (raw: object) =>
    statementWith(statementsOf(raw, 'Default'), 'kms:Decrypt').map(({ Resource, Condition }) => [
      Resource,
      JSON.stringify(Condition),
    ]);
  const via = (service: string) =>
    `{"StringEquals":{"kms:ViaService":{"Fn::Join":["",["${service}.eu-central-1.",{"Ref":"AWS::URLSuffix"}]]}}}`;

  it('is not asked for where AWS holds the keys', () => {
    expect(decryption({})).toEqual([]);
  });

  it('is allowed with the key of table and secret, through their services', () => {
    expect(decryption({ encryptionKeyArn: KEY_ARN })).toEqual([
      [KEY_ARN, via('secretsmanager')],
      [KEY_ARN, via('dynamodb')],
    ]);
  });

  it("is allowed with another account's key for its secret only", () => {
    expect(decryption({ credentials: { shop: { secretArn: SECRET_ARN, secretKeyArn: SECRET_KEY_ARN } } })).toEqual([
      [SECRET_KEY_ARN, via('secretsmanager')],
    ]);
  });
});
