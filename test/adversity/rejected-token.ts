// (4) An API rejects a token, and a caller of one process reports it. All processes hold that token in memory, and those
// of three other scope sets. No process vends the rejected token 60 s after its replacement was published. The others cost
// no read of the table besides the one that goes with each check of the credential.

import type { Figure } from '../../testbed/figures.ts';
import { ask, failed, rounds } from './ask.ts';
import { isCredentialRead, isPublication, isTokenRead, keyOf } from './requests.ts';
import { SCOPES, type Setup } from './setup.ts';

const SIZE = 8;
/** Is asked for first in each round, so that nearly all reads that go with checks are of its item. */
const FIRST = SCOPES[0] ?? '';
const REJECTED = SCOPES[1] ?? '';
const OTHERS = SCOPES.slice(2, 4);
const ALL = [FIRST, REJECTED, ...OTHERS];
const SEEN_WITHIN_MS = 60_000;
const AFTERWARDS_MS = 60_000;
/** A process reads the item once. Few of the reads that go with checks are of this item, because another is first. */
const MAX_READS = 2 * SIZE;

export async function rejectedToken(setup: Setup): Promise<readonly Figure[]> {
  const { server, dynamodb, secretsManager, ledger } = setup;
  const fleet = await setup.start(SIZE);
  const rejected = (await ask(setup, fleet, ALL)).find(({ scope }) => scope === REJECTED)?.sha256 ?? '';
  const recordedBefore = dynamodb.requests.length;
  const secretReadsBefore = secretsManager.requests.length;
  const reporting = { instances: fleet.instances.slice(0, 1) };
  const [report] = await ask(setup, reporting, [REJECTED], { rejectedTokenSha256: rejected });
  const requests = () => dynamodb.requests.slice(recordedBefore);
  const publication = requests().find(isPublication);
  const publishedAtMs = publication?.atMs ?? 0;
  await rounds(setup, SEEN_WITHIN_MS + AFTERWARDS_MS, () => ask(setup, fleet, ALL));
  const vended = ledger.answers.filter(({ sha256, atMs }) => sha256 === rejected && atMs >= publishedAtMs);
  const lastVendMs = Math.max(publishedAtMs, ...vended.map(({ atMs }) => atMs));
  const reads = requests().filter(isTokenRead);
  const ofRejected = reads.filter((request) => publication && keyOf(request) === keyOf(publication)).length;
  const checks = requests().filter(isCredentialRead).length + secretsManager.requests.length - secretReadsBefore;
  return [
    { name: 'tokens minted in its place', measured: server.tokens.length - ALL.length, bound: { exactly: 1 } },
    {
      name: 'the report is answered with another token',
      measured: Number(report?.sha256 !== rejected),
      bound: { exactly: 1 },
    },
    { name: 'vends of it by processes that had not seen it', measured: vended.length },
    {
      name: 'last vend of it after the publication (s)',
      measured: (lastVendMs - publishedAtMs) / 1000,
      bound: { max: SEEN_WITHIN_MS / 1000 },
    },
    { name: 'reads of its item', measured: ofRejected, bound: { max: MAX_READS } },
    { name: 'reads of the other items', measured: reads.length - ofRejected, bound: { max: checks } },
    { name: 'failures', measured: failed(ledger.answers), bound: { exactly: 0 } },
    { name: 'requests', measured: ledger.answers.length },
  ];
}
