// How many of a stack's 500 resources each part takes, and how many profiles fit. The table in docs/configuration.md is
// compared with what is counted in templates.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ACCOUNT, REGION, synthesize } from './synth.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/configuration.md'), 'utf8');
const [, SECTION = ''] = /^## How many profiles fit\n([\s\S]*?)^## /m.exec(PAGE) ?? [];

interface Parts {
  readonly profiles?: number;
  readonly credentials?: number;
  readonly options?: object;
  /** Of each profile and of each credential. */
  readonly profile?: object;
  readonly credential?: object;
}

function configurationOf({ profiles = 1, credentials = 1, options, profile, credential }: Parts): object {
  const named = (letter: string, count: number, config: object) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${letter}${index}`, config]));
  return {
    credentials: named('c', credentials, { ...credential }),
    profiles: named('p', profiles, { credential: 'c0', ...profile }),
    ...options,
  };
}

const count = (parts: Parts) => Object.keys(synthesize(configurationOf(parts)).toJSON().Resources).length;
const perProfile = (parts: Parts) => count({ ...parts, profiles: 2 }) - count(parts);
const perCredential = (parts: Parts) => count({ ...parts, credentials: 2 }) - count(parts);
const perStack = (parts: Parts) => count(parts) - perProfile(parts) - perCredential(parts);

/** What an option adds, as the table says it: `1, and 4 for each profile`. */
function added(parts: Parts): string {
  const more = [perStack, perProfile, perCredential].map((count) => count(parts) - count({}));
  const words = ['', ' for each profile', ' for each credential'];
  return more.flatMap((each, index) => (each === 0 ? [] : [`${each}${words[index]}`])).join(', and ');
}

const ADMINISTRATORS = { strictSecretPolicy: { administrators: [`arn:aws:iam::${ACCOUNT}:role/admin`] } };
const SECRET_ARN = `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:shop-AbCd12`;

const ROWS: readonly [part: string, resources: () => unknown][] = [
  ['the stack itself', () => perStack({})],
  ['each profile', () => perProfile({})],
  ['each credential', () => perCredential({})],
  ['each credential without `rotation`', () => perCredential({ credential: { rotation: false } })],
  ['each credential with `secretArn`', () => perCredential({ credential: { secretArn: SECRET_ARN } })],
  [
    'each ARN in `callers`',
    () => perProfile({ profile: { callers: [`arn:aws:iam::${ACCOUNT}:role/a`] } }) - perProfile({}),
  ],
  ['`organizationId`', () => added({ profile: { organizationId: 'o-a1b2c3d4e5' } })],
  ['`canaryEveryMinutes`', () => added({ profile: { canaryEveryMinutes: 5 } })],
  ['`deployment` with `canary`', () => added({ options: { deployment: { strategy: 'canary' } } })],
  ['`recordSecretReads`', () => added({ options: { recordSecretReads: true } })],
  ['`alarmEmail`', () => added({ options: { alarmEmail: 'oncall@example.com' } })],
  ['`strictSecretPolicy`', () => added({ options: ADMINISTRATORS })],
];

describe('docs/configuration.md says how many resources are taken', () => {
  it.each(ROWS)('by %s', (part, resources) => {
    expect(SECTION.split('\n')).toContain(`| ${part} | ${resources()} |`);
  });

  it('in a row for each part', () => {
    const parts = [...SECTION.matchAll(/^\| (?!part|-)(.+) \| .+ \|$/gm)].map(([, part]) => part);
    expect(parts).toEqual(ROWS.map(([part]) => part));
  });
});

describe('as many profiles fit as it says, and not one more,', () => {
  it.each<[string, RegExp, Parts]>([
    ['of one credential', /(\d+) profiles of one credential fit/, {}],
    [
      'with gradual deployments',
      /(\d+) with gradual\sdeployments/,
      { options: { deployment: { strategy: 'canary' } } },
    ],
  ])('%s', (_, said, parts) => {
    const profiles = Number(said.exec(SECTION)?.[1]);
    expect(count({ ...parts, profiles })).toBeLessThanOrEqual(500);
    expect(() => count({ ...parts, profiles: profiles + 1 })).toThrow(/500/);
  });

  it('with a credential each', () => {
    const each = Number(/With a credential each, (\d+) profiles fit/.exec(SECTION)?.[1]);
    expect(count({ profiles: each, credentials: each })).toBeLessThanOrEqual(500);
    expect(() => count({ profiles: each + 1, credentials: each + 1 })).toThrow(/one composite alarm/);
  });
});
