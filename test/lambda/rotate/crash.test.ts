// The function dies after each of its calls of Secrets Manager in turn: the call has taken effect, its answer is lost,
// and no further call is made. Secrets Manager then begins the same rotation again at its first step.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Listening } from '../../../local/http.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { credentialOf, openStage, type Stage } from '../../../testbed/rotating.ts';

const GOOD = { scopes: ['a', 'b'] };
const CLIENTS = { old: GOOD, new: GOOD, newer: GOOD, poor: { scopes: ['a'] } };
/** With its last call createSecret writes the version. */
const CALLS_OF_CREATE = 6;

let server: Listening;
beforeAll(async () => {
  server = await startSecretsManager();
});
afterAll(() => server.close());

async function withStage(clientId: string, act: (stage: Stage, version: string) => Promise<void>): Promise<void> {
  const profiles = { orders: { scopes: ['a', 'b'] } };
  const stage = await openStage({ endpoint: server.url, clients: CLIENTS, profiles });
  try {
    await stage.put(credentialOf(clientId), 'CANDIDATE');
    await act(stage, await stage.begin());
  } finally {
    await stage.close();
  }
}

/** Runs the rotation until the function dies. Returns whether it died. */
async function crash(stage: Stage, version: string, calls: number): Promise<boolean> {
  stage.faults.calls = 0;
  stage.faults.crashAfter = calls;
  const error = await stage.rotate(version).catch((failure: unknown) => failure);
  stage.faults.crashAfter = Number.POSITIVE_INFINITY;
  return error !== undefined;
}

/** How many calls a whole rotation makes. */
async function callsOf(clientId: string): Promise<number> {
  let calls = 0;
  await withStage(clientId, async (stage, version) => {
    await stage.rotate(version).catch(() => {});
    calls = stage.faults.calls;
  });
  return calls;
}

const upTo = (calls: number) => Array.from({ length: calls }, (_, index) => index);

describe('a rotation that died', () => {
  test('after any call succeeds when it is run again, and the next one can begin', async () => {
    const calls = await callsOf('new');
    expect(calls).toBeGreaterThan(17);
    for (const after of upTo(calls + 1)) {
      await withStage('new', async (stage, version) => {
        expect(await crash(stage, version, after)).toBe(after <= calls);
        expect([credentialOf('old'), credentialOf('new')]).toContain(await stage.current());
        await stage.rotate(version);
        expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
        expect(await stage.current()).toBe(credentialOf('new'));
        await stage.begin();
      });
    }
  });

  test('with a candidate that fails leaves AWSCURRENT alone whenever it dies, and clears AWSPENDING when run again', async () => {
    const calls = await callsOf('poor');
    expect(calls).toBeGreaterThan(7);
    for (const after of upTo(calls)) {
      await withStage('poor', async (stage, version) => {
        await crash(stage, version, after);
        expect((await stage.labels()).AWSCURRENT).toBe(stage.first);
        await expect(stage.rotate(version)).rejects.toMatchObject({
          message: 'the candidate fails: profile orders: not granted: b; AWSCURRENT is unchanged',
        });
        const kept = { AWSCURRENT: stage.first, CANDIDATE: expect.any(String), COMPARED: stage.first };
        expect(await stage.labels()).toEqual(kept);
        await stage.begin();
      });
    }
  });

  test('at or after the end of createSecret does not undo a replacement of the secret, when it is run again', async () => {
    const calls = await callsOf('new');
    for (const after of upTo(calls).slice(CALLS_OF_CREATE)) {
      await withStage('new', async (stage, version) => {
        await crash(stage, version, after);
        const replacement = await stage.put(credentialOf('newer'), 'AWSCURRENT');
        await expect(stage.rotate(version)).rejects.toMatchObject({ code: 'misconfigured' });
        expect(await stage.labels()).toMatchObject({ AWSCURRENT: replacement });
        await stage.put(credentialOf('old'), 'CANDIDATE');
        const next = await stage.begin();
        await stage.rotate(next);
        expect(await stage.labels()).toEqual({ AWSCURRENT: next, AWSPREVIOUS: replacement });
      });
    }
  });

  test('names the command that clears AWSPENDING, if it could not do so itself', async () => {
    await withStage('poor', async (stage, version) => {
      // The answer to the first call of testSecret is lost. Later calls fail.
      stage.faults.crashAfter = CALLS_OF_CREATE + 1;
      await expect(stage.rotate(version)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(
          `AWSPENDING could not be cleared: if the next rotation does not begin, run: aws secretsmanager update-secret-version-stage --region eu-central-1 --secret-id ${stage.secretId} --version-stage AWSPENDING --remove-from-version-id ${version}`,
        ),
      });
    });
  });
});
