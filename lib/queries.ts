// Saved queries over the audit lines of all profiles. CloudWatch Logs Insights lists them under the stack's name. A query
// reads 50 log groups at most, and 500 resources of a stack are fewer than 50 profiles.

import { Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { REFUSED_SCOPE } from '../lambda/canary/settings.ts';
import type { Profile } from './profile.ts';

export interface QueriesProps {
  /** By name. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** Sessions of a role count as the role. */
const CALLER = 'parse caller_arn /(?<caller>arn:[^:]+:(?:sts::\\d+:assumed-role\\/[^\\/]+|iam::.+))/';

const QUERIES = {
  /** The scopes are a list, or the hash of one that ScopeLists shows. */
  WhoGotWhichScopes: [
    'filter event = "vended"',
    CALLER,
    'fields coalesce(scopes_given_sha256_prefix, scopes_given, scopes_asked) as scopes',
    'stats count(*) as vended, earliest(time) as first_vended, latest(time) as last_vended by caller, organization, Profile, scopes',
    'sort vended desc',
  ],
  ScopeLists: [
    'filter event = "vended" and ispresent(scopes_given_sha256_prefix) and ispresent(scopes_given)',
    'stats earliest(time) as first_vended, latest(time) as last_vended by scopes_given_sha256_prefix, Profile, scopes_given',
    'sort last_vended desc',
  ],
  Refusals: [
    'filter event = "refused"',
    'sort @timestamp desc',
    'display time, Profile, caller_arn, status, error, description, scopes_asked, request_id',
  ],
  /** Callers who asked for scopes that the profile doesn't allow or the server doesn't grant. Canaries do it on purpose. */
  RefusedScopes: [
    'filter event = "refused" and error = "invalid_scope"',
    `filter not ispresent(scopes_asked) or scopes_asked not like /^${REFUSED_SCOPE.replaceAll('.', '\\.')}/`,
    CALLER,
    'stats count(*) as refused, earliest(time) as first_refused, latest(time) as last_refused by caller, Profile, scopes_asked, description',
    'sort refused desc',
  ],
  TopCallers: [
    'filter event in ["vended", "refused"]',
    CALLER,
    'stats count(*) as requests by caller, caller_account, Profile, event',
    'sort requests desc',
    'limit 100',
  ],
  CredentialVersions: [
    'filter event = "vended"',
    'stats count(*) as vended, earliest(time) as first_vended, latest(time) as last_vended by credential_version, Source, Profile',
    'sort last_vended desc',
  ],
  /** Before a version is deleted: who still gets its tokens, and whose requests minted them. */
  CallersOfCredentialVersions: [
    'filter event = "vended"',
    CALLER,
    'stats count(*) as vended, earliest(time) as first_vended, latest(time) as last_vended by credential_version, caller, Profile, Source',
    'sort last_vended desc',
  ],
} as const;

/** Without the stack's name. */
export const QUERY_NAMES = Object.keys(QUERIES);

export class Queries extends Construct {
  constructor(scope: Construct, id: string, { profiles }: QueriesProps) {
    super(scope, id);
    const logGroupNames = [...profiles.values()].map(({ function: { logGroup } }) => logGroup.logGroupName);
    for (const [name, commands] of Object.entries(QUERIES)) {
      new logs.CfnQueryDefinition(this, name, {
        name: `${Stack.of(this).stackName}/${name}`,
        queryString: commands.join('\n| '),
        logGroupNames,
      });
    }
  }
}
