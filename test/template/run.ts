// `npm run test:template`: the app's templates, of several configurations, before judges that nobody here wrote. What
// they find is mended, or acknowledged with a reason in acknowledged.ts. Needs Python 3; installs the rest. Prints each
// check and `N passed, M failed`; 10 minutes at most.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checks, StepFailed } from '../deploy/checks.ts';
import { interruptedOrAfter } from '../deploy/command.ts';
import { ACKNOWLEDGED, Acknowledgements } from './acknowledged.ts';
import { CONFIGURATIONS, type Configuration, synthesize } from './configurations.ts';
import { cfnLint, checkov, nagPacks } from './judges.ts';
import { installPythonTool } from './python-tool.ts';

const CFN_LINT = '1.58.0';
const CHECKOV = '3.3.30';
const LIMIT_MS = 10 * 60_000;

const checks = new Checks();
const acknowledgements = new Acknowledgements();
const signal = interruptedOrAfter(LIMIT_MS);
const directory = await mkdtemp(join(tmpdir(), 'token-vending-template-'));
try {
  const judges = [
    ...nagPacks,
    cfnLint(await checks.step('cfn-lint is installed', () => installPythonTool('cfn-lint', CFN_LINT, signal))),
    checkov(await checks.step('checkov is installed', () => installPythonTool('checkov', CHECKOV, signal))),
  ];
  for (const configuration of Object.keys(CONFIGURATIONS) as Configuration[]) {
    const synthesized = synthesize(configuration, join(directory, configuration));
    for (const { judge, name } of judges) {
      await checks.check(`${configuration}: ${name}`, async () => {
        const findings = await judge(synthesized, signal);
        assert.deepEqual(
          findings.filter((finding) => !acknowledgements.has(finding, configuration)),
          [],
        );
      });
    }
  }
  await checks.check(`each of ${ACKNOWLEDGED.length} acknowledgements is of something that is found`, async () => {
    assert.deepEqual(acknowledgements.stale(), []);
  });
} catch (error) {
  if (error instanceof StepFailed) console.log(`Stopped: without "${error.message}" nothing else can be tried.`);
  else await checks.check('nothing fails between the checks', () => Promise.reject(error));
} finally {
  await rm(directory, { recursive: true, force: true });
  console.log(`\nTests: ${checks.summary()}`);
}
process.exitCode = checks.allPassed ? 0 : 1;
