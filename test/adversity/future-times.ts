// (6) Somebody with write access, or a clock that is wrong, has written times that lie an hour ahead: of back-offs, of a
// forced renewal, of the next test of a version, and of a purge. None of them fails a call or holds anything up.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import { ask, failed, rounds } from './ask.ts';
import { isTokenRead } from './requests.ts';
import { CREDENTIAL_READ_MS, LIFETIME_OVER_MS, SCOPES, type Setup } from './setup.ts';

const SIZE = 4;
/** There is a token of it, which ends. */
const KNOWN = SCOPES[0] ?? '';
/** Its only mint has failed, so there is an item without a token. */
const FAILED = SCOPES[1] ?? '';
const BOTH = [KNOWN, FAILED];
const HOUR_MS = 3_600_000;
const NEW_SECRET = 'client-secret-new';
/** By then, tokens of a replaced secret are vended no more. */
const REPLACED_WITHIN_MS = 65_000;

interface Story {
  readonly setup: Setup;
  readonly fleet: ProcessFleet;
}

export async function futureTimes(setup: Setup): Promise<readonly Figure[]> {
  const story = { setup, fleet: await setup.start(SIZE) };
  await ask(setup, story.fleet, [KNOWN]);
  setup.server.behaviour.respondWith = () => ({ status: 503 });
  const unserved = await ask(setup, story.fleet, [FAILED]);
  setup.server.behaviour.respondWith = undefined;
  return [
    { name: 'calls that leave an item without a token', measured: failed(unserved), bound: { exactly: SIZE } },
    ...(await backOffs(story)),
    ...(await forcedRenewal(story)),
    ...(await purge(story)),
    ...(await nextTest(story)),
  ];
}

/** First of the tokens, then of the credential. All tokens have ended, so that each call needs a mint. */
async function backOffs({ setup, fleet }: Story): Promise<readonly Figure[]> {
  const { table, forward } = setup;
  forward(LIFETIME_OVER_MS);
  await table.overwrite(await table.tokens(), await backOff(setup, 'unavailable'));
  const ofTokens = await ask(setup, fleet, BOTH);
  forward(LIFETIME_OVER_MS);
  await table.overwrite([await table.credential()], await backOff(setup, 'throttled'));
  const ofCredential = await ask(setup, fleet, BOTH);
  return [
    { name: 'back-off of a token: failures', measured: failed(ofTokens), bound: { exactly: 0 } },
    { name: 'back-off of the credential: failures', measured: failed(ofCredential), bound: { exactly: 0 } },
  ];
}

async function forcedRenewal({ setup, fleet }: Story): Promise<readonly Figure[]> {
  const { table } = setup;
  await table.overwrite(await table.tokens(), { forced_at: { N: inAnHour(setup, 1000) } });
  const [held] = await ask(setup, fleet, [KNOWN]);
  const reporting = { instances: fleet.instances.slice(0, 1) };
  const [report] = await ask(setup, reporting, [KNOWN], { rejectedTokenSha256: held?.sha256 ?? '' });
  const isReplaced = report?.status === 200 && report.sha256 !== held?.sha256;
  return [{ name: 'forced renewal: rejected tokens replaced', measured: Number(isReplaced), bound: { exactly: 1 } }];
}

/** Once the credential was read, memory answers as before. */
async function purge({ setup, fleet }: Story): Promise<readonly Figure[]> {
  const { table, dynamodb } = setup;
  await table.overwrite([await table.credential()], { reread_before_ms: { N: inAnHour(setup, 1) } });
  setup.forward(CREDENTIAL_READ_MS);
  const answers = [...(await ask(setup, fleet, BOTH))];
  const requestsBefore = dynamodb.requests.length;
  for (let round = 0; round < 10; round++) answers.push(...(await ask(setup, fleet, BOTH)));
  const reads = dynamodb.requests.slice(requestsBefore).filter(isTokenRead);
  return [
    { name: 'purge: failures', measured: failed(answers), bound: { exactly: 0 } },
    { name: 'purge: reads of tokens in 10 rounds', measured: reads.length, bound: { exactly: 0 } },
  ];
}

async function nextTest({ setup, fleet }: Story): Promise<readonly Figure[]> {
  const { server, table, operator, nowMs } = setup;
  server.accept(NEW_SECRET);
  const version = await operator.put({ clientId: server.clientId, clientSecret: NEW_SECRET });
  const putAtMs = nowMs();
  const test = { tested_version: { S: version }, next_test_at: { N: inAnHour(setup, 1000) } };
  await table.overwrite([await table.credential()], test);
  const answersBefore = setup.ledger.answers.length;
  await rounds(setup, 2 * REPLACED_WITHIN_MS, () => ask(setup, fleet, BOTH));
  const answers = setup.ledger.answers.slice(answersBefore);
  const replaced = answers.filter(({ sha256 = '' }) => server.find(sha256)?.clientSecret !== NEW_SECRET);
  const lastMs = Math.max(putAtMs, ...replaced.map(({ atMs }) => atMs));
  const bound = { max: REPLACED_WITHIN_MS / 1000 };
  return [
    { name: 'next test: failures', measured: failed(answers), bound: { exactly: 0 } },
    { name: 'next test: last vend of the old secret (s)', measured: (lastMs - putAtMs) / 1000, bound },
  ];
}

async function backOff(setup: Setup, error: string) {
  const { AWSCURRENT: version = '' } = await setup.operator.labels();
  return {
    backoff_until: { N: inAnHour(setup, 1000) },
    backoff_error: { S: error },
    backoff_version: { S: version },
    backoff_count: { N: '1' },
  };
}

function inAnHour({ nowMs }: Setup, unitMs: number): string {
  return String(Math.round((nowMs() + HOUR_MS) / unitMs));
}
