// (2) A new secret that the authorization server refuses for the first minute, because it reaches its parts late. It is in
// use in every process and for every scope set within 7 min after it can mint. Until then, the replaced one is in use.

import type { Figure } from '../../testbed/figures.ts';
import { ask, failed, mostWithin, rounds } from './ask.ts';
import { SCOPES, type Setup } from './setup.ts';

const SIZE = 6;
const KEYS = SCOPES.slice(0, 4);
const NEW_SECRET = 'client-secret-late';
const ACCEPTED_AFTER_MS = 60_000;
const IN_USE_WITHIN_MS = 420_000;
/** A refused version is tested again after this time. */
const TEST_AGAIN_MS = 300_000;

export async function lateSecret(setup: Setup): Promise<readonly Figure[]> {
  const { server, operator, ledger } = setup;
  const fleet = await setup.start(SIZE);
  await ask(setup, fleet, KEYS);
  await operator.put({ clientId: server.clientId, clientSecret: NEW_SECRET });
  const putAtMs = setup.nowMs();
  await rounds(setup, ACCEPTED_AFTER_MS, () => ask(setup, fleet, KEYS));
  server.accept(NEW_SECRET);
  const acceptedAtMs = setup.nowMs();
  await rounds(setup, IN_USE_WITHIN_MS, () => ask(setup, fleet, KEYS));
  const last = await ask(setup, fleet, KEYS);
  const isOfNewSecret = (sha256 = '') => server.find(sha256)?.clientSecret === NEW_SECRET;
  const replaced = ledger.answers.filter(({ sha256 }) => !isOfNewSecret(sha256));
  const lastReplacedMs = Math.max(...replaced.map(({ atMs }) => atMs));
  const refusedAtMs = server.requests
    .filter(({ clientSecret, token }) => clientSecret === NEW_SECRET && token === undefined)
    .map(({ receivedAtMs }) => receivedAtMs);
  const maxS = IN_USE_WITHIN_MS / 1000;
  return [
    { name: 'processes and scope sets', measured: last.length, bound: { exactly: SIZE * KEYS.length } },
    {
      name: 'of these served with the new secret in the end',
      measured: last.filter(({ sha256 }) => isOfNewSecret(sha256)).length,
      bound: { exactly: SIZE * KEYS.length },
    },
    {
      name: 'last vend of the replaced one (s)',
      measured: (lastReplacedMs - acceptedAtMs) / 1000,
      bound: { max: maxS },
    },
    { name: 'refused requests', measured: refusedAtMs.length, bound: { min: 1 } },
    { name: 'of these in 5 min', measured: mostWithin(TEST_AGAIN_MS, refusedAtMs), bound: { max: 1 } },
    { name: 'mints with the new secret', measured: mintsSince(setup, putAtMs), bound: { max: KEYS.length } },
    { name: 'failures', measured: failed(ledger.answers), bound: { exactly: 0 } },
    { name: 'requests', measured: ledger.answers.length },
  ];
}

function mintsSince({ server }: Setup, fromMs: number): number {
  return server.tokens.filter(({ issuedAtMs, clientSecret }) => issuedAtMs >= fromMs && clientSecret === NEW_SECRET)
    .length;
}
