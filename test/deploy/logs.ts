// The functions have printed an audit line for each answer, and no secret in any line.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Suite } from '../../testbed/suite.ts';
import type { Exchange, Keys } from './account.ts';
import type { FunctionRole } from './function-roles.ts';
import type { Setup } from './setup.ts';

type Line = Readonly<Record<string, unknown>>;

/** The fields of a line that are compared. The caller is not among them, because MiniStack's events don't have it. */
const AUDITED = {
  vended: ['Source', 'expires_in_seconds', 'token_sha256_prefix', 'credential_version'],
  refused: ['status', 'error', 'description', 'request_id'],
};

export interface AuditedProfile {
  readonly profile: string;
  readonly url: string;
  readonly role: FunctionRole;
  /** Of a role that may call. */
  readonly keys: Keys;
}

/** More than enough for a line that comes late. */
export const TRIES = 5;

/**
 * This is checked before a rotation, while all tokens are of one version. A call that got 403 never reached the function.
 * MiniStack may keep a line until the next call of the same instance, and loses it with the instance. So another call is
 * made while lines are missing, and this is checked once more before an instance is replaced.
 */
export async function checkAudit(
  suite: Suite,
  { account }: Setup,
  { profile, url, role, keys }: AuditedProfile,
  secretId: string,
) {
  await suite.check(`the log of ${profile} holds an audit line for each answer so far, and no other`, async () => {
    const current = ['--secret-id', secretId, '--query', 'VersionId'];
    const credentialVersion = await account.aws<string>('secretsmanager', 'get-secret-value', ...current);
    for (let tries = 1; ; tries += 1) {
      const lines = auditLines((await linesOf({ account }, role.logGroup)).flatMap(jsonOf));
      const answered = account.exchanges.filter(
        ({ answer, functionUrl }) => functionUrl === url && answer.status !== 403,
      );
      const expected = auditLines(answered.map((exchange) => auditOf(profile, exchange, credentialVersion)));
      if (lines.length >= expected.length || tries === TRIES) {
        assert.ok(expected.some(({ event }) => event === 'vended'));
        assert.deepEqual(lines, expected);
        return;
      }
      await account.vend(url, keys);
    }
  });
}

export async function checkLogs(suite: Suite, { account, emporix }: Setup) {
  await suite.check('no log line holds a token or the client secret', async () => {
    const { logGroups } = await account.aws<{ logGroups: { logGroupName: string }[] }>('logs', 'describe-log-groups');
    const lines: string[] = [];
    for (const { logGroupName } of logGroups) lines.push(...(await linesOf({ account }, logGroupName)));
    assert.ok(lines.length > 0, 'no log line at all');
    const secrets = [emporix.clientSecret, ...emporix.tokens.map(({ accessToken }) => accessToken)];
    const shown = lines.filter((line) => secrets.some((secret) => line.includes(secret)));
    assert.deepEqual(shown, []);
  });
}

/** The audit line that must stand in the log for an answer. */
function auditOf(profile: string, { form, answer }: Exchange, credentialVersion: string): Line {
  const body = JSON.parse(answer.body) as Line;
  const scopesAsked = new URLSearchParams(form).get('scope');
  const asked = { Profile: profile, ...(scopesAsked !== null && { scopes_asked: scopesAsked }) };
  if (answer.status !== 200) {
    const error = answer.status === 500 ? 'misconfigured' : body.error;
    const { error_description: description, request_id } = body;
    return { event: 'refused', ...asked, status: answer.status, error, description, request_id };
  }
  return {
    event: 'vended',
    ...asked,
    Source: answer.headers['x-token-source'],
    expires_in_seconds: body.expires_in,
    token_sha256_prefix: createHash('sha256').update(String(body.access_token)).digest('hex').slice(0, 8),
    credential_version: credentialVersion,
  };
}

export async function linesOf({ account }: Pick<Setup, 'account'>, logGroup: string): Promise<string[]> {
  const { events } = await account.aws<{ events: { message: string }[] }>(
    ...['logs', 'filter-log-events', '--log-group-name', logGroup],
  );
  return events.map(({ message }) => message);
}

/** Lambda's own lines are no JSON. */
export function jsonOf(line: string): Line[] {
  return line.startsWith('{') ? [JSON.parse(line) as Line] : [];
}

/** The audit lines among the lines, in an order that doesn't depend on which instance wrote them. */
function auditLines(lines: readonly Line[]): Line[] {
  const audited = lines.flatMap((line) => {
    if (line.event !== 'vended' && line.event !== 'refused') return [];
    const names = ['event', 'Profile', 'scopes_asked', ...AUDITED[line.event]].filter((name) => name in line);
    return [Object.fromEntries(names.map((name) => [name, line[name]]))];
  });
  return audited.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}
