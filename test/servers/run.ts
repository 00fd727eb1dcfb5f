// `npm run test:servers`: the deployed bundle vends tokens of Keycloak, and follows when its client secrets are replaced.
// Needs Java 17 and Maven, which fetches Keycloak into .cache/keycloak. Without them all of it is skipped.

import { runSuite } from '../../testbed/suite.ts';
import { findKeycloak, KEYCLOAK_VERSION, Keycloak } from './keycloak.ts';
import { checkRotation } from './rotation.ts';
import { checkVending } from './vending.ts';

await runSuite({}, async (suite) => {
  const found = await findKeycloak();
  if ('missing' in found) return suite.skip(`Keycloak ${KEYCLOAK_VERSION}`, found.missing);
  const keycloak = await suite.step(`Keycloak ${KEYCLOAK_VERSION} starts`, () => Keycloak.start(found.folder));
  try {
    await checkVending(suite, keycloak);
    await checkRotation(suite, keycloak);
  } finally {
    await keycloak.close();
  }
});
