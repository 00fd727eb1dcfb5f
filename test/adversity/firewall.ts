// (6) A firewall answers 401 to everything for 10 s, whatever the credential: with a page, or as the server itself refuses a
// client. 30 s after its end all callers are served, with the version of the credential that was in use before. A version
// before that exists as well, and would be accepted.

import type { Figure } from '../../testbed/figures.ts';
import type { ProcessFleet } from '../../testbed/processes/fleet.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import { ask, failed, rounds } from './ask.ts';
import { CREDENTIAL_READ_MS, LIFETIME_OVER_MS, LIFETIME_SECONDS, SCOPES, type Setup } from './setup.ts';

const SIZE = 6;
/** There are tokens of these, which have ended. */
const ENDED = SCOPES.slice(0, 3);
/** Its token is valid, and its renewal is due, so it is refused as well. */
const VALID = SCOPES[3] ?? '';
const RENEWAL_DUE_MS = LIFETIME_SECONDS * 1000 * 0.88;
const REFUSES_FOR_MS = 10_000;
const SERVED_AFTER_MS = 30_000;
const NEW_SECRET = 'client-secret-new';

interface Kind {
  readonly label: string;
  readonly body: string;
  /** No token of these is known. */
  readonly scopes: readonly string[];
}

const KINDS: readonly Kind[] = [
  { label: 'HTML', body: '<html>access denied</html>', scopes: SCOPES.slice(4, 7) },
  { label: 'refusal', body: '{"error":"invalid_client"}', scopes: SCOPES.slice(7, 10) },
];

export async function firewall(setup: Setup): Promise<readonly Figure[]> {
  const { server, operator, table } = setup;
  const fleet = await setup.start(SIZE);
  await ask(setup, fleet, ENDED);
  server.accept(NEW_SECRET);
  const version = await operator.put({ clientId: server.clientId, clientSecret: NEW_SECRET });
  setup.forward(CREDENTIAL_READ_MS);
  await ask(setup, fleet, ENDED);
  const accepted = (await table.credential()).accepted_version?.S;
  const figures: Figure[] = [
    { name: 'the new version is the accepted one', measured: Number(accepted === version), bound: { exactly: 1 } },
  ];
  for (const kind of KINDS) figures.push(...(await refusedFor10Seconds(setup, fleet, kind, version)));
  return figures;
}

async function refusedFor10Seconds(setup: Setup, fleet: ProcessFleet, kind: Kind, version: string): Promise<Figure[]> {
  const { server, table, forward } = setup;
  const { label, body } = kind;
  const without = [...kind.scopes, ...ENDED];
  forward(LIFETIME_OVER_MS);
  await ask(setup, fleet, [VALID]);
  forward(RENEWAL_DUE_MS);
  const requestsBefore = server.requests.length;
  const refused: Answer[] = [];
  const valid: Answer[] = [];
  server.behaviour.respondWith = () => ({ status: 401, body });
  await rounds(setup, REFUSES_FOR_MS, async () => {
    refused.push(...(await ask(setup, fleet, without)));
    valid.push(...(await ask(setup, fleet, [VALID])));
  });
  server.behaviour.respondWith = undefined;
  const requests = server.requests.slice(requestsBefore);
  await rounds(setup, SERVED_AFTER_MS, () => ask(setup, fleet, [...without, VALID]));
  const served = await ask(setup, fleet, [...without, VALID]);
  const accepted = (await table.credential()).accepted_version?.S;
  const ofOther = served.filter(({ sha256 = '' }) => server.find(sha256)?.clientSecret === server.clientSecret);
  return [
    { name: `${label}: calls refused meanwhile`, measured: failed(refused), bound: { min: 1 } },
    { name: `${label}: failures where a token is valid`, measured: failed(valid), bound: { exactly: 0 } },
    { name: `${label}: requests to the server meanwhile`, measured: requests.length },
    {
      name: `${label}: of these with the version before`,
      measured: withFirstSecret(setup, requests),
      bound: { min: 1 },
    },
    { name: `${label}: failures 30 s after its end`, measured: failed(served), bound: { exactly: 0 } },
    { name: `${label}: tokens of another version`, measured: ofOther.length, bound: { exactly: 0 } },
    { name: `${label}: accepted version changed`, measured: Number(accepted !== version), bound: { exactly: 0 } },
  ];
}

function withFirstSecret({ server }: Setup, requests: Setup['server']['requests']): number {
  return requests.filter(({ clientSecret }) => clientSecret === server.clientSecret).length;
}
