// The saved queries: over every profile's log group, of nothing but the fields that an audit line has.

import { describe, expect, it } from '@jest/globals';
import { resourcesOf, synthesize } from './synth.ts';

/** Of `vended` and `refused`; what is printed is in test/lambda/audit.test.ts. */
const AUDIT_FIELDS = [
  ...['time', 'level', 'event', 'Profile', 'request_id', 'caller_arn', 'caller_account', 'organization'],
  ...[
    'scopes_asked',
    'scopes_given',
    'scopes_given_sha256_prefix',
    'Source',
    'expires_in_seconds',
    'credential_version',
    'token_sha256_prefix',
    'item',
  ],
  ...['status', 'error', 'description'],
];
const WORDS_OF_THE_LANGUAGE = [
  ...['filter', 'parse', 'stats', 'sort', 'display', 'limit', 'by', 'as', 'in', 'desc'],
  ...['count', 'earliest', 'latest', '@timestamp', 'fields', 'coalesce', 'ispresent', 'and', 'or', 'not', 'like'],
];
const QUERY = 'AWS::Logs::QueryDefinition';

interface Query {
  readonly Name: string;
  readonly QueryString: string;
  readonly LogGroupNames: readonly unknown[];
}

function queriesOf(profiles: readonly string[], names: object = {}): readonly Query[] {
  const template = synthesize({ profiles: Object.fromEntries(profiles.map((name) => [name, {}])), ...names });
  return Object.values(resourcesOf(template, QUERY)).map(({ Properties }) => Properties as unknown as Query);
}

/** The fields that a query reads: neither what it names itself, nor texts and numbers. */
function fieldsOf({ QueryString }: Query): readonly string[] {
  const named = [...QueryString.matchAll(/\bas (\w+)|\(\?<(\w+)>/g)].map(([, alias, group]) => alias ?? group ?? '');
  const plain = QueryString.replace(/ \/.*\//g, '').replace(/"[^"]*"/g, '');
  const words = plain.match(/[@A-Za-z_]\w*/g) ?? [];
  return words.filter((word) => !named.includes(word) && !WORDS_OF_THE_LANGUAGE.includes(word));
}

describe('the saved queries', () => {
  it('are seven, under the name of the stack', () => {
    expect(queriesOf(['orders']).map(({ Name }) => Name)).toEqual([
      'TokenVending/WhoGotWhichScopes',
      'TokenVending/ScopeLists',
      'TokenVending/Refusals',
      'TokenVending/RefusedScopes',
      'TokenVending/TopCallers',
      'TokenVending/CredentialVersions',
      'TokenVending/CallersOfCredentialVersions',
    ]);
  });

  it.each(queriesOf(['orders']).map((query) => [query.Name, query] as const))(
    '%s reads audit fields only',
    (_, query) => {
      expect(fieldsOf(query).length).toBeGreaterThan(3);
      expect(fieldsOf(query).filter((field) => !AUDIT_FIELDS.includes(field))).toEqual([]);
      expect(query.QueryString.length).toBeLessThanOrEqual(10_000);
    },
  );

  it.each([
    ['token-vending.canary', false],
    ['token-vending.canary.not', false],
    ['order.order_delete', true],
    ['a token-vending.canary', true],
    ['token-vendingxcanary', true],
  ])('of refused scopes: %j is listed is %s, because canaries ask for theirs on purpose', (scopesAsked, isListed) => {
    const query = queriesOf(['orders']).find(({ Name }) => Name === 'TokenVending/RefusedScopes')?.QueryString ?? '';
    const [, pattern = 'none'] =
      /^\| filter not ispresent\(scopes_asked\) or scopes_asked not like \/(.*)\/$/m.exec(query) ?? [];
    expect(!new RegExp(pattern).test(scopesAsked)).toBe(isListed);
  });

  it("read every profile's log group, each", () => {
    const template = synthesize({ profiles: { orders: {}, admin: {}, reader: {} } });
    const groups = Object.keys(resourcesOf(template, 'AWS::Logs::LogGroup', 'Profile')).map((Ref) => ({ Ref }));
    expect(groups).toHaveLength(3);
    for (const { Properties } of Object.values(resourcesOf(template, QUERY))) {
      expect(Properties.LogGroupNames).toEqual(groups);
    }
  });

  it('need not read more than the 50 log groups that a query reads, because a stack holds fewer profiles', () => {
    const profiles = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);
    expect(() => queriesOf(profiles(51))).toThrow(/500/);
  });

  it.each([
    ['arn:aws:sts::111122223333:assumed-role/orders/i-0abc', 'arn:aws:sts::111122223333:assumed-role/orders'],
    ['arn:aws-us-gov:sts::111122223333:assumed-role/a.b-c/x/y', 'arn:aws-us-gov:sts::111122223333:assumed-role/a.b-c'],
    ['arn:aws:iam::111122223333:user/team/jo', 'arn:aws:iam::111122223333:user/team/jo'],
    ['arn:aws:iam::111122223333:root', 'arn:aws:iam::111122223333:root'],
  ])('count %s as %s', (callerArn, caller) => {
    for (const { QueryString } of queriesOf(['orders']).filter(({ QueryString }) => QueryString.includes('parse'))) {
      const [, pattern = ''] = /parse caller_arn \/(.*)\/$/m.exec(QueryString) ?? [];
      expect(new RegExp(pattern).exec(callerArn)?.groups?.caller).toBe(caller);
    }
  });
});
