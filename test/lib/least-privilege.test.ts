// What must hold of every template, whatever is configured: said once, and seen of every statement in it.

import { describe, expect, it } from '@jest/globals';
import { pascalCase } from '../../lib/config-values.ts';
import {
  actionsOf,
  allResources,
  allStatements,
  identityStatements,
  isAbout,
  matches,
  resourcesIn,
} from './statements.ts';
import { ACCOUNT, REGION, type Resource, resourcesOf, synthesize } from './synth.ts';

const OTHER_ACCOUNT = '444455556666';
const SECRET_ARN = `arn:aws:secretsmanager:${REGION}:${OTHER_ACCOUNT}:secret:shop-AbCd12`;
const SECRET_KEY_ARN = `arn:aws:kms:${REGION}:${OTHER_ACCOUNT}:key/mrk-1234abcd12ab34cd56ef1234567890ab`;
const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
const CALLERS = [`arn:aws:iam::${ACCOUNT}:role/orders`, `arn:aws:iam::${OTHER_ACCOUNT}:root`];

interface Shape {
  /** By name: the ARN of a secret that exists, or none. */
  readonly credentials: Readonly<Record<string, { readonly secretArn?: string; readonly secretKeyArn?: string }>>;
  readonly profiles: Readonly<Record<string, { readonly credential: string } & Readonly<Record<string, unknown>>>>;
}

const TEN = Array.from(
  { length: 10 },
  (_, index) => [`p${index}`, { credential: index < 7 ? 'shop' : 'erp' }] as const,
);
const SHAPES: Readonly<Record<string, Shape>> = {
  'one profile': { credentials: { emporix: {} }, profiles: { default: { credential: 'emporix' } } },
  'ten profiles of two credentials': { credentials: { shop: {}, erp: {} }, profiles: Object.fromEntries(TEN) },
  'canaries of two profiles': {
    credentials: { emporix: {} },
    profiles: {
      orders: { credential: 'emporix', canaryEveryMinutes: 5, scopes: ['order.order_read'] },
      reader: { credential: 'emporix', canaryEveryMinutes: 60 },
      import: { credential: 'emporix' },
    },
  },
  'a secret and callers of other accounts': {
    credentials: { shop: { secretArn: SECRET_ARN, secretKeyArn: SECRET_KEY_ARN }, erp: {} },
    profiles: {
      orders: { credential: 'shop', callers: CALLERS },
      'orders-admin': { credential: 'erp', callers: CALLERS, organizationId: 'o-a1b2c3d4e5' },
    },
  },
};
const EXTRAS: readonly [string, object][] = [
  ['', {}],
  [', with a key of their own', { encryptionKeyArn: KEY_ARN }],
  [', with the strict policy', { strictSecretPolicy: { administrators: [`arn:aws:iam::${ACCOUNT}:role/admin`] } }],
  [
    ', with both, alarms by e-mail, gradual deployments and a record of reads',
    {
      deployment: { strategy: 'canary' },
      recordSecretReads: true,
      encryptionKeyArn: KEY_ARN,
      strictSecretPolicy: { administrators: [`arn:aws:iam::${ACCOUNT}:role/admin`] },
      alarmEmail: 'oncall@example.com',
    },
  ],
];
const CASES = Object.entries(SHAPES).flatMap(([name, shape]) =>
  EXTRAS.map(([extra, more]) => [`${name}${extra}`, shape, more] as const),
);

