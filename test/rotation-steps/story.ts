// The rotation function step by step: rotations that succeed, fail, are repeated, or die in between.

import assert from 'node:assert/strict';
import type { Misbehaviour } from '../../local/authorization-server.ts';
import { credentialOf, openStage, type Stage } from '../../testbed/rotating.ts';
import { ROTATION_STEPS } from '../../testbed/secret-operator.ts';
import type { Suite } from '../../testbed/suite.ts';

const CLIENTS = {
  old: { scopes: ['a', 'b'] },
  new: { scopes: ['a', 'b'] },
  newer: { scopes: ['a', 'b'] },
  poor: { scopes: ['a'] },
  foreign: { scopes: ['a', 'b'], tenant: 'other' },
};
const PROFILES = { orders: { scopes: ['a', 'b'] }, reader: { scopes: ['a'] }, all: {} };

type Scene = (stage: Stage, version: string) => Promise<void>;
type Misbehave = (clientId: string) => Misbehaviour | undefined;

/** Runs a scene on a secret of its own, after a candidate was staged and a rotation has begun. */
async function play(endpoint: string, candidate: string, scene: Scene, misbehave: Misbehave = () => undefined) {
  const stage = await openStage({ endpoint, clients: CLIENTS, profiles: PROFILES, misbehave, hasRotateSecret: false });
  try {
    await stage.put(candidate, 'CANDIDATE');
    await scene(stage, await stage.begin());
  } finally {
    await stage.close();
  }
}

async function assertRotated(stage: Stage, version: string, clientId = 'new'): Promise<void> {
  assert.deepEqual(await stage.labels(), { AWSCURRENT: version, AWSPREVIOUS: stage.first });
  assert.equal(await stage.current(), credentialOf(clientId));
}

/** AWSCURRENT is where it was, AWSPENDING is removed, and the candidate is kept. */
async function assertUnchanged(stage: Stage): Promise<void> {
  // COMPARED is absent if createSecret refused the candidate.
  const { CANDIDATE, COMPARED = stage.first, ...labels } = await stage.labels();
  assert.ok(CANDIDATE);
  assert.equal(COMPARED, stage.first);
  assert.deepEqual(labels, { AWSCURRENT: stage.first });
}

async function assertFails(rotating: Promise<void>, message: RegExp): Promise<void> {
  await assert.rejects(rotating, message);
}

export async function checkRotations(suite: Suite, endpoint: string): Promise<void> {
  const good = credentialOf('new');
  await suite.check('a good candidate becomes current, and no label is left behind', () =>
    play(endpoint, good, async (stage, version) => {
      await stage.rotate(version);
      await assertRotated(stage, version);
    }),
  );
  for (const repeated of ROTATION_STEPS) {
    await suite.check(`${repeated} may be repeated`, () =>
      play(endpoint, good, async (stage, version) => {
        for (const step of ROTATION_STEPS) {
          await stage.step(step, version);
          if (step === repeated) await stage.step(step, version);
        }
        await stage.rotate(version);
        await assertRotated(stage, version);
      }),
    );
  }
  await suite.check('the next rotation begins and ends as the first', () =>
    play(endpoint, good, async (stage, version) => {
      await stage.rotate(version);
      await stage.put(credentialOf('old'), 'CANDIDATE');
      const next = await stage.begin();
      await stage.rotate(next);
      assert.deepEqual(await stage.labels(), { AWSCURRENT: next, AWSPREVIOUS: version });
    }),
  );
}

export async function checkFailures(suite: Suite, endpoint: string): Promise<void> {
  const candidates: readonly [string, string, RegExp, Misbehave?][] = [
    ['a wrong secret', credentialOf('new', 'wrong'), /the authorization server refused it/],
    ['fewer scopes', credentialOf('poor'), /profile orders: not granted: b; profile all: not granted: b;/],
    ['another tenant', credentialOf('foreign'), /profile orders: its token is of another tenant/],
    ['no credential', 'generated', /the candidate is not JSON; stage one: aws secretsmanager put-secret-value /],
    ['the authorization server down', credentialOf('new'), /failed with status 503/, () => ({ status: 503 })],
  ];
  for (const [what, candidate, message, misbehave] of candidates) {
    await suite.check(`${what}: AWSCURRENT stays, AWSPENDING goes, and a good candidate then succeeds`, async () => {
      let isBad = true;
      const scene: Scene = async (stage, version) => {
        await assertFails(stage.rotate(version), message);
        await assertUnchanged(stage);
        isBad = false;
        await stage.put(credentialOf('new'), 'CANDIDATE');
        const next = await stage.begin();
        await stage.rotate(next);
        await assertRotated(stage, next);
      };
      await play(endpoint, candidate, scene, (clientId) => (isBad ? misbehave?.(clientId) : undefined));
    });
  }
  await suite.check('AWSPENDING of another rotation is left alone', () =>
    play(endpoint, credentialOf('new'), async (stage, version) => {
      await stage.step('createSecret', version);
      await assertFails(stage.step('createSecret', 'another'.padEnd(32, '0')), /--remove-from-version-id/);
      await stage.rotate(version);
      await assertRotated(stage, version);
    }),
  );
}

