// Purges with the runbook's commands, while processes of the deployed bundle vend tokens.

import assert from 'node:assert/strict';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import type { Suite } from '../../testbed/suite.ts';
import { ask } from '../adversity/ask.ts';
import { SCOPES, type Setup } from '../adversity/setup.ts';
import type { Account } from './account.ts';
import { OUTCOMES } from './outcomes.ts';
import { TASKS } from './page.ts';

const HEADING = 'Purge tokens';
const [ONE = '', OTHER = ''] = SCOPES;
const TASK = TASKS.find(({ heading }) => heading === HEADING);
/** The promise. */
const MINUTE_MS = 60_000;

export async function checkPurges(suite: Suite, account: Account, setup: Setup): Promise<void> {
  let printed = '';
  const fleet = await setup.start(4, undefined, (text) => {
    printed += text;
  });
  const [purgeAll = '', purgeOne = ''] = TASK?.blocks ?? [];
  await suite.check(
    'a purge of all tokens: a minute later each instance vends new ones, minted once each',
    async () => {
      const purged = await vendTwice(setup, fleet);
      await paste(account, setup, purgeAll, 0);
      setup.forward(MINUTE_MS);
      const renewed = await ask(setup, fleet, [ONE, OTHER]);
      assert.equal(tokensOf(renewed).size, 2);
      assert.deepEqual(
        [...tokensOf(renewed)].filter((token) => tokensOf(purged).has(token)),
        [],
      );
      assert.equal(renewed.filter(({ source }) => source === 'mint').length, 2);
    },
  );
  await suite.check('a purge of one token, which its audit line names, leaves the other tokens alone', async () => {
    const before = await vendTwice(setup, fleet);
    const item = itemOf(
      printed,
      before.find(({ scope }) => scope === ONE),
    );
    await paste(account, setup, purgeOne, 1, { PROFILE: 'default', ITEM: item });
    setup.forward(MINUTE_MS);
    const after = await ask(setup, fleet, [ONE, OTHER]);
    const of = (answers: readonly Answer[], scope: string) => tokensOf(answers.filter((each) => each.scope === scope));
    assert.deepEqual(of(after, OTHER), of(before, OTHER));
    assert.equal(of(after, ONE).size, 1);
    assert.notDeepEqual(of(after, ONE), of(before, ONE));
  });
  await suite.check('without the purge, the same minute changes no token', async () => {
    const before = await vendTwice(setup, fleet);
    setup.forward(MINUTE_MS);
    assert.deepEqual(tokensOf(await ask(setup, fleet, [ONE, OTHER])), tokensOf(before));
  });
  await suite.check(
    'a credential that is mistyped or of another profile, or what names no item, is refused, and a missing item is no failure',
    async () => {
      await assert.rejects(account.paste([purgeAll.replace('emporix', 'emporicks')]), /No function uses the table/);
      const mistyped = purgeOne.replace('emporix', 'emporicks');
      const item = { PROFILE: 'default', ITEM: 'AAAAAAAA' };
      await assert.rejects(account.paste([mistyped], item), /No function uses the table/);
      const another = purgeOne.replace('emporix', 'shop');
      await assert.rejects(account.paste([another], item), /The profile 'default' does not use the credential 'shop'/);
      assert.match(String(await account.paste([purgeOne], item)), /^Deleted: 0\. /m);
      await assert.rejects(
        account.paste([purgeOne], { PROFILE: 'CREDENTIAL', ITEM: 'emporix1' }),
        /is no PROFILE#ITEM/,
      );
      await assert.rejects(account.paste([purgeOne], { PROFILE: 'default', ITEM: '' }), /is no PROFILE#ITEM/);
    },
  );
}

/** Each process has both tokens in memory afterwards. It may read the table again nevertheless, at its own times. */
async function vendTwice(setup: Setup, fleet: ProcessFleet): Promise<readonly Answer[]> {
  const first = await ask(setup, fleet, [ONE, OTHER]);
  const answers = await ask(setup, fleet, [ONE, OTHER]);
  assert.deepEqual(tokensOf(answers), tokensOf(first));
  return answers;
}

/** By the clock of the processes. */
async function paste(account: Account, { nowMs }: Setup, block: string, index: number, variables = {}): Promise<void> {
  const FORWARDED_SECONDS = String(Math.round((nowMs() - Date.now()) / 1000));
  const [printed = ''] = await account.paste([block], { ...variables, FORWARDED_SECONDS });
  assert.match(printed, OUTCOMES[HEADING]?.[index] as RegExp);
}

/** As an audit line of the token names it. */
function itemOf(printed: string, answer: Answer | undefined): string {
  const line = printed.split('\n').find((text) => text.includes(`"${answer?.sha256?.slice(0, 8)}"`));
  return String(JSON.parse(line ?? '{}').item);
}

function tokensOf(answers: readonly Answer[]): ReadonlySet<string | undefined> {
  assert.deepEqual(
    answers.filter(({ status }) => status !== 200),
    [],
  );
  return new Set(answers.map(({ sha256 }) => sha256));
}
