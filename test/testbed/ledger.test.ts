// The ledger finds the answers that break a promise: what the processes say is compared with what the server issued.

import { beforeEach, expect, test } from '@jest/globals';
import { AuthorizationServer } from '../../local/authorization-server.ts';
import { tokenRequest } from '../../local/token-answers.ts';
import type { Answer } from '../../testbed/processes/instance.ts';
import { AnswerLedger } from '../../testbed/processes/ledger.ts';

const LIFETIME_SECONDS = 10;
const LIFETIME_MS = LIFETIME_SECONDS * 1000;

let server: AuthorizationServer;
let ledger: AnswerLedger;
let nowMs = 0;

beforeEach(() => {
  nowMs = 1_000_000;
  server = new AuthorizationServer({ expiresInSeconds: LIFETIME_SECONDS, nowMs: () => nowMs });
  ledger = new AnswerLedger(server);
});

async function mint(): Promise<string> {
  const { clientId, clientSecret } = server;
  await server.answer(tokenRequest({ client_id: clientId, client_secret: clientSecret }));
  const token = server.tokens.at(-1)?.accessToken ?? '';
  return Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('hex');
}

function vended(sha256: string, afterMs: number, expiresInSeconds: number): Answer {
  const atMs = 1_000_000 + afterMs;
  return { scope: 'a', status: 200, sha256, expiresInSeconds, startedAtMs: atMs, atMs, latencyMs: 1 };
}

test.each([
  ['alive, and said to live no longer than it does', 0, 10, { dead: 0, expired: 0 }],
  ['in its last millisecond', LIFETIME_MS - 1, 0, { dead: 0, expired: 0 }],
  ['at its end', LIFETIME_MS, 0, { dead: 1, expired: 1 }],
  ['alive, and noted a tenth of a second after it was said to live for 10 s', 100, 10, { dead: 0, expired: 0 }],
  ['alive, but said to live longer than it does', 101, 10, { dead: 0, expired: 1 }],
  ['alive, but said to have ended', 1, -1, { dead: 0, expired: 1 }],
])('a token that was vended %s', async (_, afterMs, expiresInSeconds, counts) => {
  ledger.add(vended(await mint(), afterMs, expiresInSeconds));
  expect({ dead: ledger.dead.length, expired: ledger.expired.length }).toEqual(counts);
});

test('a token that was never issued is dead', () => {
  ledger.add(vended('0'.repeat(64), 0, 1));
  expect([ledger.dead.length, ledger.expired.length]).toEqual([1, 1]);
});

test('the tokens of a replaced secret are dead from the moment that the server ends them', async () => {
  const sha256 = await mint();
  server.refuse(server.clientSecret, { tokensEndAfterMs: 5_000 });
  ledger.add(vended(sha256, 4_999, 5));
  expect(ledger.dead).toHaveLength(0);
  ledger.add(vended(sha256, 5_000, 5));
  expect(ledger.dead).toHaveLength(1);
});

test('the end that answers tell is the earliest whole second among them', async () => {
  const sha256 = await mint();
  ledger.add(vended(sha256, 100, 9));
  expect(ledger.toldEndMs(sha256)).toBe(1_010_000);
  ledger.add(vended(sha256, 1_999, 7));
  expect(ledger.toldEndMs(sha256)).toBe(1_009_000);
});

test('the answers of a period begin with its first moment and end before its last', async () => {
  const sha256 = await mint();
  for (const afterMs of [0, 1, 2]) ledger.add(vended(sha256, afterMs, 1));
  expect(ledger.between(1_000_000, 1_000_002).answers).toHaveLength(2);
  ledger.add({ ...vended(sha256, 0, 1), status: 503 });
  expect(ledger.failures).toHaveLength(1);
});
