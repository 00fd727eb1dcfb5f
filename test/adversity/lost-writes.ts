// (7) Writes that the table throttles, doesn't answer or can't take. A publication that is throttled for a second costs no
// second mint. Neither a lease whose answer was lost, nor a token that is too large for an item, makes anybody wait for the
// end of a lease, which is 11 s.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import type { ServiceFault } from '../../testbed/processes/service-proxy.ts';
import { ask, failed, longestMs } from './ask.ts';
import { isAcquisition, isPublication } from './requests.ts';
import { SCOPES, type Setup } from './setup.ts';

const SIZE = 6;
const [THROTTLED = '', LOST = '', LARGE = ''] = SCOPES;
const THROTTLED_FOR_MS = 1_000;
/** A second of throttling, and a pause of a process that waits for another one's mint. */
const MAX_WAIT_MS = 4_000;
/** DynamoDB takes items of up to 400 KB. */
const LARGE_BYTES = 420 * 1024;

export async function lostWrites(setup: Setup): Promise<readonly Figure[]> {
  const fleet = await setup.start(SIZE);
  return [
    ...(await throttledPublication(setup, fleet)),
    ...(await lostAcquisition(setup, fleet)),
    ...(await largeToken(setup, fleet)),
  ];
}

async function throttledPublication(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const { dynamodb } = setup;
  let untilMs = 0;
  let throttled = 0;
  dynamodb.faultOf = (request) => {
    if (!isPublication(request)) return undefined;
    untilMs ||= request.atMs + THROTTLED_FOR_MS;
    if (request.atMs >= untilMs) return undefined;
    throttled += 1;
    return { refusesWith: 'ProvisionedThroughputExceededException' };
  };
  const answers = await ask(setup, fleet, [THROTTLED]);
  dynamodb.faultOf = () => undefined;
  return [
    { name: 'publication throttled: throttled requests', measured: throttled, bound: { min: 1 } },
    ...servedByOneMint('publication throttled', setup, THROTTLED, answers),
  ];
}

/** The SDK repeats a request without an answer. */
async function lostAcquisition(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const { dynamodb } = setup;
  const faults: ServiceFault[] = [{ losesAnswer: true }, { refusesWith: 'ProvisionedThroughputExceededException' }];
  dynamodb.faultOf = (request) => (isAcquisition(request) ? faults.shift() : undefined);
  const one = { instances: fleet.instances.slice(0, 1) };
  const answers = await ask(setup, one, [LOST]);
  dynamodb.faultOf = () => undefined;
  return [
    { name: 'lease without an answer: requests to fail', measured: faults.length, bound: { exactly: 0 } },
    ...servedByOneMint('lease without an answer', setup, LOST, answers),
  ];
}

/** Each process has to mint it for itself. */
async function largeToken(setup: Setup, { instances }: ProcessFleet): Promise<readonly Figure[]> {
  const { server } = setup;
  const body = JSON.stringify({ access_token: 'x'.repeat(LARGE_BYTES), token_type: 'Bearer', expires_in: 600 });
  server.behaviour.respondWith = () => ({ body, headers: { 'content-type': 'application/json' } });
  const answers: Answer[] = [];
  for (const instance of instances) answers.push(...(await ask(setup, { instances: [instance] }, [LARGE])));
  server.behaviour.respondWith = undefined;
  return [
    { name: 'large token: failures', measured: failed(answers), bound: { exactly: 0 } },
    { name: 'large token: longest wait (ms)', measured: longestMs(answers), bound: { max: MAX_WAIT_MS } },
  ];
}

function servedByOneMint(label: string, { server }: Setup, scope: string, answers: readonly Answer[]): Figure[] {
  const mints = server.requests.filter(({ params }) => params.scope === scope);
  return [
    { name: `${label}: mints`, measured: mints.length, bound: { exactly: 1 } },
    { name: `${label}: failures`, measured: failed(answers), bound: { exactly: 0 } },
    { name: `${label}: longest wait (ms)`, measured: longestMs(answers), bound: { max: MAX_WAIT_MS } },
  ];
}
