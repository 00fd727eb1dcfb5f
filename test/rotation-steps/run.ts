// `npm run test:rotation-steps`: the rotation function's steps against moto's Secrets Manager, and the longest table of
// crashes against the stand-in. Prints each check and `N passed, M failed`; 5 minutes at most.

import { startSecretsManager } from '../../local/secrets-manager.ts';
import { Checks, StepFailed } from '../deploy/checks.ts';
import { interruptedOrAfter } from '../deploy/command.ts';
import { installMoto, type Moto, startMoto } from './moto.ts';
import { checkCrashes, checkFailures, checkLoneTests, checkPairsOfCrashes, checkRotations } from './story.ts';

const LIMIT_MS = 5 * 60_000;
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const checks = new Checks();
const signal = interruptedOrAfter(LIMIT_MS);

const standIn = await startSecretsManager();
let moto: Moto | undefined;
try {
  await checks.step('moto is installed into .venv-moto', () => installMoto(signal));
  moto = await checks.step('moto starts', () => startMoto(signal));
  for (const part of [checkRotations, checkFailures, checkLoneTests, checkCrashes]) {
    signal.throwIfAborted();
    await part(checks, moto.endpoint);
  }
  console.log('  against the stand-in, which is faster:');
  await checkPairsOfCrashes(checks, standIn.url, signal);
} catch (error) {
  if (error instanceof StepFailed) console.log(`Stopped: without "${error.message}" nothing else can be tried.`);
  else await checks.check('nothing fails between the checks', () => Promise.reject(error));
} finally {
  await moto?.stop();
  await standIn.close();
  console.log(`
What moto lacks: RotateSecret without a function promotes at once, so each rotation is begun with a version ID alone, and
AWSPENDING is not on an empty version first, as in AWS: see test/lambda/rotate.

Tests: ${checks.summary()}`);
}
process.exitCode = checks.allPassed ? 0 : 1;
