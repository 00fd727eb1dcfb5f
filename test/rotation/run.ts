// `npm run test:rotation`: a secret rotated five times under 200 requests a second to 8 processes of the deployed bundle,
// and an authorization server that ends the tokens of a replaced secret after 65 s. It takes six and a half minutes,
// because the minute in which a replacement is seen and the 65 s are real.
//
//   npm run test:rotation -- --speed 6    (a good minute: the clock of all processes runs six times faster, see
//                                          testbed/processes/run-clock.mjs)

import { setTimeout as sleep } from 'node:timers/promises';
import { type Figure, printTable, type Scenario } from '../../testbed/figures.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';
import { RunClock } from '../../testbed/processes/run-clock.mjs';
import { runSuite, UsageError } from '../../testbed/suite.ts';
import { type Dump, dumpTable, isIn } from '../../testbed/table-dump.ts';
import { CLIENT_ID, QUIET_SCOPE, SCOPES, SECRETS } from './client.ts';
import { PROCESSES, type Setup, setUp } from './setup.ts';
import { Story } from './story.ts';
import { type Evidence, fleetRequests, HEADS, rows } from './verdict.ts';

/** It leaves a minute of load. */
const MAX_SPEED = 6;
const REQUESTS_PER_SECOND = 200;
/** For the last lines that the processes print. */
const LAST_LINES_MS = 200;
const options = { speed: { type: 'string', default: '1' } } as const;

await runSuite({ options }, async (suite, { speed: given }) => {
  const speed = Number(given);
  if (!(speed >= 1 && speed <= MAX_SPEED)) {
    throw new UsageError(`--speed is ${given}; it must be a number from 1 to ${MAX_SPEED}`);
  }
  const clock = new RunClock(Date.now(), speed);
  const time = speed === 1 ? 'in real time' : `by a clock that runs ${speed} times faster`;
  const setup = await setUp(clock);
  try {
    console.log(`${PROCESSES} processes of the deployed bundle, ${setup.database.name}, ${time}:\n`);
    for (const scenario of await play(setup, clock)) suite.judge(scenario);
  } finally {
    await setup.close();
  }
});

/** What the load came to. */
interface Load {
  readonly seconds: number;
  readonly requests: number;
}

async function play(setup: Setup, clock: RunClock): Promise<readonly Scenario[]> {
  const { server, printed, fleet, operator } = setup;
  const ledger = new AnswerLedger(server);
  const story = new Story(server, operator, clock);
  const dumps: Promise<Dump>[] = [];
  const dump = () => {
    const dumping = dumpTable(setup.database.url, setup.tableName);
    dumping.catch(() => {}); // reported at the end
    dumps.push(dumping);
  };
  let over = false;
  const startedMs = performance.now();
  const loaded = fleet.underLoad({
    scopeOf: (call, instance) => SCOPES[(instance + call) % SCOPES.length] ?? '',
    pace: { requestsPerSecond: REQUESTS_PER_SECOND },
    isOver: () => over,
    onAnswer: (answer) => ledger.add(answer),
  });
  try {
    const startMs = clock.nowMs();
    const played = story.play(({ name, atMs }) => {
      console.log(`  ${Math.round((atMs - startMs) / 1000)} s: ${name}`);
      dump();
    });
    await Promise.race([played, loaded.then(() => Promise.reject(new Error('the load ended before the story')))]);
  } finally {
    over = true;
    await loaded.catch(() => {});
  }
  const load = { seconds: (performance.now() - startedMs) / 1000, requests: ledger.answers.length };
  dump();
  await sleep(LAST_LINES_MS);
  return judged({ server, printed, ledger, story, speed: clock.speed }, load, await Promise.all(dumps));
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
    { name: 'dumps of the table, at each rotation and at the end', figures: searched(evidence, dumps) },
  ];
}

function candidates({ story, server }: Evidence): readonly Figure[] {
  return story.badCandidates.flatMap(({ name, secret, message, hasLabelsUnchanged }) => {
    console.log(`\n  Candidate (${name}): ${message ?? 'became current'}`);
    const used = fleetRequests(server).filter(({ clientSecret }) => clientSecret === secret);
    return [
      { name: `${name}: rotations that failed`, measured: message === undefined ? 0 : 1, bound: { exactly: 1 } },
      { name: `${name}: labels changed`, measured: hasLabelsUnchanged ? 0 : 1, bound: { exactly: 0 } },
      { name: `${name}: mints of the fleet with it`, measured: used.length, bound: { exactly: 0 } },
    ];
  });
}

function whole({ ledger, story, printed }: Evidence, { seconds, requests }: Load): readonly Figure[] {
  return [
    { name: 'rotations', measured: story.rotations.length, bound: { exactly: 5 } },
    { name: 'load (s)', measured: seconds, bound: { min: 60 } },
    { name: 'requests', measured: requests },
    { name: 'requests per second', measured: requests / seconds, bound: { min: 150 } },
    { name: 'failed requests', measured: ledger.failures.length, bound: { exactly: 0 } },
    { name: 'dead tokens vended', measured: ledger.dead.length, bound: { exactly: 0 } },
    { name: 'lines printed that are no JSON', measured: printed.notJson.length, bound: { exactly: 0 } },
  ];
}

function searched({ server: { tokens } }: Evidence, dumps: readonly Dump[]): readonly Figure[] {
  const sealed = dumps.reduce((sum, { sealedItems }) => sum + sealedItems, 0);
  const found = (texts: readonly string[]) => texts.filter((text) => isIn(dumps, text)).length;
  const none = { exactly: 0 };
  return [
    { name: 'items with a sealed token', measured: sealed, bound: { exactly: SCOPES.length * dumps.length } },
    { name: 'keys found (the search finds)', measured: found(['default#']), bound: { exactly: 1 } },
    { name: 'tokens searched for', measured: tokens.length },
    { name: 'tokens found', measured: found(tokens.map(({ accessToken }) => accessToken)), bound: none },
    { name: 'secrets found', measured: found(Object.values(SECRETS)), bound: none },
    { name: 'client IDs found', measured: found([CLIENT_ID]), bound: none },
    { name: 'scopes found', measured: found([...SCOPES, QUIET_SCOPE]), bound: none },
  ];
}
