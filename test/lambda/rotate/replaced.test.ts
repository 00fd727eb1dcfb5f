// The secret is replaced while it is rotated: a plain `put-secret-value`, or a roll back, moves AWSCURRENT. The rotation
// must not undo that.

import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../lambda/clock.ts';
import { createRotateFunction, type RotateFunction } from '../../../lambda/rotate/rotate-function.ts';
import { LOCAL_REGION, STAND_IN_CLIENT } from '../../../local/names.ts';
import { credentialOf, type Stage, type Step } from '../../../testbed/rotating.ts';
import { ROTATION_STEPS } from '../../../testbed/secret-operator.ts';
import { useStages } from './stages.ts';

const { withCandidate, endpoint } = useStages();

const failureOf = ({ secretId }: Stage) => ({
  code: 'misconfigured',
  message:
    'the secret was replaced while it was rotated, and the new value stays current; to test the candidate against it, ' +
    `run: aws secretsmanager rotate-secret --region eu-central-1 --secret-id ${secretId}; AWSCURRENT is unchanged`,
});

/** Begins a rotation, replaces the secret after the step, and runs the next steps. */
async function replacedAfter(step: Step) {
  const { stage, candidate, version } = await withCandidate();
  const done = ROTATION_STEPS.indexOf(step) + 1;
  for (const before of ROTATION_STEPS.slice(0, done)) await stage.step(before, version);
  const replacement = await stage.put(credentialOf('newer'), 'AWSCURRENT');
  const continued = (async () => {
    for (const next of ROTATION_STEPS.slice(done)) await stage.step(next, version);
  })();
  await expect(continued).rejects.toMatchObject(failureOf(stage));
  const labels = { AWSCURRENT: replacement, AWSPREVIOUS: stage.first, COMPARED: stage.first, CANDIDATE: candidate };
  return { stage, version, replacement, labels };
}

describe.each(['createSecret', 'setSecret', 'testSecret'] as const)('if the secret is replaced after %s,', (step) => {
  test('the rotation fails, and the new value stays current', async () => {
    const { stage, labels } = await replacedAfter(step);
    expect(await stage.labels()).toEqual(labels);
    expect(await stage.current()).toBe(credentialOf('newer'));
  });

  test('the rotation fails again whenever Secrets Manager repeats it', async () => {
    const { stage, version, labels } = await replacedAfter(step);
    await expect(stage.rotate(version)).rejects.toMatchObject(failureOf(stage));
    for (const repeated of ROTATION_STEPS) await stage.step(repeated, version).catch(() => {});
    expect(await stage.labels()).toEqual(labels);
  });

  test.each([true, false])(
    'the next rotation compares with the new value (the candidate is staged again: %s)',
    async (isStagedAgain) => {
      const { stage, replacement } = await replacedAfter(step);
      if (isStagedAgain) await stage.put(credentialOf('new'), 'CANDIDATE');
      const next = await stage.begin();
      await stage.step('createSecret', next);
      expect(await stage.labels()).toMatchObject({ COMPARED: replacement });
      const earlierRequests = stage.emporix.requests.length;
      await stage.rotate(next);
      expect(await stage.labels()).toEqual({ AWSCURRENT: next, AWSPREVIOUS: replacement });
      const minted = stage.emporix.requests.slice(earlierRequests).map(({ params }) => params.client_id);
      expect(minted.sort()).toEqual(['new', 'newer']);
    },
  );
});

test('testSecret requests no token if the secret was replaced', async () => {
  const { stage } = await replacedAfter('createSecret');
  expect(stage.emporix.requests).toEqual([]);
});

test('a replacement by the candidate itself is kept like any other', async () => {
  const { stage, version } = await withCandidate();
  await stage.step('createSecret', version);
  const replacement = await stage.put(credentialOf('new'), 'AWSCURRENT');
  await stage.step('testSecret', version);
  await expect(stage.step('finishSecret', version)).rejects.toMatchObject(failureOf(stage));
  expect(await stage.labels()).toMatchObject({ AWSCURRENT: replacement });
});

test('a roll back during a rotation is not undone', async () => {
  const { stage, version } = await withCandidate();
  await stage.rotate(version);
  await stage.put(credentialOf('newer'), 'CANDIDATE');
  const next = await stage.begin();
  for (const step of ROTATION_STEPS.slice(0, 3)) await stage.step(step, next);
  await stage.move('AWSCURRENT', version, stage.first);
  await expect(stage.step('finishSecret', next)).rejects.toMatchObject(failureOf(stage));
  expect(await stage.labels()).toMatchObject({ AWSCURRENT: stage.first, AWSPREVIOUS: version });
});

describe('if the secret is replaced between two calls of one step,', () => {
  /** A rotation function that replaces the secret once, after its call number `call` of Secrets Manager. */
  function replacingAfter(call: number, stage: Stage) {
    const client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: endpoint() });
    const made = { calls: 0, replacement: '' };
    client.middlewareStack.add(
      (next) => async (args) => {
        const answer = next(args);
        await answer.catch(() => {});
        made.calls++;
        if (made.calls === call) made.replacement = await stage.put(credentialOf('newer'), 'AWSCURRENT');
        return await answer;
      },
      { step: 'initialize' },
    );
    const settings = {
      stackName: 'TokenVending',
      credential: 'shop',
      secretId: stage.secretId,
      tokenEndpoint: stage.emporix.tokenEndpoint,
      clientAuthentication: 'client_secret_post',
      profiles: { orders: {} },
    } as const;
    const rotateFunction = createRotateFunction(settings, {
      secretsManager: client,
      region: LOCAL_REGION,
      clock: systemClock,
      random: () => 0.5,
      write: () => {},
    });
    return { rotateFunction, made, close: () => client.destroy() };
  }

  async function rotate(rotateFunction: RotateFunction, SecretId: string, ClientRequestToken: string): Promise<void> {
    for (const Step of ROTATION_STEPS) await rotateFunction({ Step, SecretId, ClientRequestToken });
  }

  // The first 6 calls are of createSecret, the next 3 of testSecret. Call 13 moves AWSCURRENT: from there on the
  // replacement comes later than the rotation, which succeeds.
  test.each(Array.from({ length: 18 }, (_, index) => index + 1))(
    'after call %i, the new value stays current',
    async (call) => {
      const { stage, version } = await withCandidate();
      const { rotateFunction, made, close } = replacingAfter(call, stage);
      const failure: unknown = await rotate(rotateFunction, stage.secretId, version).catch((error: unknown) => error);
      close();
      if (call < 13) expect(failure).toMatchObject(failureOf(stage));
      else expect([failure, made.calls]).toEqual([undefined, 18]);
      expect(await stage.labels()).toMatchObject({ AWSCURRENT: made.replacement });
      await stage.put(credentialOf('old'), 'CANDIDATE');
      const next = await stage.begin();
      await stage.rotate(next);
      expect(await stage.labels()).toEqual({ AWSCURRENT: next, AWSPREVIOUS: made.replacement });
    },
  );
});
