// `npm run test:rotation-steps`: the rotation function's steps with moto's Secrets Manager, and the longest table of
// crashes with the stand-in. Needs Python 3, and installs the rest.

import { startSecretsManager } from '../../local/secrets-manager.ts';
import { moto, startMoto } from '../../testbed/moto.ts';
import { runSuite } from '../../testbed/suite.ts';
import { checkCrashes, checkFailures, checkLoneTests, checkPairsOfCrashes, checkRotations } from './story.ts';

await runSuite({}, async (suite) => {
  await suite.step('moto is installed into .venv-moto', () => moto.install());
  const { url } = await suite.step('moto starts', () => startMoto());
  for (const part of [checkRotations, checkFailures, checkLoneTests, checkCrashes]) await part(suite, url);
  console.log('  with the stand-in, which is faster:');
  await checkPairsOfCrashes(suite, (await startSecretsManager()).url);
  console.log(`
What moto lacks: RotateSecret without a function promotes at once. So each rotation begins with a version ID alone, and
AWSPENDING is not first on an empty version, as it is in AWS. test/lambda/rotate tests that.`);
});
