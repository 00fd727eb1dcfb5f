// Nobody is everybody: whoever is let in by CDK's code is a role, a user, an account or an organization, by name.

import { describe, expect, it } from '@jest/globals';
import { Aws, Fn, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ConfigError } from '../../lib/config-error.ts';
import { Profile } from '../../lib/profile.ts';
import { ACCOUNT, buildStack, resourcesOf } from './synth.ts';

const ORGANIZATION = 'o-a1b2c3d4e5';
const inOrganization = (operator: string, id: unknown) =>
  new iam.AnyPrincipal().withConditions({ [operator]: { 'aws:PrincipalOrgID': id } });

const REFUSED: readonly [string, string, iam.IPrincipal][] = [
  ['anyone', '*', new iam.AnyPrincipal()],
  ['anyone, as a star', '*', new iam.StarPrincipal()],
  ['an ARN that is a wildcard', '*', new iam.ArnPrincipal('*')],
  ['an account that is a wildcard', 'arn:aws:iam::*:root', new iam.AccountPrincipal('*')],
  ['any role of an account', `arn:aws:iam::${ACCOUNT}:role/*`, new iam.ArnPrincipal(`arn:aws:iam::${ACCOUNT}:role/*`)],
  ['a role with a ?', `arn:aws:iam::${ACCOUNT}:role/a?`, new iam.ArnPrincipal(`arn:aws:iam::${ACCOUNT}:role/a?`)],
  ['a wildcard beside what the deploy knows', ':iam::*:root', new iam.ArnPrincipal(`arn:${Aws.PARTITION}:iam::*:root`)],
  ['an ARN of no principal', 'arn:aws:s3:::bucket', new iam.ArnPrincipal('arn:aws:s3:::bucket')],
  ['a malformed ARN', 'arn:aws:iam:role/orders', new iam.ArnPrincipal('arn:aws:iam:role/orders')],
  [
    'an account ID of 11 digits',
    'arn:aws:iam::11112222333:root',
    new iam.ArnPrincipal('arn:aws:iam::11112222333:root'),
  ],
  ['a service', 'cloudfront.amazonaws.com', new iam.ServicePrincipal('cloudfront.amazonaws.com')],
  ['any organization', '*', inOrganization('StringEquals', 'o-*')],
  ['two organizations', '*', inOrganization('StringEquals', [ORGANIZATION, 'o-b1b2c3d4e5'])],
  ['no organization of a list', '*', inOrganization('StringEquals', [])],
  ['an organization that is null', '*', inOrganization('StringEquals', null)],
  ['an organization that the deploy knows', '*', inOrganization('StringEquals', Fn.ref('Organization'))],
  ['an organization like this', '*', inOrganization('StringLike', ORGANIZATION)],
  ['all but an organization', '*', inOrganization('StringNotEquals', ORGANIZATION)],
  [
    'anyone under another condition',
    '*',
    new iam.AnyPrincipal().withConditions({ StringEquals: { 'aws:SourceAccount': ACCOUNT } }),
  ],
  [
    'one role and anyone',
    '*',
    new iam.CompositePrincipal(new iam.ArnPrincipal(`arn:aws:iam::${ACCOUNT}:role/a`), new iam.AnyPrincipal()),
  ],
];

function defaultProfile() {
  const { stack, vending } = buildStack({});
  return { profile: vending.profile('default'), stack, vending };
}

const callsOf = (stack: Stack) => {
  const template = Template.fromStack(stack);
  const permissions = resourcesOf(template, 'AWS::Lambda::Permission', 'Profile');
  return [...Object.values(permissions), ...Object.values(resourcesOf(template, 'AWS::IAM::Policy'))];
};

describe('grantVend', () => {
  it.each(REFUSED)('stops synthesis for %s', (_, shown, principal) => {
    const { profile, stack } = defaultProfile();
    const grant = () => profile.grantVend(principal);
    expect(grant).toThrow(ConfigError);
    expect(grant).toThrow('TokenVending/Default/ProfileDefault is granted to ');
    expect(grant).toThrow(shown);
    expect(callsOf(stack)).toEqual([]);
  });

  it.each<[string, (stack: Stack) => iam.IGrantable, number]>([
    ['a role of the stack', (stack) => new iam.Role(stack, 'Role', { assumedBy: new iam.AccountRootPrincipal() }), 1],
    ['a user of the stack', (stack) => new iam.User(stack, 'User'), 1],
    ['a role by its ARN', () => new iam.ArnPrincipal('arn:aws:iam::444455556666:role/team/orders'), 2],
    ['an account', () => new iam.AccountPrincipal('444455556666'), 2],
    ['an organization', () => new iam.OrganizationPrincipal(ORGANIZATION), 2],
  ])('lets in %s', (_, granteeIn, resources) => {
    const { profile, stack } = defaultProfile();
    profile.grantVend(granteeIn(stack));
    expect(callsOf(stack)).toHaveLength(resources);
  });
});

describe("a profile's callers, in CDK's code", () => {
  const withOptions = (options: object) => () => {
    const { profile, stack, vending } = defaultProfile();
    const credential = vending.credentials.get('emporix');
    if (credential === undefined) throw new Error('no credential');
    const { table } = vending;
    const shared = { profileName: 'orders', credential, table, memoryMb: 128, logRetention: RetentionDays.ONE_DAY };
    return [profile, new Profile(stack, 'ProfileOrders', { ...shared, options })];
  };

  it.each(['*', `arn:aws:iam::${ACCOUNT}:role/*`, 'orders', `arn:aws:sts::${ACCOUNT}:assumed-role/a/b`])(
    'may not be %s',
    (caller) => {
      expect(withOptions({ callers: [caller] })).toThrow(ConfigError);
      expect(withOptions({ callers: [caller] })).toThrow(`is granted to "${caller}"`);
    },
  );

  it('may not be of an organization without a name', () => {
    expect(withOptions({ organizationId: 'o-*' })).toThrow(/organization/i);
  });

  it('may be a role by its ARN', () => {
    expect(
      withOptions({ callers: [`arn:aws:iam::${ACCOUNT}:role/orders`], organizationId: ORGANIZATION }),
    ).not.toThrow();
  });
});
