// The four steps, under Secrets Manager's rules for labels: which labels are moved, and which are left alone.

import { describe, expect, test } from '@jest/globals';
import { credentialOf, type Step } from '../../../testbed/rotating.ts';
import { ROTATION_STEPS } from '../../../testbed/secret-operator.ts';
import { untouched, useStages } from './stages.ts';

const { open, withCandidate } = useStages();

describe('a rotation', () => {
  test('makes the candidate current, and leaves no label behind', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    expect(await stage.current()).toBe(credentialOf('new'));
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test('labels the version that it compares with, and leaves the other labels where they are until finishSecret', async () => {
    const { stage, candidate, version } = await withCandidate();
    const begun = { AWSCURRENT: stage.first, COMPARED: stage.first, CANDIDATE: candidate, AWSPENDING: version };
    for (const step of ['createSecret', 'setSecret', 'testSecret'] satisfies Step[]) {
      await stage.step(step, version);
      expect(await stage.labels()).toEqual(begun);
    }
    expect(await stage.current()).toBe(credentialOf('old'));
  });

  test('can be followed by the next one', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    await stage.put(credentialOf('newer'), 'CANDIDATE');
    const next = await stage.begin();
    await stage.rotate(next);
    expect(await stage.current()).toBe(credentialOf('newer'));
    expect(await stage.labels()).toEqual({ AWSCURRENT: next, AWSPREVIOUS: version });
  });

  test('does not use the candidate of an earlier rotation again', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    const emergency = await stage.put(credentialOf('newer'), 'AWSCURRENT');
    const next = await stage.begin();
    await expect(stage.rotate(next)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(await stage.labels()).toEqual({ AWSCURRENT: emergency, AWSPREVIOUS: version });
  });

  test.each<[string, string | Uint8Array]>([
    ['text', '{ "client_id": "new", "client_secret": "new-secret", "owner": "team" }'],
    ['text after a byte order mark', `\uFEFF${credentialOf('new\n', 'new-secret')}\r\n`],
    ['bytes', new Uint8Array(Buffer.from(`\uFEFF${credentialOf('new', 'new-secret\r\n')}`))],
  ])('copies %s as it was written', async (_, value) => {
    const stage = await open();
    const candidate = await stage.put(value, 'CANDIDATE');
    const version = await stage.begin();
    await stage.step('createSecret', version);
    await stage.step('createSecret', version);
    expect((await stage.labels()).CANDIDATE).toBe(candidate);
    await stage.rotate(version);
    expect(await stage.current()).toEqual(value);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test('takes a candidate that was staged again in bytes for the same one', async () => {
    const { stage, version } = await withCandidate();
    await stage.step('createSecret', version);
    await stage.put(Buffer.from(credentialOf('new')), 'CANDIDATE');
    await stage.rotate(version);
    expect(await stage.current()).toBe(credentialOf('new'));
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test('reads the credential from the fields that are configured, and names them', async () => {
    const stage = await open({
      secretFields: { clientId: 'key', clientSecret: 'pass' },
      current: '{"key":"old","pass":"old-secret"}',
    });
    await stage.put(credentialOf('new'), 'CANDIDATE');
    await expect(stage.rotate(await stage.begin())).rejects.toThrow(
      /^the candidate has no field "key"; stage one: .*; credential\.json holds {"key":"…","pass":"…"}; /,
    );
    await stage.put('{"key":"new","pass":"new-secret"}', 'CANDIDATE');
    await stage.rotate(await stage.begin());
    expect(await stage.current()).toBe('{"key":"new","pass":"new-secret"}');
    expect(new Set(stage.emporix.requests.map(({ params }) => params.client_id))).toEqual(new Set(['old', 'new']));
  });

  test('to the previous version takes that version as its candidate', async () => {
    const { stage, version } = await withCandidate();
    await stage.rotate(version);
    await stage.move('CANDIDATE', undefined, stage.first);
    const back = await stage.begin();
    await stage.rotate(back);
    expect(await stage.current()).toBe(credentialOf('old'));
    expect(await stage.labels()).toEqual({ AWSCURRENT: back, AWSPREVIOUS: version });
  });

  test('works with events for a version that Secrets Manager did not begin', async () => {
    const stage = await open();
    await stage.put(credentialOf('new'), 'CANDIDATE');
    const version = 'called-by-hand'.padEnd(32, '0');
    await stage.rotate(version);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });

  test('keeps a candidate that was staged in the meantime', async () => {
    const { stage, version } = await withCandidate();
    for (const step of ROTATION_STEPS.slice(0, 3)) await stage.step(step, version);
    await stage.put(credentialOf('newer'), 'CANDIDATE');
    await expect(stage.step('finishSecret', version)).rejects.toMatchObject({ code: 'misconfigured' });
    expect((await stage.labels()).AWSPENDING).toBeUndefined();
    const next = await stage.begin();
    await stage.rotate(next);
    expect(await stage.current()).toBe(credentialOf('newer'));
  });
});

describe('createSecret names the command to run, and the next rotation can begin,', () => {
  const command =
    /; stage one: aws secretsmanager put-secret-value --region eu-central-1 --secret-id arn:\S+ --version-stages CANDIDATE --secret-string file:\/\/credential\.json; credential\.json holds {"client_id":"…","client_secret":"…"}; AWSCURRENT is unchanged$/;
  test.each<[string, string | Uint8Array | undefined, string]>([
    ['if no candidate is staged', undefined, 'no version of the secret is labelled CANDIDATE'],
    ['if the candidate is not JSON', 'canary', 'the candidate is not JSON'],
    ['if the candidate has no client_id', '{"client_secret":"canary"}', 'the candidate has no field "client_id"'],
    ['if the candidate is the current credential', credentialOf('old'), 'the candidate is the current credential'],
    [
      'if the candidate is the current credential with other spaces',
      ` ${credentialOf('old')} `,
      'the candidate is the current credential',
    ],
    [
      'if the candidate is the current credential in bytes, after a byte order mark',
      Buffer.from(`\uFEFF${credentialOf('old')}`),
      'the candidate is the current credential',
    ],
    [
      'if the candidate is the current credential with line ends',
      credentialOf('old\n', 'old-secret\r\n'),
      'the candidate is the current credential',
    ],
  ])('%s', async (_, value, problem) => {
    const stage = await open();
    const candidate = value === undefined ? undefined : await stage.put(value, 'CANDIDATE');
    const version = await stage.begin();
    const failure = await stage.step('createSecret', version).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'misconfigured', message: expect.stringMatching(command) });
    expect(failure).toMatchObject({ message: expect.stringContaining(`${problem}; `) });
    expect(await stage.labels()).toEqual(untouched(stage, candidate));
    await stage.put(credentialOf('new'), 'CANDIDATE');
    await stage.rotate(await stage.begin());
    expect(await stage.current()).toBe(credentialOf('new'));
  });
});

describe('testSecret alone, as when the schedule is set up, finds nothing to test', () => {
  test.each<[string, boolean, string | undefined]>([
    ['if there is no candidate, and AWSPENDING is empty', false, undefined],
    ['if there is no candidate, and AWSPENDING holds another credential', false, credentialOf('new')],
    ['if there is a candidate, and AWSPENDING is empty', true, undefined],
    ['if there is a candidate, and AWSPENDING holds no credential', true, 'generated'],
    ['if there is a candidate, and AWSPENDING holds the current credential', true, credentialOf('old')],
  ])('%s', async (_, isStaged, pending) => {
    const stage = await open();
    // A failed rotation left this label behind, and then the secret was replaced.
    await stage.move('COMPARED', undefined, await stage.put(credentialOf('newer'), 'AWSCURRENT'));
    await stage.put(credentialOf('old'), 'AWSCURRENT');
    if (isStaged) await stage.put(credentialOf('new'), 'CANDIDATE');
    const version = pending === undefined ? await stage.begin() : await stage.put(pending, 'AWSPENDING');
    const before = await stage.labels();
    await stage.step('testSecret', version);
    expect(await stage.labels()).toEqual(before);
    expect(stage.emporix.requests).toEqual([]);
  });

  test('in an unknown version and in the current version', async () => {
    const stage = await open();
    await stage.put(credentialOf('new'), 'CANDIDATE');
    for (const version of ['unknown'.padEnd(32, '0'), stage.first]) await stage.step('testSecret', version);
    expect(stage.emporix.requests).toEqual([]);
  });

  test('and finishSecret makes no version current that was not tested', async () => {
    const stage = await open();
    const version = await stage.put(credentialOf('new'), 'AWSPENDING');
    await stage.step('testSecret', version);
    await expect(stage.step('finishSecret', version)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(await stage.labels()).toEqual(untouched(stage));
  });

  test('but it fails if AWSPENDING holds the candidate and createSecret did not label what to compare it with', async () => {
    const stage = await open();
    const version = await stage.put(credentialOf('new'), 'AWSPENDING', 'CANDIDATE');
    const failure = { code: 'misconfigured', message: expect.stringContaining('no version is labelled COMPARED') };
    await expect(stage.step('testSecret', version)).rejects.toMatchObject(failure);
    await stage.move('AWSPENDING', undefined, version);
    await expect(stage.step('finishSecret', version)).rejects.toMatchObject(failure);
    expect(await stage.labels()).toEqual(untouched(stage, version));
  });
});

describe('AWSPENDING on the version of another rotation', () => {
  test('is left alone, and the error names the command that ends that rotation', async () => {
    const { stage, candidate, version } = await withCandidate();
    const other = 'another-event'.padEnd(32, '0');
    await expect(stage.step('createSecret', other)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining(
        `aws secretsmanager update-secret-version-stage --region eu-central-1 --secret-id ${stage.secretId} --version-stage AWSPENDING --remove-from-version-id ${version}`,
      ),
    });
    await stage.step('testSecret', other);
    await expect(stage.step('finishSecret', other)).rejects.toMatchObject({ code: 'misconfigured' });
    expect(await stage.labels()).toEqual({ ...untouched(stage, candidate), AWSPENDING: version });
    expect(stage.emporix.requests).toEqual([]);
    await stage.rotate(version);
    expect(await stage.current()).toBe(credentialOf('new'));
  });

  test.each([true, false])('is ignored if that version is current (begun by Secrets Manager: %s)', async (isBegun) => {
    const stage = await open();
    await stage.put(credentialOf('new'), 'CANDIDATE');
    await stage.move('AWSPENDING', undefined, stage.first);
    const version = isBegun ? await stage.begin() : 'called-by-hand'.padEnd(32, '0');
    await stage.rotate(version);
    expect(await stage.labels()).toEqual({ AWSCURRENT: version, AWSPREVIOUS: stage.first });
  });
});

describe('an event is refused', () => {
  const version = 'version'.padEnd(32, '0');
  test.each<[string, (secretId: string) => unknown]>([
    ['if it names another secret', (id) => ({ Step: 'createSecret', SecretId: `${id}x`, ClientRequestToken: version })],
    ['if it names no version', (id) => ({ Step: 'createSecret', SecretId: id })],
    ['if it names an unknown step', (id) => ({ Step: 'deleteSecret', SecretId: id, ClientRequestToken: version })],
    [
      'if its step is a name that every object inherits',
      (id) => ({ Step: 'constructor', SecretId: id, ClientRequestToken: version }),
    ],
    ['if it is undefined', () => undefined],
    ['if it is a text', () => 'createSecret'],
  ])('%s', async (_, event) => {
    const stage = await open();
    await stage.put(credentialOf('new'), 'CANDIDATE');
    const before = await stage.labels();
    await expect(stage.rotateFunction(event(stage.secretId))).rejects.toMatchObject({ code: 'invalid_request' });
    expect(stage.faults.calls).toBe(0);
    expect(await stage.labels()).toEqual(before);
  });
});
