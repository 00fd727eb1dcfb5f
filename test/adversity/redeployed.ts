// (1) Another profile is deployed on the same table: one with a narrower allow-list, and one with another tenant. The
// processes of the deploy before go on, as in a gradual deploy. No process vends what its own profile doesn't allow.

import type { Figure } from '../../testbed/figures.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import { ask, failed } from './ask.ts';
import type { Setup } from './setup.ts';

const [ALLOWED = '', FORBIDDEN = ''] = ['adversity.key_0', 'adversity.key_1'];
const BOTH = `${ALLOWED} ${FORBIDDEN}`;
/** Without a named scope, a profile's whole allow-list is requested. */
const ALL = '';
const SIZE = 4;
const ROUNDS = 3;
const NEW_TENANT = 'newtenant';

export async function redeployed(setup: Setup): Promise<readonly Figure[]> {
  const before = await setup.start(SIZE);
  const wide = [...(await ask(setup, before, [ALL, BOTH, FORBIDDEN]))];
  const narrowed = await setup.start(SIZE, { scopes: [ALLOWED] });
  const narrow: Answer[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    narrow.push(...(await ask(setup, narrowed, [ALL, ALLOWED, BOTH, FORBIDDEN])));
    wide.push(...(await ask(setup, before, [ALL, BOTH, FORBIDDEN])));
    setup.forward(5_000);
  }
  const later = await ask(setup, await setup.start(1), [ALL]);
  const all = narrow.filter(({ scope }) => scope === ALL);
  const notAllowed = narrow.filter(({ scope }) => scope === BOTH || scope === FORBIDDEN);
  return [
    { name: 'narrower: answers', measured: narrow.length, bound: { exactly: 4 * SIZE * ROUNDS } },
    { name: 'narrower: wider tokens vended', measured: wider(setup, narrow), bound: { exactly: 0 } },
    { name: 'narrower: forbidden scopes not refused', measured: notRefused(notAllowed), bound: { exactly: 0 } },
    { name: 'narrower: failures for all allowed scopes', measured: failed(all), bound: { exactly: 0 } },
    { name: 'the deploy before: failures', measured: failed(wide), bound: { exactly: 0 } },
    { name: 'the deploy before: its tokens stay in the table', measured: wider(setup, later), bound: { exactly: 1 } },
    { name: 'mints, one for each profile and scope set', measured: setup.server.tokens.length, bound: { exactly: 5 } },
    ...(await otherTenant(setup)),
  ];
}

async function otherTenant(setup: Setup): Promise<readonly Figure[]> {
  const { server } = setup;
  const moved = await setup.start(SIZE, { tenant: NEW_TENANT });
  const early = await ask(setup, moved, [ALL, BOTH]);
  server.accept(server.clientSecret, { tenant: NEW_TENANT });
  const movedAtMs = setup.nowMs();
  // The back-off of a wrong tenant lasts 25 s.
  setup.forward(26_000);
  const late = await ask(setup, moved, [ALL, BOTH]);
  const ofOldTenant = late.filter(({ sha256 = '' }) => Number(server.find(sha256)?.issuedAtMs) < movedAtMs);
  return [
    { name: 'tenant: tokens of the other one vended', measured: early.length - failed(early), bound: { exactly: 0 } },
    { name: 'tenant: older tokens vended afterwards', measured: ofOldTenant.length, bound: { exactly: 0 } },
    { name: 'tenant: failures afterwards', measured: failed(late), bound: { exactly: 0 } },
  ];
}

function wider({ server }: Setup, answers: readonly Answer[]): number {
  return answers.filter(({ sha256 = '' }) => server.find(sha256)?.scopes.some((scope) => scope !== ALLOWED)).length;
}

function notRefused(answers: readonly Answer[]): number {
  return answers.filter(({ status }) => status !== 400).length;
}
