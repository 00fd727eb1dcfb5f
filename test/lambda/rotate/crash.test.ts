// The function dies after each of its calls of Secrets Manager in turn: the call has taken effect, its answer is lost,
// and no further call is made. Secrets Manager then begins the same rotation again at its first step.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Listening } from '../../../local/http.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { credentialOf, openStage, type Stage } from '../../../testbed/rotating.ts';

const CLIENTS = { old: { scopes: ['a', 'b'] }, new: { scopes: ['a', 'b'] }, poor: { scopes: ['a'] } };

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
    expect(calls).toBeGreaterThan(10);
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
        expect(await stage.labels()).toEqual({ AWSCURRENT: stage.first, CANDIDATE: expect.any(String) });
        await stage.begin();
      });
    }
  });

  test('names the command that clears AWSPENDING, if it could not do so itself', async () => {
    await withStage('poor', async (stage, version) => {
      // createSecret makes 4 calls. testSecret reads the labels and starts with the values. Later calls fail.
      stage.faults.crashAfter = 6;
      await expect(stage.rotate(version)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(
          `AWSPENDING could not be cleared: if the next rotation does not begin, run: aws secretsmanager update-secret-version-stage --region eu-central-1 --secret-id ${stage.secretId} --version-stage AWSPENDING --remove-from-version-id ${version}`,
        ),
      });
    });
  });
});
