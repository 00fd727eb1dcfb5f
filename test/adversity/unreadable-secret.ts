// (9) A secret that holds no credential, and one that Secrets Manager denies. However many callers ask, a process reads each
// version once in 5 s. Where a version was accepted before, it opens tokens and mints, as long as it can be read.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import { ask, failed, mostWithin } from './ask.ts';
import { versionOf } from './requests.ts';
import { CREDENTIAL_READ_MS, SCOPES, type Setup } from './setup.ts';

const SIZE = 4;
const [KNOWN = '', NEW = ''] = SCOPES;
/** Together they make 200 calls at a process. */
const ROUNDS = 10;
const CALLS_AT_ONCE = 20;
const READ_AGAIN_MS = 5_000;
/** Between two rounds. */
const STEP_MS = 900;

export async function unreadableSecret(setup: Setup): Promise<readonly Figure[]> {
  const { server, operator, secretsManager } = setup;
  await operator.putValue('{}');
  const fleet = await setup.start(SIZE);
  const neverAny = await figures(setup, 'no credential ever', fleet, KNOWN, 'refused');
  await operator.put(server);
  setup.forward(READ_AGAIN_MS);
  const corrected = await ask(setup, fleet, [KNOWN]);
  await operator.putValue('{}');
  setup.forward(CREDENTIAL_READ_MS);
  const noCredential = [
    ...neverAny,
    { name: 'corrected: failures', measured: failed(corrected), bound: { exactly: 0 } },
    ...(await figures(setup, 'no credential', fleet, KNOWN, 'served')),
    ...(await figures(setup, 'no credential, new process', await setup.start(SIZE), KNOWN, 'served')),
    ...(await figures(setup, 'no credential, new scope set', await setup.start(SIZE), NEW, 'served')),
  ];
  secretsManager.faultOf = () => ({ refusesWith: 'AccessDeniedException' });
  setup.forward(CREDENTIAL_READ_MS);
  return [
    ...noCredential,
    ...(await figures(setup, 'denied', fleet, KNOWN, 'served')),
    ...(await figures(setup, 'denied, new process', await setup.start(SIZE), KNOWN, 'refused')),
  ];
}

/** One process after the other is called, so that the reads can be told apart. */
async function figures(
  setup: Setup,
  label: string,
  { instances }: ProcessFleet,
  scope: string,
  expected: 'served' | 'refused',
): Promise<readonly Figure[]> {
  const { secretsManager } = setup;
  const answers: Answer[] = [];
  const mostReads: number[] = [];
  for (const instance of instances) {
    const requestsBefore = secretsManager.requests.length;
    for (let round = 0; round < ROUNDS; round++) {
      const calls = Array.from({ length: CALLS_AT_ONCE }, () => ask(setup, { instances: [instance] }, [scope]));
      answers.push(...(await Promise.all(calls)).flat());
      setup.forward(STEP_MS);
    }
    mostReads.push(mostInFiveSeconds(secretsManager.requests.slice(requestsBefore)));
  }
  const failures = expected === 'served' ? 0 : answers.length;
  return [
    { name: `${label}: failures`, measured: failed(answers), bound: { exactly: failures } },
    { name: `${label}: reads in 5 s`, measured: Math.max(...mostReads), bound: { exactly: 1 } },
  ];
}

/** Of any one version, AWSCURRENT among them. */
function mostInFiveSeconds(reads: Setup['secretsManager']['requests']): number {
  const versions = [...new Set(reads.map(versionOf))];
  const timesOf = (version: string) => reads.filter((read) => versionOf(read) === version).map(({ atMs }) => atMs);
  return Math.max(0, ...versions.map((version) => mostWithin(READ_AGAIN_MS, timesOf(version))));
}
