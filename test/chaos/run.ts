// `npm run test:chaos`: 16 processes of the deployed bundle with one DynamoDB and one token endpoint that misbehaves and
// counts; first with DynamoDB Local, if Java and Maven are found, and then with dynalite.
//
//   npm run test:chaos -- --database dynalite --scenarios ab    (or dynamodb-local; some of a to e)
//   npm run test:chaos -- --json FILE                           (also writes the figures)
//   npm run test:chaos -- --write-docs                          (also runs the comparison, and renews docs/guarantees.md)

import { writeFile } from 'node:fs/promises';
import { printScenario, type Scenario } from '../../testbed/figures.ts';
import { readAround, writeBetween } from '../../testbed/measured-docs.ts';
import { Database } from '../../testbed/processes/database.ts';
import { findDynamoDbLocal } from '../../testbed/processes/dynamodb-local.ts';
import { runSuite, type Suite, UsageError } from '../../testbed/suite.ts';
import { DOCS, MARKERS, type Run, reportOf, reportText } from './report.ts';
import { runScenario, scenariosOf } from './scenarios.ts';

const options = {
  database: { type: 'string' },
  scenarios: { type: 'string', default: 'abcde' },
  json: { type: 'string' },
  'write-docs': { type: 'boolean', default: false },
} as const;

await runSuite({ options }, async (suite, { database, scenarios, json, 'write-docs': writesDocs }) => {
  if (writesDocs) await readAround(DOCS, MARKERS);
  const runs: Run[] = [];
  for (const each of await databases(database)) runs.push(await runWith(suite, each, scenarios));
  const report = reportOf(runs, writesDocs ? await compare(scenarios) : []);
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (writesDocs) await writeBetween(DOCS, MARKERS, reportText(report));
});

async function databases(only: string | undefined): Promise<readonly Database[]> {
  if (!['dynamodb-local', 'dynalite', undefined].includes(only)) {
    throw new UsageError(`--database is ${only}; it must be dynamodb-local or dynalite`);
  }
  const found = only === 'dynalite' ? undefined : await findDynamoDbLocal();
  if (found && 'missing' in found) {
    if (only !== undefined) throw new UsageError(`there is no DynamoDB Local: ${found.missing}`);
    console.log(`Only with dynalite, without DynamoDB Local: ${found.missing}.`);
  }
  return [
    ...(found && 'folder' in found ? [await Database.dynamoDbLocal(found.folder)] : []),
    ...(only === 'dynamodb-local' ? [] : [await Database.dynalite()]),
  ];
}

async function runWith(suite: Suite, database: Database, letters: string): Promise<Run> {
  console.log(`\n16 processes, ${database.name}:`.padEnd(57), '    bound  measured');
  const scenarios: Scenario[] = [];
  await database.start();
  try {
    for (const scenario of scenariosOf(letters)) {
      scenarios.push(await suite.measure(scenario.name, () => runScenario(database, scenario)));
    }
  } finally {
    await database.kill();
  }
  return { database: database.name, scenarios };
}

async function compare(letters: string): Promise<readonly Scenario[]> {
  console.log('\nFor comparison, 16 processes that each cache for themselves (openid-client):');
  const scenarios: Scenario[] = [];
  for (const scenario of scenariosOf(letters)) {
    const measured = { name: scenario.name, figures: await runScenario(undefined, scenario) };
    scenarios.push(measured);
    printScenario(measured, { withBounds: false });
  }
  return scenarios;
}
