// `npm run test:template`: judges that nobody here wrote examine the app's templates of several configurations. What they
// find is corrected, or acknowledged with a reason in acknowledged.ts. Needs Python 3, and installs the rest. AWS's matcher
// of event patterns is skipped where Java 17 and Maven are not found.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { temporaryFolder } from '../../local/temporary-folder.ts';
import { runSuite } from '../../testbed/suite.ts';
import { ACKNOWLEDGED, Acknowledgements } from './acknowledged.ts';
import { CONFIGURATIONS, type Configuration, synthesize } from './configurations.ts';
import { checkSecretReads } from './event-ruler/secret-reads.ts';
import { JUDGES } from './judges.ts';

await runSuite({}, async (suite) => {
  const folder = temporaryFolder();
  const acknowledgements = new Acknowledgements();
  for (const { install, name } of JUDGES) if (install) await suite.step(`${name} is installed`, install);
  for (const configuration of Object.keys(CONFIGURATIONS) as Configuration[]) {
    const synthesized = synthesize(configuration, join(folder.path, configuration));
    if (configuration === 'secret reads') await checkSecretReads(suite, synthesized.templateFile);
    for (const { judge, name } of JUDGES) {
      await suite.check(`${configuration}: ${name}`, async () => {
        const findings = await judge(synthesized);
        assert.deepEqual(
          findings.filter((finding) => !acknowledgements.has(finding, configuration)),
          [],
        );
      });
    }
  }
  await suite.check(`each of ${ACKNOWLEDGED.length} acknowledgements is of something that is found`, async () => {
    assert.deepEqual(acknowledgements.stale(), []);
  });
});
