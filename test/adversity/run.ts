// `npm run test:adversity`: 4 to 8 processes of the deployed bundle, whose clocks are moved forward together, so that
// hours take seconds. Secrets, tables and servers fail in the ways that happen in use, and each promise is measured.
//
//   npm run test:adversity -- --scenarios 159    (some of 1 to 9)

import { Database } from '../../testbed/processes/database.ts';
import { runSuite } from '../../testbed/suite.ts';
import { runScenario, scenariosOf } from './scenarios.ts';

const options = { scenarios: { type: 'string', default: '123456789' } } as const;

await runSuite({ options }, async (suite, { scenarios }) => {
  const database = await Database.dynalite();
  console.log(`\nProcesses of the deployed bundle, ${database.name}:`.padEnd(57), '    bound  measured');
  await database.start();
  try {
    for (const scenario of scenariosOf(scenarios)) {
      await suite.measure(scenario.name, () => runScenario(database, scenario));
    }
  } finally {
    await database.kill();
  }
});
