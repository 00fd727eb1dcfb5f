// `npm run test:deploy`: the CDK's CLI deploys the real app into MiniStack. Roles that may call it and roles that may not
// do so; then it is destroyed, deployed once more and destroyed again. Needs Python 3 and curl, and installs the rest.

import { join } from 'node:path';
import { startAuthorizationServer } from '../../local/serve-authorization-server.ts';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { ACCOUNT, miniStackPython, REGION, startMiniStack } from '../../testbed/ministack.ts';
import { runSuite } from '../../testbed/suite.ts';
import { accountOf } from './account.ts';
import { checkSecondDeployment, checkVending } from './story.ts';

const DIFFERENCES = `
What MiniStack lacks, and this suite does in its place. Otherwise the template is deployed as it is:
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
  - it has no X-Ray: that the functions may write traces is shown by the simulator alone`;

await runSuite({ limitMinutes: 5 }, async (suite) => {
  const { path: directory } = temporaryFolder();
  await suite.step('MiniStack is installed into .venv-ministack', () => miniStackPython.install());
  const miniStack = await suite.step('MiniStack starts, enforcing IAM', () => startMiniStack(directory));
  try {
    const account = accountOf(miniStack, join(directory, 'cdk.out'));
    await suite.step('cdk bootstrap', async () => {
      await account.cdk('bootstrap', `aws://${ACCOUNT}/${REGION}`);
      // MiniStack speaks plain HTTP, which the bucket's policy denies.
      await account.aws('s3api', 'delete-bucket-policy', '--bucket', `cdk-hnb659fds-assets-${ACCOUNT}-${REGION}`);
    });
    const stage = { account, directory, emporix: await startAuthorizationServer() };
    await checkVending(suite, stage);
    await checkSecondDeployment(suite, stage);
  } finally {
    await miniStack.stop();
    console.log(DIFFERENCES);
  }
});
