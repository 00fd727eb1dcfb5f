// (8) Callers that ask for scope sets which no token is known of. An outage limits nobody: after it all sets are served. A
// caller that makes scope sets up is limited, and no other caller is.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import { ask, failed } from './ask.ts';
import { SCOPES, type Setup } from './setup.ts';

const SIZE = 4;
const KNOWN = SCOPES[0] ?? '';
const DURING_OUTAGE = SCOPES.slice(1, 41);
const OF_OTHERS = SCOPES.slice(41, 66);
/** So many failures in a minute limit a caller at a process. */
const MAX_FAILED = 20;
const ONE_MORE = 'adversity.made_up_more';
/** The longest back-off, and a second for its rounding. */
const SERVED_AFTER_MS = 26_000;
const INVENTOR = 'arn:aws:sts::111122223333:assumed-role/inventor';
const SESSIONS = ['one', 'two'].map((session) => `${INVENTOR}/${session}`);
const OTHER = 'arn:aws:sts::111122223333:assumed-role/orders/one';
const TOO_MANY = 429;

export async function newScopeSets(setup: Setup): Promise<readonly Figure[]> {
  const fleet = await setup.start(SIZE);
  await ask(setup, fleet, [KNOWN]);
  return [...(await outage(setup, fleet)), ...(await madeUp(setup, fleet))];
}

async function outage(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const { server } = setup;
  server.behaviour.respondWith = () => ({ status: 503 });
  const during = await atOnce(setup, fleet, DURING_OUTAGE);
  server.behaviour.respondWith = undefined;
  setup.forward(SERVED_AFTER_MS);
  const after = await ask(setup, fleet, DURING_OUTAGE);
  return [
    { name: 'outage: failures', measured: failed(during), bound: { exactly: SIZE * DURING_OUTAGE.length } },
    { name: 'outage: failures after its end', measured: failed(after), bound: { exactly: 0 } },
  ];
}

async function madeUp(setup: Setup, fleet: ProcessFleet): Promise<readonly Figure[]> {
  const [callerArn = '', again = ''] = SESSIONS;
  const invented = await Promise.all(
    fleet.instances.map((instance, process) => {
      // Each process is the first to ask for its sets. If another one has asked before, it knows of the failure.
      const scopes = Array.from({ length: MAX_FAILED }, (_, index) => `adversity.made_up_${process}_${index}`);
      return ask(setup, { instances: [instance] }, scopes, { callerArn });
    }),
  );
  const further = await ask(setup, fleet, [ONE_MORE], { callerArn: again });
  const known = await ask(setup, fleet, [KNOWN], { callerArn: again });
  // At the same time as the caller that is limited, and for the same scope sets.
  const [limited, others] = await Promise.all([
    ask(setup, fleet, OF_OTHERS, { callerArn }),
    ask(setup, fleet, OF_OTHERS, { callerArn: OTHER }),
  ]);
  const refused = further.filter(({ status }) => status === TOO_MANY);
  return [
    { name: 'made up: sets refused', measured: failed(invented.flat()), bound: { exactly: SIZE * MAX_FAILED } },
    { name: 'made up: processes that limit the caller', measured: refused.length, bound: { exactly: SIZE } },
    { name: 'made up: failures of the caller otherwise', measured: failed(known), bound: { exactly: 0 } },
    { name: 'made up: new sets refused for the caller', measured: failed(limited) },
    { name: 'other callers: new scope sets', measured: others.length, bound: { exactly: SIZE * OF_OTHERS.length } },
    { name: 'other callers: failures', measured: failed(others), bound: { exactly: 0 } },
  ];
}

async function atOnce(setup: Setup, fleet: ProcessFleet, scopes: readonly string[]) {
  return (await Promise.all(scopes.map((scope) => ask(setup, fleet, [scope])))).flat();
}
