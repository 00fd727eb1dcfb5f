// `npm run test:chaos`: 16 processes of the deployed bundle against one DynamoDB and one misbehaving token endpoint that
// counts; once with DynamoDB Local where Java and Maven are found, and once with dynalite. Ends with one line that says how
// many of the bounds held: `Tests: N passed, N failed`.
//
//   npm run test:chaos -- --database dynalite --scenarios ab    (or dynamodb-local; some of a to e)
//   npm run test:chaos -- --json FILE                           (also writes the figures)
//   npm run test:chaos -- --write-docs                          (also runs the comparison, and renews docs/guarantees.md)

import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Database } from './database.ts';
import { findDynamoDbLocal } from './dynamodb-local.ts';
import { holds, type Scenario } from './figures.ts';
import { printScenario, type Report, type Run, writeDocs } from './report.ts';
import { runScenarios } from './scenarios.ts';

const LIMIT_MS = 9 * 60_000;

const { values: options } = parseArgs({
  options: {
    database: { type: 'string' },
    scenarios: { type: 'string', default: 'abcde' },
    json: { type: 'string' },
    'write-docs': { type: 'boolean', default: false },
  },
});

if (!['dynamodb-local', 'dynalite', undefined].includes(options.database)) {
  console.error(`--database is ${options.database}; it must be dynamodb-local or dynalite`);
  process.exit(1);
}

// The SDK's advice about the Node.js of this machine is nothing that the suite can use.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// The processes that were started are ended on exit, however it comes.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
setTimeout(() => {
  console.log(`Stopped: not done in ${LIMIT_MS / 60_000} min.`);
  process.exit(1);
}, LIMIT_MS).unref();

const runs: Run[] = [];
for (const database of await databases(options.database)) {
  console.log(`\n16 processes, ${database.name}:`.padEnd(57), '    bound  measured');
  const scenarios = await runScenarios(database, options.scenarios, (scenario) => printScenario(scenario));
  runs.push({ database: database.name, scenarios });
}
const ownCache = options['write-docs'] ? await compare() : [];
const report: Report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  machine: `${availableParallelism()} cores for all processes`,
  runs,
  ownCache,
};
if (options.json !== undefined) await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
if (options['write-docs']) await writeDocs(report);

const bounded = runs.flatMap(({ scenarios }) =>
  scenarios.flatMap(({ figures }) => figures.filter(({ bound }) => bound)),
);
const passed = bounded.filter(holds).length;
console.log(`\nTests: ${passed} passed, ${bounded.length - passed} failed`);
process.exitCode = passed > 0 && passed === bounded.length ? 0 : 1;

async function databases(only: string | undefined): Promise<readonly Database[]> {
  const found = only === 'dynalite' ? undefined : await findDynamoDbLocal();
  if (found && 'missing' in found) {
    if (only !== undefined) throw new Error(`no DynamoDB Local: ${found.missing}`);
    console.log(`Only with dynalite, without DynamoDB Local: ${found.missing}.`);
  }
  return [
    ...(found && 'jars' in found ? [await Database.dynamoDbLocal(found.jars)] : []),
    ...(only === 'dynamodb-local' ? [] : [await Database.dynalite()]),
  ];
}

async function compare(): Promise<readonly Scenario[]> {
  console.log('\nFor comparison, 16 processes that each cache for themselves (openid-client):');
  return await runScenarios(undefined, options.scenarios, (scenario) => printScenario(scenario, false));
}
