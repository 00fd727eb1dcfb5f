// `npm run test:runbook`: the commands of docs/runbook.md are pasted into a shell with the real AWS CLI. The account is
// moto's; the table is that of processes of the deployed bundle, whose tokens are purged. Needs Python 3, and installs
// the rest.

import assert from 'node:assert/strict';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { awsCli } from '../../testbed/aws-cli.ts';
import { moto, startMoto } from '../../testbed/moto.ts';
import { Database } from '../../testbed/processes/database.ts';
import { runSuite, type Suite } from '../../testbed/suite.ts';
import { setUp } from '../adversity/setup.ts';
import { Account } from './account.ts';
import { OUTCOMES, STAND_INS } from './outcomes.ts';
import { TASKS, type Task } from './page.ts';
import { checkPurges } from './purge.ts';

await runSuite({}, async (suite) => {
  await suite.step('the AWS CLI is installed into .venv-aws-cli', () => awsCli.install());
  await suite.step('moto is installed into .venv-moto', () => moto.install());
  const server = await suite.step('moto starts', () => startMoto());
  const database = await Database.dynalite();
  await database.start();
  const setup = await setUp(database);
  const { path: directory } = temporaryFolder();
  const { dynamodb, secretsManager } = setup;
  const account = new Account(directory, {
    moto: server.url,
    dynamodb: dynamodb.url,
    secretsManager: secretsManager.url,
  });
  await suite.step('the account has what a deployed stack has', () => account.create(setup.tableName));
  await suite.check('each task of the runbook has its outcomes here', async () => {
    assert.deepEqual(
      TASKS.map(({ heading, blocks }) => [heading, blocks.length]),
      Object.entries(OUTCOMES).map(([heading, outcomes]) => [heading, outcomes.length]),
    );
  });
  await checkPurges(suite, account, setup);
  // Local mode's Secrets Manager deletes no secret. moto's rotation without a function loses AWSCURRENT.
  const inMoto = { AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url };
  for (const task of TASKS.filter(({ heading }) => heading !== 'Purge tokens')) {
    await checkTask(suite, account, task, task.heading === 'Delete the stack' ? inMoto : {});
  }
  await setup.close();
  await database.kill();
  await server.stop();
  console.log('\nThese programs only print how they were called:');
  for (const [name, because] of Object.entries(STAND_INS)) console.log(`  - ${name}: ${because}.`);
});

async function checkTask(suite: Suite, account: Account, { heading, blocks }: Task, endpoints: object): Promise<void> {
  const outcomes = OUTCOMES[heading] ?? [];
  for (const outcome of outcomes) if ('notRun' in outcome) suite.skip(`a block of "${heading}"`, outcome.notRun);
  await suite.check(`"${heading}" can be pasted`, async () => {
    const isRun = (_: unknown, index: number) => outcomes[index] instanceof RegExp;
    const variables = { TOKEN: 'canary-token', NEW_SECRET: 'token-vending/copy', ...endpoints };
    const printed = await account.paste(blocks.filter(isRun), variables);
    const expected = outcomes.filter((outcome) => outcome instanceof RegExp);
    assert.equal(printed.length, expected.length);
    for (const [index, outcome] of expected.entries()) assert.match(printed[index] ?? '', outcome);
  });
}
