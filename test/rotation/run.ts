// `npm run test:rotation`: a secret rotated five times under 200 requests a second to 8 processes of the deployed bundle,
// and an authorization server that kills the tokens of a replaced secret after 65 s. Takes six and a half minutes, because
// the minute in which a replacement is seen, and the 65 s, are real ones. Ends with `Tests: N passed, N failed`.
//
//   npm run test:rotation -- --speed 6    (a good minute: the clock of all processes runs six times faster, see clock.mjs)

import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Figure, holds, type Scenario } from '../chaos/figures.ts';
import { printScenario } from '../chaos/report.ts';
import { type AuthorizationServer, LONG_SCOPES, QUIET_SCOPE, SHORT_SCOPES } from './authorization-server.ts';
import { RunClock } from './clock.mjs';
import { type Dump, dumpTable, isIn } from './dump.ts';
import { Load } from './load.ts';
import { type Stage, setStage } from './stage.ts';
import { ALL_SECRETS, Story } from './story.ts';
import { printTable } from './table.ts';
import { dead, type Evidence, failures, HEADS, PROCESSES, rows } from './verdict.ts';

const LIMIT_MS = 9 * 60_000;
/** Leaves a minute of load. */
const MOST_SPEED = 6;
/** For the last lines of what the processes print. */
const LAST_LINES_MS = 200;
const SCOPES = [...LONG_SCOPES, ...SHORT_SCOPES];

const { values: options } = parseArgs({ options: { speed: { type: 'string', default: '1' } } });
const speed = Number(options.speed);
if (!(speed >= 1 && speed <= MOST_SPEED)) {
  console.error(`--speed is ${options.speed}; it must be a number from 1 to ${MOST_SPEED}`);
  process.exit(1);
}

// The SDK's advice about the Node.js of this machine is nothing that the suite can use.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

// The processes that were started are ended on exit, however it comes.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
setTimeout(() => {
  console.log(`Stopped: not done in ${LIMIT_MS / 60_000} min.\n\nTests: 0 passed, 1 failed`);
  process.exit(1);
}, LIMIT_MS).unref();

const scenarios = await run();
for (const scenario of scenarios) printScenario(scenario);
const bounded = scenarios.flatMap(({ figures }) => figures.filter(({ bound }) => bound));
const passed = bounded.filter(holds).length;
console.log(`\nTests: ${passed} passed, ${bounded.length - passed} failed`);
process.exit(passed > 0 && passed === bounded.length ? 0 : 1);

async function run(): Promise<readonly Scenario[]> {
  const clock = new RunClock(Date.now(), speed);
  const time = speed === 1 ? 'in real time' : `by a clock that runs ${speed} times faster`;
  let stage: Stage | undefined;
  try {
    stage = await setStage(clock);
    console.log(`${PROCESSES} processes of the deployed bundle, ${stage.database.name}, ${time}:\n`);
    return await play(stage, clock);
  } catch (error) {
    const what = `stopped: ${error instanceof Error ? error.message : error}`;
    return [{ name: 'the run', figures: [{ what, measured: 1, bound: { exactly: 0 } }] }];
  } finally {
    await stage?.close();
  }
}

async function play(stage: Stage, clock: RunClock): Promise<readonly Scenario[]> {
  const { server, printed, fleet, operator } = stage;
  const story = new Story(server, operator, clock);
  const load = new Load();
  const dumps: Promise<Dump>[] = [];
  const dump = () => {
    const dumping = dumpTable(stage.database.url, stage.tableName);
    dumping.catch(() => {}); // told at the end
    dumps.push(dumping);
  };
  const loaded = load.run(fleet, SCOPES);
  try {
    const startMs = clock.nowMs();
    const played = story.play(({ name, atMs }) => {
      console.log(`  ${Math.round((atMs - startMs) / 1000)} s: ${name}`);
      dump();
    });
    await Promise.race([played, loaded]); // a load that ends first has failed
  } finally {
    load.stop();
    await loaded.catch(() => {});
  }
  dump();
  await sleep(LAST_LINES_MS);
  return judged({ server, printed, answers: load.answers, story, speed }, load, await Promise.all(dumps));
}

function judged(evidence: Evidence, load: Load, dumps: readonly Dump[]): readonly Scenario[] {
  const table = rows(evidence);
  console.log();
  printTable(
    HEADS,
    table.map(({ cells }) => cells),
  );
  const rotations = table.map(({ cells, figures }, index) => ({ name: `(${index + 1}) ${cells[0]}`, figures }));
  return [
    ...rotations,
    { name: 'candidates that must not become current', figures: candidates(evidence) },
    { name: 'the whole run', figures: whole(evidence, load) },
    { name: 'dumps of the table, at each rotation and at the end', figures: searched(evidence.server, dumps) },
  ];
}

function candidates({ story, server }: Evidence): readonly Figure[] {
  return story.badCandidates.flatMap(({ name, secret, message, isAllAsItWas }) => {
    console.log(`\n  Candidate (${name}): ${message ?? 'became current'}`);
    const used = server.requests.filter((asked) => asked.secret === secret && asked.scope !== undefined);
    return [
      { what: `${name}: rotations that failed`, measured: message === undefined ? 0 : 1, bound: { exactly: 1 } },
      { what: `${name}: labels changed`, measured: isAllAsItWas ? 0 : 1, bound: { exactly: 0 } },
      { what: `${name}: mints of the fleet with it`, measured: used.length, bound: { exactly: 0 } },
    ];
  });
}

function whole(evidence: Evidence, load: Load): readonly Figure[] {
  const { answers, story, printed } = evidence;
  return [
    { what: 'rotations', measured: story.rotations.length, bound: { exactly: 5 } },
    { what: 'load (s)', measured: load.durationSeconds, bound: { least: 60 } },
    { what: 'requests', measured: answers.length },
    { what: 'requests per second', measured: load.requestsPerSecond, bound: { least: 150 } },
    { what: 'failed requests', measured: failures(answers).length, bound: { exactly: 0 } },
    { what: 'dead tokens vended', measured: dead(evidence, answers).length, bound: { exactly: 0 } },
    { what: 'lines printed that are no JSON', measured: printed.strange.length, bound: { exactly: 0 } },
  ];
}

function searched({ tokens, clientId }: AuthorizationServer, dumps: readonly Dump[]): readonly Figure[] {
  const sealed = dumps.reduce((sum, { sealedItems }) => sum + sealedItems, 0);
  const found = (needles: readonly string[]) => needles.filter((needle) => isIn(dumps, needle)).length;
  const none = { exactly: 0 };
  return [
    { what: 'items with a sealed token', measured: sealed, bound: { exactly: SCOPES.length * dumps.length } },
    { what: 'keys found (the search finds)', measured: found(['default#']), bound: { exactly: 1 } },
    { what: 'tokens searched for', measured: tokens.length },
    { what: 'tokens found', measured: found(tokens), bound: none },
    { what: 'secrets found', measured: found(ALL_SECRETS), bound: none },
    { what: 'client IDs found', measured: found([clientId]), bound: none },
    { what: 'scopes found', measured: found([...SCOPES, QUIET_SCOPE]), bound: none },
  ];
}
