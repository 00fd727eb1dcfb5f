// `npm run test:rotation-steps`: the rotation function's steps with moto's Secrets Manager, and the longest table of
// crashes with the stand-in. Needs Python 3, and installs the rest.

import { startSecretsManager } from '../../local/secrets-manager.ts';
import { moto, startMoto } from '../../testbed/moto.ts';
import { runSuite } from '../../testbed/suite.ts';
import {
  checkCrashes,
  checkFailures,
  checkLoneTests,
  checkPairsOfCrashes,
  checkReplacements,
  checkRotations,
} from './story.ts';

await runSuite({}, async (suite) => {
  await suite.step('moto is installed into .venv-moto', () => moto.install());
  const { url } = await suite.step('moto starts', () => startMoto());
  const parts = [checkRotations, checkFailures, checkReplacements, checkLoneTests, checkCrashes];
  for (const part of parts) await part(suite, url);
  console.log('  with the stand-in, which is faster:');
  await checkPairsOfCrashes(suite, (await startSecretsManager()).url);
  console.log(`
What moto lacks: RotateSecret without a function promotes at once. So each rotation begins with a version ID alone, and
AWSPENDING is not first on an empty version, as it is in AWS. A plain put-secret-value removes all other labels of the
version before, so the secret is replaced in another way here. test/lambda/rotate tests both.`);
});
