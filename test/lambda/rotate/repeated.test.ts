// Every step may be repeated: at once or later, alone or with the whole rotation.

import { describe, expect, test } from '@jest/globals';
import { credentialOf } from '../../../testbed/rotating.ts';
import { ROTATION_STEPS } from '../../../testbed/secret-operator.ts';
import { notRotated, useStages } from './stages.ts';

const { open, withCandidate } = useStages();

describe('if steps are repeated,', () => {
  test.each(ROTATION_STEPS)('%s succeeds again and changes nothing more', async (repeated) => {
    const { stage, version } = await withCandidate();
    for (const step of ROTATION_STEPS) {
      await stage.step(step, version);
      if (step !== repeated) continue;
      const before = await stage.labels();
      await stage.step(step, version);
      expect(await stage.labels()).toEqual(before);
    }
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test.each(ROTATION_STEPS.flatMap((late) => ROTATION_STEPS.map((after) => [late, after] as const)))(
    'a late %s after %s does no harm',
    async (late, after) => {
      const { stage, version } = await withCandidate();
      for (const step of ROTATION_STEPS.slice(0, ROTATION_STEPS.indexOf(after) + 1)) await stage.step(step, version);
      const isEarly = ROTATION_STEPS.indexOf(late) > ROTATION_STEPS.indexOf(after);
      if (!isEarly) await stage.step(late, version);
      await stage.rotate(version);
      expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
    },
  );

  test('a failed rotation succeeds under the same version, once the server has recovered', async () => {
    let isDown = true;
    const stage = await open({ misbehave: () => (isDown ? { status: 503 } : undefined) });
    const candidate = await stage.put(credentialOf('new'), 'CANDIDATE');
    const version = await stage.begin();
    await expect(stage.rotate(version)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await stage.labels()).toEqual(notRotated(stage, candidate));
    isDown = false;
    await stage.rotate(version);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test('createSecret refuses a candidate that was replaced meanwhile, because a version keeps its value', async () => {
    const { stage, version } = await withCandidate();
    await stage.step('createSecret', version);
    const candidate = await stage.put(credentialOf('newer'), 'CANDIDATE');
    await expect(stage.step('createSecret', version)).rejects.toMatchObject({
      message: 'the candidate was replaced meanwhile: start the rotation again; AWSCURRENT is unchanged',
    });
    expect(await stage.labels()).toEqual(notRotated(stage, candidate));
  });

  test('a single step after a failure makes no version current', async () => {
    const stage = await open({ misbehave: () => ({ status: 503 }) });
    const candidate = await stage.put(credentialOf('new'), 'CANDIDATE');
    const version = await stage.begin();
    await stage.step('createSecret', version);
    await expect(stage.step('testSecret', version)).rejects.toMatchObject({ code: 'unavailable' });
    await stage.step('testSecret', version); // no version is pending, so there is nothing to test
    await expect(stage.step('finishSecret', version)).rejects.toMatchObject({
      message: expect.stringContaining('not the candidate that was tested'),
    });
    expect(await stage.labels()).toEqual(notRotated(stage, candidate));
  });
});

describe('finishSecret', () => {
  test('leaves a candidate alone that was staged after the rotation', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    const candidate = await stage.put(credentialOf('newer'), 'CANDIDATE');
    await stage.step('finishSecret', version);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first, CANDIDATE: candidate });
  });

  test('leaves the labels of the next rotation alone', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    await stage.put(credentialOf('newer'), 'CANDIDATE');
    const next = await stage.begin();
    await stage.step('createSecret', next);
    const before = await stage.labels();
    await stage.step('finishSecret', version);
    expect(await stage.labels()).toEqual(before);
  });

  test('succeeds if the answer to its move of AWSCURRENT is lost, because it reads where the label is', async () => {
    const { stage, version } = await withCandidate();
    for (const step of ROTATION_STEPS.slice(0, 3)) await stage.step(step, version);
    Object.assign(stage.faults, { calls: 0, loseAnswerOf: 4 });
    await stage.step('finishSecret', version);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'says whether AWSCURRENT is unchanged, if the answer to call %i is lost',
    async (call) => {
      const { stage, version } = await withCandidate();
      for (const step of ROTATION_STEPS.slice(0, 3)) await stage.step(step, version);
      Object.assign(stage.faults, { calls: 0, loseAnswerOf: call });
      const failure: unknown = await stage.step('finishSecret', version).catch((error: unknown) => error);
      const isMoved = (await stage.labels()).AWSCURRENT === version;
      expect(isMoved).toBe(call >= 4);
      expect(String(failure).includes('AWSCURRENT is unchanged')).toBe(!isMoved);
      await stage.rotate(version);
      expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
    },
  );
});
