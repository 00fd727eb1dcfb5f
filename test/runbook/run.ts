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
import { startLambda, startSecretsManager } from './function-logs.ts';
import { startLogGroups } from './log-group.ts';
import { ALARM_OUTCOMES, OUTCOMES, type Outcome, STAND_INS } from './outcomes.ts';
import { ALARM_CHECKS, ALARM_VARIABLES, type Section, TASKS } from './page.ts';
import { checkPurges } from './purge.ts';

await runSuite({}, async (suite) => {
  await suite.step('the AWS CLI is installed into .venv-aws-cli', () => awsCli.install());
  await suite.step('moto is installed into .venv-moto', () => moto.install());
  const server = await suite.step('moto starts', () => startMoto());
  const database = await Database.dynalite();
  await database.start();
  const setup = await setUp(database);
  const { path: directory } = temporaryFolder();
  const lambda = await startLambda(server.url);
  const secretsManager = await startSecretsManager(setup.secretsManager.url);
  const account = new Account(directory, {
    moto: server.url,
    lambda: lambda.url,
    dynamodb: setup.dynamodb.url,
    secretsManager: secretsManager.url,
  });
  await suite.step('the account has what a deployed stack has', () => account.create(setup.tableName));
  await suite.check('each alarm and each task of the runbook has its outcomes here', async () => {
    const counts = (sections: readonly Section[]) => sections.map(({ heading, blocks }) => [heading, blocks.length]);
    const expected = (outcomes: object) => Object.entries(outcomes).map(([heading, each]) => [heading, each.length]);
    assert.deepEqual(counts(TASKS), expected(OUTCOMES));
    assert.deepEqual(counts(ALARM_CHECKS), expected(ALARM_OUTCOMES));
  });
  await checkPurges(suite, account, setup);
  await checkAlarms(suite, account);
  // Local mode's Secrets Manager deletes no secret. moto's rotation without a function loses AWSCURRENT.
  const inMoto = { AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url };
  for (const task of TASKS.filter(({ heading }) => heading !== 'Purge tokens')) {
    const variables = { TOKEN: 'canary-token', NEW_SECRET: 'token-vending/copy' };
    const endpoints = task.heading === 'Delete the stack' ? inMoto : {};
    const paste = (blocks: readonly string[]) => account.paste(blocks, { ...variables, ...endpoints });
    await checkSection(suite, task, OUTCOMES[task.heading] ?? [], paste);
  }
  await Promise.all([lambda.close(), secretsManager.close()]);
  await setup.close();
  await database.kill();
  await server.stop();
  console.log('\nThese programs only print how they were called:');
  for (const [name, because] of Object.entries(STAND_INS)) console.log(`  - ${name}: ${because}.`);
});

async function checkAlarms(suite: Suite, account: Account): Promise<void> {
  const KEY = await suite.step('some alarms are on', () => account.putInTrouble());
  const logGroups = await suite.step('the functions have printed lines under faults', () => startLogGroups());
  const variables = { KEY, AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: logGroups.url };
  for (const alarm of ALARM_CHECKS) {
    const paste = (blocks: readonly string[]) => account.paste(blocks, variables, ALARM_VARIABLES);
    await checkSection(suite, alarm, ALARM_OUTCOMES[alarm.heading] ?? [], paste);
  }
  await logGroups.close();
}

async function checkSection(
  suite: Suite,
  { heading, blocks }: Section,
  outcomes: readonly Outcome[],
  paste: (blocks: readonly string[]) => Promise<readonly string[]>,
): Promise<void> {
  for (const outcome of outcomes) if ('notRun' in outcome) suite.skip(`a block of "${heading}"`, outcome.notRun);
  await suite.check(`"${heading}" can be pasted`, async () => {
    const printed = await paste(blocks.filter((_, index) => outcomes[index] instanceof RegExp));
    const expected = outcomes.filter((outcome) => outcome instanceof RegExp);
    assert.equal(printed.length, expected.length);
    for (const [index, outcome] of expected.entries()) assert.match(printed[index] ?? '', outcome);
  });
}
