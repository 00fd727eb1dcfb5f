// The function dies after each of its calls of Secrets Manager in turn: the call was done, its answer is lost, and
// nothing more is done. Secrets Manager then begins the same rotation again from its first step.

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

async function withStage(clientId: string, play: (stage: Stage, version: string) => Promise<void>): Promise<void> {
  const profiles = { orders: { scopes: ['a', 'b'] } };
  const stage = await openStage({ endpoint: server.url, clients: CLIENTS, profiles });
  try {
    await stage.put(credentialOf(clientId), 'CANDIDATE');
    await play(stage, await stage.begin());
  } finally {
    await stage.close();
  }
}

/** Runs until the function dies; whether it did. */
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
  test('after any call ends right when it is run again, and the next can begin', async () => {
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

  test('names the command for what it could not clear', async () => {
    await withStage('poor', async (stage, version) => {
      stage.faults.crashAfter = 6; // createSecret: 4; testSecret: labels, two values; then nothing more
      await expect(stage.rotate(version)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(
          `AWSPENDING could not be cleared: if the next rotation does not begin, run: aws secretsmanager update-secret-version-stage --region eu-central-1 --secret-id ${stage.secretId} --version-stage AWSPENDING --remove-from-version-id ${version}`,
        ),
      });
    });
  });
});
