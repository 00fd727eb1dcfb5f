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
MiniStack differs from AWS in these ways. Otherwise the template is deployed as it is.
  - The policy of the assets bucket, which denies plain HTTP, was deleted.
  - It has no AWS::SecretsManager::RotationSchedule, no AWS::Logs::QueryDefinition, no composite alarms (the pagers) and no alarms on
    metric math. They were left out, and the dashboard has their logical IDs instead of their ARNs; see test/lib.
  - Its RotateSecret calls no function. The rotation function was called with the four events instead.
  - A label that is put on a new version stays on the one before. CANDIDATE was removed before another one was staged.
  - Ref of a secret is its name. In the policies of the functions' roles the ARN replaced it, and nothing else was changed.
  - A call of a function URL needs no lambda:InvokeFunction. A direct invocation needs it, and is refused for its
    condition as in AWS. test/lib/callers.test.ts tests that both are granted.
  - A function can't resolve the host of a function URL. The canary was told MiniStack's own address of the URL instead.
  - It evaluates dynamodb:LeadingKeys neither at run time nor in the simulator, which has no context. GetItem and
    UpdateItem are shown for the whole table; test/lib/roles.test.ts tests which items they reach.
  - The simulator evaluates IAM's policies only, and not the policy of a secret or function. At run time both count.
  - A line of a function's log may come late, with the next call. A call was repeated while audit lines were missing.
  - Its events don't name the caller. The audit lines are compared without it; see test/lambda/audit.test.ts.
  - It has no X-Ray. Only the simulator shows that the functions may write traces.`;

await runSuite({}, async (suite) => {
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
    const setup = { account, directory, emporix: await startAuthorizationServer() };
    await checkVending(suite, setup);
    await checkSecondDeployment(suite, setup);
  } finally {
    await miniStack.stop();
    console.log(DIFFERENCES);
  }
});
