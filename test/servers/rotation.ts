// A client secret is replaced in Keycloak and in Secrets Manager while one process of the deployed bundle goes on. Its
// clock is moved forward, because it sees a new version within a minute.

import assert from 'node:assert/strict';
import { Opened } from '../../testbed/opened.ts';
import { Database } from '../../testbed/processes/database.ts';
import { deployFunction } from '../../testbed/processes/deployed-function.ts';
import { ProcessInstance } from '../../testbed/processes/instance.ts';
import { RunClock } from '../../testbed/processes/run-clock.mjs';
import type { Suite } from '../../testbed/suite.ts';
import { Operator } from '../rotation/operator.ts';
import type { Client, Keycloak } from './keycloak.ts';

const REALM = 'rotating';
/** Each check asks for one that nobody has asked for before, so that it is minted. */
const SCOPES: readonly string[] = Array.from({ length: 8 }, (_, index) => `rotating.key_${index}`);
/** Each token has it. */
const DEFAULT = 'rotating.default';
/** By then the process has read the secret again. */
const SECRET_READ_MS = 51_000;

const clientOf = (clientId: string, defaultScopes: readonly string[]): Client => ({
  clientId,
  clientSecret: `${clientId}-secret`,
  defaultScopes,
  optionalScopes: SCOPES,
});
const CLIENT = clientOf('first', [DEFAULT]);
/** It may have as much as the first one. */
const EQUAL = clientOf('second', [DEFAULT]);
const LESSER = clientOf('lesser', []);

export async function checkRotation(suite: Suite, keycloak: Keycloak): Promise<void> {
  const settings = { scopes: [...SCOPES, DEFAULT], clients: [CLIENT, EQUAL, LESSER] };
  await keycloak.createRealm(REALM, { lifetimeSeconds: 3600, ...settings });
  const { instance, printed, operator, close } = await setUp(keycloak);
  let asked = 0;
  /** Whether a new token is vended, a minute later. */
  async function mintsLater(): Promise<void> {
    instance.forward(SECRET_READ_MS);
    const { status, source } = await instance.call(SCOPES[asked++] ?? '');
    assert.deepEqual({ status, source }, { status: 200, source: 'mint' });
  }
  /** A rotation that must fail leaves the secret as it is. */
  async function refuses(candidate: Client, message: RegExp): Promise<void> {
    const before = await operator.current();
    await operator.put(candidate, 'CANDIDATE');
    await assert.rejects(operator.rotate(), message);
    assert.equal(await operator.current(), before);
    await mintsLater();
  }
  async function makesCurrent(candidate: Client): Promise<void> {
    const { clientId: client_id, clientSecret: client_secret } = candidate;
    await operator.put(candidate, 'CANDIDATE');
    await operator.rotate();
    assert.deepEqual(JSON.parse(String(await operator.current())), { client_id, client_secret });
  }
  try {
    await suite.check('a token is minted with the first secret', () => mintsLater());
    await suite.check('a replaced secret is in use after a minute, without a deploy', async () => {
      await operator.put({ ...CLIENT, clientSecret: await keycloak.replaceSecret(REALM, CLIENT) });
      assert.equal(await keycloak.accepts(REALM, CLIENT), false, 'Keycloak accepts the old secret');
      await mintsLater();
    });
    await suite.check('a wrong secret costs no token: the version before mints', async () => {
      await operator.put({ ...CLIENT, clientSecret: 'wrong' });
      await mintsLater();
      assert.match(printed(), /"event":"credential_refused"/);
    });
    await suite.check('a rotation makes the credential of a client with the same scopes current', async () => {
      await makesCurrent(EQUAL);
      // From now on Keycloak refuses each version before.
      await keycloak.replaceSecret(REALM, CLIENT);
      await mintsLater();
    });
    await suite.check('a rotation refuses a candidate with a wrong secret', () =>
      refuses({ ...EQUAL, clientSecret: 'wrong' }, /the candidate fails: the authorization server refused it/),
    );
    await suite.check('a rotation refuses a client with fewer scopes, and names them', () =>
      refuses(LESSER, new RegExp(`the candidate fails: profile default: not granted: ${DEFAULT};`)),
    );
    await suite.check('a rotation makes a replaced secret current, though Keycloak refuses the old one', async () => {
      await makesCurrent({ ...EQUAL, clientSecret: await keycloak.replaceSecret(REALM, EQUAL) });
      await mintsLater();
    });
  } finally {
    await close();
  }
}

async function setUp(keycloak: Keycloak) {
  return await Opened.build(async (opened) => {
    const database = await Database.dynalite();
    await opened.keep({ close: () => database.kill() });
    await database.start();
    const client = { ...CLIENT, tokenEndpoint: keycloak.tokenEndpointOf(REALM) };
    const { program, ...secret } = await deployFunction(opened, client, database, 'token-vending-servers');
    const operator = await opened.keep(new Operator({ ...secret, tokenEndpoint: client.tokenEndpoint }));
    const env = { ...program.env, ...new RunClock(Date.now(), 1).environment() };
    let printed = '';
    const onOutput = (text: string) => {
      printed += text;
    };
    const instance = await ProcessInstance.start({ ...program, env, onOutput });
    await opened.keep({ close: () => instance.kill() });
    return { instance, printed: () => printed, operator, close: () => opened.close() };
  });
}