describe.each(CASES)('with %s', (_, shape, more) => {
  const template = synthesize({ ...shape, ...more });
  const roleOf = (construct: string) => {
    const [[id] = [], ...others] = Object.entries(resourcesOf(template, 'AWS::IAM::Role', `${construct}Role`));
    if (id === undefined || others.length > 0) throw new Error(`not exactly one role of ${construct}`);
    return id;
  };
  const profilesOf = (credential: string) =>
    Object.keys(shape.profiles).filter((name) => shape.profiles[name]?.credential === credential);
  const readersOf = (credential: string) => profilesOf(credential).map((name) => roleOf(`Profile${pascalCase(name)}`));
  const rotatorsOf = (credential: string) =>
    shape.credentials[credential]?.secretArn ? [] : [roleOf(`Credential${pascalCase(credential)}Rotation`)];
  const secretOf = (credential: string) => {
    const created = Object.keys(resourcesOf(template, 'AWS::SecretsManager::Secret'));
    const id = created.find((each) => each.startsWith(`Credential${pascalCase(credential)}Secret`));
    return shape.credentials[credential]?.secretArn ?? { Ref: id };
  };
  const allowed = (action: string, resource: unknown) =>
    allStatements(template)
      .filter(({ statement }) => statement.Effect === 'Allow' && isAbout(statement, action, resource))
      .map(({ owner }) => owner)
      .sort();

  it("only the functions of a credential's profiles and its rotation may read its secret", () => {
    for (const credential of Object.keys(shape.credentials)) {
      const expected = [...readersOf(credential), ...rotatorsOf(credential)].sort();
      expect(allowed('secretsmanager:GetSecretValue', secretOf(credential))).toEqual(expected);
      expect(allowed('secretsmanager:BatchGetSecretValue', secretOf(credential))).toEqual([]);
    }
  });

  it('only the rotation of a credential may write its secret, and nobody may change whose it is', () => {
    const never = ['UpdateSecret', 'DeleteSecret', 'PutResourcePolicy', 'DeleteResourcePolicy', 'RotateSecret'];
    for (const credential of Object.keys(shape.credentials)) {
      for (const operation of ['PutSecretValue', 'UpdateSecretVersionStage']) {
        expect(allowed(`secretsmanager:${operation}`, secretOf(credential))).toEqual(rotatorsOf(credential));
      }
      for (const operation of never) {
        expect(allowed(`secretsmanager:${operation}`, secretOf(credential))).toEqual([]);
      }
    }
  });

  it('no statement has * as an action, and none but those of X-Ray and of the state of alarms as a resource', () => {
    for (const { statement } of identityStatements(template)) {
      expect(statement).toMatchObject({ Effect: 'Allow', Action: expect.anything(), Resource: expect.anything() });
      expect(actionsOf(statement).filter((action) => /[*?]/.test(action))).toEqual([]);
      const wild = resourcesIn(statement).some((resource) => JSON.stringify(resource).includes('*'));
      const traces = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
      const allowed = [traces, ['cloudwatch:DescribeAlarms']].map((actions) => [actions, '*']);
      if (wild) expect(allowed).toContainEqual([[...actionsOf(statement)].sort(), statement.Resource]);
    }
  });

  it("no policy on a resource lets anybody in, but the account's alarms at their topic", () => {
    const others = allStatements(template).filter(({ type }) => !type.startsWith('AWS::IAM::'));
    const letIn = others.filter(({ statement }) => statement.Effect !== 'Deny');
    expect(letIn.map(({ statement: { Action, Principal } }) => [Action, Principal])).toEqual(
      'alarmEmail' in more ? [['sns:Publish', { Service: 'cloudwatch.amazonaws.com' }]] : [],
    );
  });

  it('no role can be taken by anyone but Lambda, and each is the role of one function; CodeDeploy has its own', () => {
    const isOfFunction = ([id]: readonly [string, unknown]) => !id.startsWith('Deployment');
    const all = Object.entries(resourcesOf(template, 'AWS::IAM::Role'));
    const roles = Object.fromEntries(all.filter(isOfFunction));
    for (const { Properties } of Object.values(roles)) {
      expect(Properties.AssumeRolePolicyDocument).toEqual({
        Version: '2012-10-17',
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
      });
    }
    const used = Object.values(resourcesOf(template, 'AWS::Lambda::Function')).map(({ Properties }) => Properties.Role);
    expect(used.map((role) => JSON.stringify(role)).sort()).toEqual(
      Object.keys(roles)
        .map((id) => JSON.stringify({ 'Fn::GetAtt': [id, 'Arn'] }))
        .sort(),
    );
  });

  it('every permission to call a function by its URL has both halves, each with its condition; none is direct', () => {
    const all = Object.values(resourcesOf(template, 'AWS::Lambda::Permission')).map(({ Properties }) => Properties);
    const ofRotation = all.filter(({ Principal }) => Principal === 'secretsmanager.amazonaws.com');
    for (const permission of ofRotation) {
      expect(permission).toMatchObject({ SourceAccount: ACCOUNT, SourceArn: expect.anything() });
    }
    const halves = new Map<string, unknown[]>();
    for (const { Action, Principal, FunctionName, ...conditions } of all) {
      if (Principal === 'secretsmanager.amazonaws.com') continue;
      if (Principal === 'events.amazonaws.com') {
        expect(conditions).toEqual({ SourceArn: { 'Fn::GetAtt': [expect.stringMatching(/CanarySchedule/), 'Arn'] } });
        continue;
      }
      expect(FunctionName).toEqual({ Ref: expect.stringMatching(/^Profile\w+Alias/) });
      const { PrincipalOrgID, ...condition } = conditions;
      expect(Principal === '*').toBe(PrincipalOrgID !== undefined);
      const key = JSON.stringify([Principal, PrincipalOrgID, FunctionName]);
      halves.set(key, [...(halves.get(key) ?? []), { Action, ...condition }]);
    }
    for (const both of halves.values()) {
      expect(both).toEqual([
        { Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'AWS_IAM' },
        { Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
      ]);
    }
    const callers = Object.values(shape.profiles).flatMap(({ callers = [], organizationId = [] }) => [
      ...(callers as string[]),
      ...[organizationId].flat(),
    ]);
    expect(halves.size).toBe(callers.length);
  });

  it('every statement that lets an identity call has its condition, and names one alias', () => {
    const calls = identityStatements(template).filter(({ statement }) =>
      actionsOf(statement).some((action) => matches(action, 'lambda:InvokeFunction') || /^lambda:invoke/i.test(action)),
    );
    const canaries = Object.keys(shape.profiles).filter((name) => shape.profiles[name]?.canaryEveryMinutes);
    const owners = [
      ...Object.keys(shape.profiles).map((name) => `Profile${pascalCase(name)}VendPolicy`),
      ...canaries.map((name) => `Profile${pascalCase(name)}CanaryRole`),
    ];
    const callers = calls.map(({ owner }) => owner.replace(/[0-9A-F]{8}$/, ''));
    expect(callers.sort()).toEqual([...owners, ...owners].sort());
    for (const { owner, statement } of calls) {
      const condition =
        statement.Action === 'lambda:InvokeFunctionUrl'
          ? { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }
          : { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } };
      expect(statement.Condition).toEqual(condition);
      const profile = owner.replace(/(VendPolicy|CanaryRole)[0-9A-F]{8}$/, '');
      expect(statement.Resource).toEqual({ Ref: expect.stringMatching(new RegExp(`^${profile}FunctionAlias`)) });
    }
  });

  it("the table is reached by the profiles' functions alone, under their own keys and their credential's", () => {
    const reaching = allStatements(template).filter(({ statement }) =>
      actionsOf(statement).some((action) => /^(\*|dynamodb:)/i.test(action)),
    );
    const expected = Object.entries(shape.profiles).map(([name, { credential }]) => ({
      owner: roleOf(`Profile${pascalCase(name)}`),
      actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
      condition: {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${name}#*`, `CREDENTIAL#${credential}`] },
      },
    }));
    const found = reaching.map(({ owner, statement }) => ({
      owner,
      actions: actionsOf(statement),
      condition: statement.Condition,
    }));
    expect(found).toEqual(expected);
  });

  it("a customer's key is used, if there is one, by way of its service alone", () => {
    const using = identityStatements(template).filter(({ statement }) =>
      actionsOf(statement).some((action) => /^(\*|kms:)/i.test(action)),
    );
    for (const { statement } of using) {
      expect([KEY_ARN, SECRET_KEY_ARN]).toContain(statement.Resource);
      expect(Object.keys(statement.Condition ?? {})).toEqual(['StringEquals']);
      expect(JSON.stringify(statement.Condition?.StringEquals?.['kms:ViaService'])).toMatch(
        /"(secretsmanager|dynamodb)\.eu-central-1\./,
      );
    }
    const keys = new Set(using.map(({ statement }) => statement.Resource));
    expect(keys.has(KEY_ARN)).toBe('encryptionKeyArn' in more);
    expect(keys.has(SECRET_KEY_ARN)).toBe(shape.credentials.shop?.secretKeyArn !== undefined);
  });

  it('there are no policies but those of the roles and of the profiles, and none of AWS', () => {
    const kinds = new Set(allResources(template).flatMap(([, { Type }]) => (/^AWS::IAM::/.test(Type) ? [Type] : [])));
    expect([...kinds].sort()).toEqual(['AWS::IAM::ManagedPolicy', 'AWS::IAM::Role']);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/ManagedPolicyArns|iam::aws:policy/);
    const roles = Object.values(resourcesOf(template, 'AWS::IAM::Role')) as Resource[];
    expect(roles.map(({ Properties }) => (Properties.Policies as unknown[]).length)).toEqual(roles.map(() => 1));
  });

  it('no principal is left out by name: nobody is let in by not being somebody', () => {
    for (const { statement } of allStatements(template)) {
      expect(statement).not.toHaveProperty('NotPrincipal');
      expect(statement).not.toHaveProperty('NotAction');
      expect(statement).not.toHaveProperty('NotResource');
    }
  });
});
