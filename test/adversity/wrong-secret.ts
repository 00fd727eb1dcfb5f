// (3) A wrong secret, a second wrong one 5 min later, and meanwhile 100 new scope sets that callers ask for all over the
// fleet. A wrong secret costs one refused request in 5 min for the whole credential, and no caller a token. The good one
// has no label any more, and is used on.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import { ask, failed, mostWithin, rounds } from './ask.ts';
import { CREDENTIAL_READ_MS, SCOPES, type Setup } from './setup.ts';

const SIZE = 6;
const KNOWN = SCOPES[0] ?? '';
const NEW = SCOPES.slice(1, 101);
/** Is asked for by processes that start in the end. */
const LAST = SCOPES[101] ?? '';
const WRONG_SECRETS = ['client-secret-wrong', 'client-secret-wrong-again'];
const TEST_AGAIN_MS = 300_000;
/** So few in each round that some are left for the second wrong secret. */
const AT_A_TIME = 1;

export async function wrongSecret(setup: Setup): Promise<readonly Figure[]> {
  const { server, operator, ledger } = setup;
  const fleet = await setup.start(SIZE);
  await ask(setup, fleet, [KNOWN]);
  let round = 0;
  for (const clientSecret of WRONG_SECRETS) {
    await operator.put({ clientId: server.clientId, clientSecret });
    // Each process is due to read the secret, so several of them mint right after they learned of it.
    setup.forward(CREDENTIAL_READ_MS);
    await rounds(setup, TEST_AGAIN_MS, () => askForNew(setup, fleet, round++));
  }
  await ask(setup, await setup.start(SIZE), [KNOWN, LAST]);
  const granted = new Set(server.tokens.map(({ scopes }) => scopes.join(' ')));
  const refusedAtMs = WRONG_SECRETS.map((secret) => requestTimes(setup, secret));
  const mostRefused = refusedAtMs.map((times) => mostWithin(TEST_AGAIN_MS, times));
  return [
    {
      name: 'new scope sets served',
      measured: NEW.filter((scope) => granted.has(scope)).length,
      bound: { exactly: NEW.length },
    },
    { name: 'refused requests in 12 min', measured: refusedAtMs.flat().length },
    { name: 'the first secret: most of them in 5 min', measured: Number(mostRefused[0]), bound: { exactly: 1 } },
    { name: 'the second secret: most of them in 5 min', measured: Number(mostRefused[1]), bound: { exactly: 1 } },
    { name: 'failures', measured: failed(ledger.answers), bound: { exactly: 0 } },
    { name: 'mints', measured: server.tokens.length },
    { name: 'requests', measured: ledger.answers.length },
  ];
}

/** The next scope sets, each at two processes at once, while the known token is asked for everywhere. */
async function askForNew(setup: Setup, { instances }: ProcessFleet, round: number): Promise<void> {
  const twoOf = (index: number) => [...instances, ...instances].slice(index % SIZE, (index % SIZE) + 2);
  const scopes = NEW.slice(AT_A_TIME * round, AT_A_TIME * (round + 1));
  const calls = scopes.map((scope, index) => ask(setup, { instances: twoOf(round + index) }, [scope]));
  await Promise.all([...calls, ask(setup, { instances }, [KNOWN])]);
}

function requestTimes({ server }: Setup, secret: string): readonly number[] {
  return server.requests.filter(({ clientSecret }) => clientSecret === secret).map(({ receivedAtMs }) => receivedAtMs);
}