/** The secret is replaced during a rotation. */
export async function checkReplacements(suite: Suite, endpoint: string): Promise<void> {
  for (const [index, step] of ROTATION_STEPS.slice(0, 3).entries()) {
    await suite.check(`a secret that is replaced after ${step} stays so, and the next rotation compares with it`, () =>
      play(endpoint, credentialOf('new'), async (stage, version) => {
        for (const done of ROTATION_STEPS.slice(0, index + 1)) await stage.step(done, version);
        const replacement = await replace(stage);
        const continued = async () => {
          for (const next of ROTATION_STEPS.slice(index + 1)) await stage.step(next, version);
        };
        await assertFails(continued(), /the secret was replaced while it was rotated/);
        await assertFails(stage.rotate(version), /the secret was replaced while it was rotated/);
        assert.equal((await stage.labels()).AWSCURRENT, replacement);
        assert.equal(await stage.current(), credentialOf('newer'));
        const next = await stage.begin();
        await stage.rotate(next);
        assert.deepEqual(await stage.labels(), {
          AWSCURRENT: next,
          AWSPREVIOUS: replacement,
          REPLACEMENT: replacement,
        });
      }),
    );
  }
}

/** It stands for a plain `put-secret-value`, with which moto also removes the other labels of the version before. */
async function replace(stage: Stage): Promise<string> {
  const replacement = await stage.put(credentialOf('newer'), 'REPLACEMENT');
  await stage.move('AWSCURRENT', stage.first, replacement);
  return replacement;
}

export async function checkLoneTests(suite: Suite, endpoint: string): Promise<void> {
  for (const [what, pending] of [
    ['missing', undefined],
    ['no credential', 'generated'],
    ['the current value', credentialOf('old')],
  ] as const) {
    await suite.check(`testSecret alone, with AWSPENDING ${what}, succeeds without a token`, () =>
      play(endpoint, credentialOf('new'), async (stage, begun) => {
        let version = begun;
        if (pending !== undefined) version = await stage.put(pending, 'AWSPENDING');
        await stage.step('testSecret', version);
        assert.equal(stage.emporix.requests.length, 0);
        assert.equal((await stage.labels()).AWSCURRENT, stage.first);
      }),
    );
  }
}

export async function checkCrashes(suite: Suite, endpoint: string): Promise<void> {
  const calls = await callsOf(endpoint, 'new');
  for (const after of upTo(calls)) {
    await suite.check(`dies after call ${after} of ${calls}, and ends right when it is run again`, () =>
      play(endpoint, credentialOf('new'), async (stage, version) => {
        await crash(stage, version, after);
        await stage.rotate(version);
        await assertRotated(stage, version);
      }),
    );
  }
  const failing = await callsOf(endpoint, 'poor');
  await suite.check(`dies after any of ${failing} calls with a candidate that fails: AWSCURRENT stays`, async () => {
    for (const after of upTo(failing)) {
      await play(endpoint, credentialOf('poor'), async (stage, version) => {
        await crash(stage, version, after);
        await assertFails(stage.rotate(version), /profile orders: not granted: b/);
        await assertUnchanged(stage);
      });
    }
  });
}

/** The function dies, and dies again when the rotation is run once more. */
export async function checkPairsOfCrashes(suite: Suite, endpoint: string): Promise<void> {
  const calls = await callsOf(endpoint, 'new');
  await suite.check(`dies twice, after any two of ${calls} calls, and ends right`, async () => {
    for (const [first, second] of upTo(calls).flatMap((one) => upTo(calls).map((other) => [one, other] as const))) {
      await play(endpoint, credentialOf('new'), async (stage, version) => {
        await crash(stage, version, first);
        await crash(stage, version, second);
        await stage.rotate(version);
        await assertRotated(stage, version);
      });
    }
  });
}

const upTo = (calls: number) => Array.from({ length: calls }, (_, index) => index);

/** Counts the calls of Secrets Manager in a whole rotation. */
async function callsOf(endpoint: string, clientId: string): Promise<number> {
  let calls = 0;
  await play(endpoint, credentialOf(clientId), async (stage, version) => {
    await stage.rotate(version).catch(() => {});
    calls = stage.faults.calls;
  });
  return calls;
}

/** Rotates until the function dies after that many calls, if it makes so many. The last call was done, and its answer is lost. */
async function crash(stage: Stage, version: string, calls: number): Promise<void> {
  stage.faults.calls = 0;
  stage.faults.crashAfter = calls;
  await stage.rotate(version).catch(() => {});
  stage.faults.crashAfter = Number.POSITIVE_INFINITY;
}
