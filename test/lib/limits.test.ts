// Limits that AWS applies only at the deploy, held here against the template with every name at its longest: 4 KB of
// environment, 20 KB of the alias's policy, 500 resources.

import { describe, expect, it } from '@jest/globals';
import { App } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { ConfigError } from '../../lib/config-error.ts';
import { ACCOUNT, buildStack, resourcesOf, synthesize } from './synth.ts';

const TEN = Array.from({ length: 10 }, (_, index) => index);
const SCOPES = Array.from({ length: 169 }, (_, index) => `payment-gateway.capture_manage_${index}`);
const longest = (prefix: string, length: number) => prefix.padEnd(length, 'x');

/** What an attribute or name may be at its longest, once deployed. */
const LONGEST: Record<string, string> = {
  STACK_NAME: longest('', 128),
  SECRET_ID: `arn:aws-us-gov:secretsmanager:ap-southeast-1:${ACCOUNT}:secret:${longest('', 512)}-AbCd12`,
  TABLE_NAME: longest('', 255),
};

const profilesOf = (profile: (index: number) => object) =>
  Object.fromEntries(TEN.map((index) => [longest(`profile-${index}-`, 32), profile(index)]));

describe('the environment of a function', () => {
  it('stays under 4 KB with 169 scopes in ten profiles and everything at its longest', () => {
    const tokenEndpoint = longest('https://login.example.com/', 2048);
    const template = synthesize({
      credentials: { [longest('credential-', 32)]: { tokenEndpoint } },
      profiles: profilesOf(() => ({ scopes: SCOPES })),
    });
    const functions = Object.values(resourcesOf(template, 'AWS::Lambda::Function', 'Profile'));
    expect(functions).toHaveLength(10);
    for (const { Properties } of functions) {
      const { Variables } = Properties.Environment as { Variables: Record<string, unknown> };
      const bytes = Object.entries(Variables).map(([key, value]) => {
        const text = LONGEST[key] ?? value;
        if (typeof text !== 'string') throw new Error(`LONGEST has no value for ${key}`);
        return Buffer.byteLength(key + text);
      });
      expect(bytes.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(4096);
    }
  });
});

/** The bytes of an alias's policy as Lambda stores it, with statement IDs and the alias's ARN at their longest. */
function policyBytes(template: Template): number {
  const statements = Object.values(resourcesOf(template, 'AWS::Lambda::Permission', 'Profile')).map(
    ({ Properties }) => ({
      Sid: longest('', 100),
      Effect: 'Allow',
      Principal: Properties.Principal === '*' ? '*' : { AWS: Properties.Principal },
      Action: Properties.Action,
      Resource: `arn:aws-us-gov:lambda:ap-southeast-1:${ACCOUNT}:function:${longest('', 64)}:live`,
      Condition: {
        StringEquals: {
          ...(Properties.FunctionUrlAuthType !== undefined && { 'lambda:FunctionUrlAuthType': 'AWS_IAM' }),
          ...(Properties.PrincipalOrgID !== undefined && { 'aws:PrincipalOrgID': Properties.PrincipalOrgID }),
        },
        ...(Properties.InvokedViaFunctionUrl === true && { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }),
      },
    }),
  );
  return Buffer.byteLength(JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: statements }));
}

describe("an alias's policy", () => {
  const orders = (count: number, path = '', organizationId?: string) => {
    const callers = Array.from(
      { length: count },
      (_, index) => `arn:aws:iam::${ACCOUNT}:role/${path}orders-${index + 10}`,
    );
    return { profiles: { orders: { callers, ...(organizationId && { organizationId }) } } };
  };
  const LINE =
    /^tokenVending\.profiles\.orders\.callers holds (\d+) ARNs: must be the first (\d+) at most[^\n]+organizationId[^\n]+managed policy[^\n]+$/;
  const maxCallers = (raw: (count: number) => object): number => {
    try {
      synthesize(raw(100));
    } catch (error) {
      if (error instanceof ConfigError) return Number(LINE.exec(error.message)?.[2]);
      throw error;
    }
    throw new Error('100 callers fit');
  };

  it.each([
    ['roles', '', undefined],
    ['roles and an organization', '', `o-${longest('', 32)}`],
    ['roles with long paths', `${longest('team/', 200)}/`, undefined],
  ])(
    'stays under 20 KB with as many %s as synthesis lets through, and one more is refused',
    (_, path, organization) => {
      const raw = (count: number) => orders(count, path, organization);
      const max = maxCallers(raw);
      const bytes = policyBytes(synthesize(raw(max)));
      expect(bytes).toBeLessThanOrEqual(20_480);
      expect(bytes).toBeGreaterThan(20_480 - 2_200);
      expect(() => synthesize(raw(max + 1))).toThrow(ConfigError);
      expect(() => synthesize(raw(max + 1))).toThrow(LINE);
    },
  );

  it('is checked with those who are granted the profile in CDK code', () => {
    const { stack, vending } = buildStack(orders(20));
    for (let index = 0; index < 10; index++) {
      const role = iam.Role.fromRoleArn(stack, `Caller${index}`, `arn:aws:iam::444455556666:role/caller-${index}`);
      vending.profile('orders').grantVend(role);
    }
    expect(() => App.of(stack)?.synth()).toThrow(/ProfileOrders\] is granted to 30 callers .+ \(20 KB\)/);
  });

  it('holds about 20 roles', () => {
    expect(maxCallers(orders)).toBeGreaterThanOrEqual(20);
  });
});

describe('the stack', () => {
  it('stays under 500 resources with ten profiles of five callers, each with its own credential', () => {
    const credentials = Object.fromEntries(TEN.map((index) => [`credential-${index}`, {}]));
    const callers = Array.from({ length: 5 }, (_, index) => `arn:aws:iam::${ACCOUNT}:role/caller-${index}`);
    const profiles = profilesOf((index) => ({ credential: `credential-${index}`, callers, scopes: SCOPES }));
    const { Resources, Outputs } = synthesize({ credentials, profiles }).toJSON();
    expect(Object.keys(Resources).length).toBeLessThanOrEqual(500);
    expect(Object.keys(Outputs).length).toBeLessThanOrEqual(200);
  });
});
