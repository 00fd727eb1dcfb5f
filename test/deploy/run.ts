// `npm run test:deploy`: the real app, deployed by the CDK's CLI into MiniStack, called as roles that may and may not,
// destroyed, and deployed and destroyed once more. Prints each check and `N passed, M failed`; 5 minutes at most.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emporix, startEmporix } from '../../local/emporix.ts';
import { accountOf } from './account.ts';
import { Checks, StepFailed } from './checks.ts';
import { interruptedOrAfter } from './command.ts';
import { ACCOUNT, installMiniStack, type MiniStack, REGION, startMiniStack } from './ministack.ts';
import { checkSecondDeployment, checkVending } from './story.ts';

const LIMIT_MS = 5 * 60_000;

const checks = new Checks();
const signal = interruptedOrAfter(LIMIT_MS);

const directory = await mkdtemp(join(tmpdir(), 'token-vending-deploy-'));
let emporix: Emporix | undefined;
let miniStack: MiniStack | undefined;
try {
  await checks.step('MiniStack is installed into .venv-ministack', () => installMiniStack(signal));
  emporix = await startEmporix();
  miniStack = await checks.step('MiniStack starts, enforcing IAM', () => startMiniStack(directory));
  const account = accountOf(miniStack, join(directory, 'cdk.out'), signal);
  await checks.step('cdk bootstrap', async () => {
    await account.cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
    // MiniStack speaks plain HTTP, which the bucket's policy denies.
    await account.aws('s3api', 'delete-bucket-policy', '--bucket', `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`);
  });
  await checkVending(checks, { account, directory, emporix });
  await checkSecondDeployment(checks, { account, directory, emporix });
} catch (error) {
  if (error instanceof StepFailed) console.log(`Stopped: without "${error.message}" nothing else can be tried.`);
  else await checks.check('nothing fails between the checks', () => Promise.reject(error));
} finally {
  await miniStack?.stop();
  await emporix?.close();
  await rm(directory, { recursive: true, force: true });
  console.log(`
What MiniStack lacks, and this test does in its place; otherwise the template is deployed as it is:
  - the policy of the assets bucket, which denies plain HTTP, was deleted
  - it knows no AWS::SecretsManager::RotationSchedule, no AWS::Logs::QueryDefinition and no alarms on metric math: they
    are left out; see test/lib
  - its RotateSecret calls no function: the rotation function is called with the four events instead
  - a label put on a new version stays on the one before: CANDIDATE is removed before another one is staged
  - Ref of a secret is its name there: in the policies of the functions' roles the ARN was put in its place, and nothing
    else was changed
  - a call of a function URL is not asked for lambda:InvokeFunction there; without it a direct invocation is, and is
    refused, as on AWS, for its condition. That both are granted: see test/lib/callers.test.ts
  - it looks at dynamodb:LeadingKeys neither at run time nor in the simulator, which knows no context: GetItem and
    UpdateItem are shown for the whole table; which items they reach: see test/lib/roles.test.ts
  - the simulator asks IAM's policies alone, not the policy of a secret or function: at run time both are asked
  - a line of a function's log may be late, until the next call: a call is repeated while audit lines are wanting
  - its events don't say who calls: the audit lines are compared without; see test/lambda/audit.test.ts
  - it has no X-Ray: that the functions may write traces is shown by the simulator alone

Tests: ${checks.summary()}`);
}
process.exitCode = checks.allPassed ? 0 : 1;
