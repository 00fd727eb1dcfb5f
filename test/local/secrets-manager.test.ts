// The Secrets Manager stand-in, called by the real SDK client: its versions, labels and errors are those of AWS.

import { randomUUID } from 'node:crypto';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { STAND_IN_CLIENT } from '../../local/names.ts';
import { type LocalSecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';

const NAME = 'token-vending/emporix';
const V1 = 'version-1-'.padEnd(32, '1');
const V2 = 'version-2-'.padEnd(32, '2');
const V3 = 'version-3-'.padEnd(32, '3');

let server: LocalSecretsManager;
let client: SecretsManagerClient;

beforeEach(async () => {
  server = await startSecretsManager();
  client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: server.url, maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await server.close();
});

const create = (versionId = V1, text = 'one') =>
  client.send(new CreateSecretCommand({ Name: NAME, SecretString: text, ClientRequestToken: versionId }));
const put = (versionId: string, text: string, labels?: string[]) =>
  client.send(
    new PutSecretValueCommand({
      SecretId: NAME,
      SecretString: text,
      ClientRequestToken: versionId,
      ...(labels && { VersionStages: labels }),
    }),
  );
const get = (version: { VersionId?: string; VersionStage?: string } = {}, id = NAME) =>
  client.send(new GetSecretValueCommand({ SecretId: id, ...version }));
const move = (label: string, to?: string, from?: string) =>
  client.send(
    new UpdateSecretVersionStageCommand({
      SecretId: NAME,
      VersionStage: label,
      ...(to && { MoveToVersionId: to }),
      ...(from && { RemoveFromVersionId: from }),
    }),
  );
const labels = async () => (await client.send(new DescribeSecretCommand({ SecretId: NAME }))).VersionIdsToStages;

test('put creates a secret, and puts a new current value under its name or its ARN', async () => {
  const arn = server.put(NAME, 'one');
  expect(await get()).toMatchObject({ ARN: arn, Name: NAME, SecretString: 'one', VersionStages: ['AWSCURRENT'] });
  expect(server.put(arn, 'two')).toBe(arn);
  expect(server.put(NAME, 'three')).toBe(arn);
  expect(await get()).toMatchObject({ SecretString: 'three' });
  expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'two' });
});

describe('a secret', () => {
  test('is found by its name and by its ARN, which ends in six characters', async () => {
    const { ARN = '' } = await create();
    expect(ARN).toMatch(/^arn:aws:secretsmanager:eu-central-1:\d{12}:secret:token-vending\/emporix-[A-Za-z0-9]{6}$/);
    expect(await get()).toMatchObject({ ARN, Name: NAME, VersionId: V1, SecretString: 'one' });
    expect(await get({}, ARN)).toMatchObject({ SecretString: 'one', VersionStages: ['AWSCURRENT'] });
    expect((await get()).CreatedDate).toBeInstanceOf(Date);
  });

  test('holds bytes as well as text', async () => {
    const bytes = new Uint8Array([0, 255, 1]);
    await client.send(new CreateSecretCommand({ Name: NAME, SecretBinary: bytes }));
    expect(await get()).toMatchObject({ SecretBinary: bytes });
    expect(await get()).not.toHaveProperty('SecretString');
  });

  test('holds 65,536 bytes, whether they are text or not, and no more', async () => {
    await create();
    const putBytes = (SecretBinary: Uint8Array) =>
      client.send(new PutSecretValueCommand({ SecretId: NAME, SecretBinary }));
    await put(V2, 'é'.repeat(32_768));
    await putBytes(new Uint8Array(65_536));
    await expect(put(V3, `${'é'.repeat(32_768)}x`)).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(putBytes(new Uint8Array(65_537))).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('created without a value has no version, and its first version becomes current whatever its labels are', async () => {
    await client.send(new CreateSecretCommand({ Name: NAME }));
    await expect(get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await put(V1, 'one', ['CANDIDATE']);
    expect(await labels()).toEqual({ [V1]: ['CANDIDATE', 'AWSCURRENT'] });
  });

  test('is created once, and a repeated request gets the same answer', async () => {
    const first = await create();
    expect(await create()).toMatchObject({ ARN: first.ARN, VersionId: V1 });
    await expect(create(V2)).rejects.toMatchObject({ name: 'ResourceExistsException' });
    await expect(create(V1, 'other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });
});

describe('putting a value', () => {
  test('moves AWSCURRENT to it, and AWSPREVIOUS to the version that was current', async () => {
    await create();
    expect(await put(V2, 'two')).toMatchObject({ VersionId: V2, VersionStages: ['AWSCURRENT'] });
    expect(await labels()).toEqual({ [V1]: ['AWSPREVIOUS'], [V2]: ['AWSCURRENT'] });
    await put(V3, 'three');
    expect(await labels()).toEqual({ [V2]: ['AWSPREVIOUS'], [V3]: ['AWSCURRENT'] });
    expect(await get()).toMatchObject({ SecretString: 'three' });
    expect(await get({ VersionStage: 'AWSPREVIOUS' })).toMatchObject({ SecretString: 'two' });
    expect(await get({ VersionId: V1 })).toMatchObject({ SecretString: 'one' });
  });

  test('with another label leaves AWSCURRENT where it is, and moves that label', async () => {
    await create();
    await put(V2, 'two', ['CANDIDATE']);
    await put(V3, 'three', ['CANDIDATE']);
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'], [V3]: ['CANDIDATE'] });
  });

  test('again under the same token changes nothing, and another value under it is refused', async () => {
    await create();
    await put(V2, 'two');
    await put(V3, 'three');
    expect(await put(V2, 'two')).toMatchObject({ VersionId: V2, VersionStages: ['AWSPREVIOUS'] });
    await expect(put(V2, 'other')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    expect(await get()).toMatchObject({ SecretString: 'three' });
  });
});

describe('moving a label', () => {
  beforeEach(async () => {
    await create();
    await put(V2, 'two', ['CANDIDATE']);
  });

  test('AWSCURRENT moves there and back, and AWSPREVIOUS always to the version that was current', async () => {
    await move('AWSCURRENT', V2, V1);
    expect(await labels()).toEqual({ [V1]: ['AWSPREVIOUS'], [V2]: ['CANDIDATE', 'AWSCURRENT'] });
    await move('AWSCURRENT', V1, V2);
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'], [V2]: ['CANDIDATE', 'AWSPREVIOUS'] });
  });

  test('a new label needs no version to come from, and moving it to its own version changes nothing', async () => {
    await move('AWSPENDING', V2);
    await move('AWSPENDING', V2);
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'], [V2]: ['CANDIDATE', 'AWSPENDING'] });
  });

  test('a label can be removed', async () => {
    await move('CANDIDATE', undefined, V2);
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'] });
  });

  test.each([
    [
      'without saying where the label is',
      'AWSCURRENT',
      V2,
      undefined,
      /RemoveFromVersionId can't be empty.*version-1-/,
    ],
    ['from a version that lacks the label', 'CANDIDATE', V1, V1, /not currently attached/],
    ['from and to nowhere', 'CANDIDATE', undefined, undefined, /You must specify/],
    ['AWSCURRENT to nowhere', 'AWSCURRENT', undefined, V1, /can't be completely removed/],
  ])('is refused %s', async (_, label, to, from, message) => {
    await expect(move(label, to, from)).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringMatching(message),
    });
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'], [V2]: ['CANDIDATE'] });
  });

  test('is refused to a version that does not exist', async () => {
    await expect(move('CANDIDATE', V3, V2)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('a rotation', () => {
  const begin = (versionId: string) =>
    client.send(new RotateSecretCommand({ SecretId: NAME, ClientRequestToken: versionId }));
  beforeEach(() => create());

  test('begins with a version that has no value yet, which is then put under its own token', async () => {
    expect(await begin(V2)).toMatchObject({ VersionId: V2 });
    expect(await labels()).toEqual({ [V1]: ['AWSCURRENT'], [V2]: ['AWSPENDING'] });
    await expect(get({ VersionId: V2 })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(get({ VersionStage: 'AWSPENDING' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await put(V2, 'two', ['AWSPENDING']);
    expect(await get({ VersionId: V2 })).toMatchObject({ SecretString: 'two', VersionStages: ['AWSPENDING'] });
    await expect(put(V2, 'other', ['AWSPENDING'])).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  test('does not begin while AWSPENDING sits on another version than the current one', async () => {
    await begin(V2);
    await expect(begin(V3)).rejects.toMatchObject({ name: 'InvalidRequestException' });
    await move('AWSPENDING', undefined, V2);
    await begin(V3);
    await put(V3, 'three', ['AWSPENDING']);
    await move('AWSCURRENT', V3, V1);
    await begin('version-4-'.padEnd(32, '4'));
  });
});

describe('a request is refused', () => {
  test.each([
    [
      'an unknown secret',
      { id: 'other' },
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret.",
    ],
    [
      'an unknown version',
      { VersionId: V3 },
      'ResourceNotFoundException',
      `Secrets Manager can't find the specified secret value for VersionId: ${V3}`,
    ],
    [
      'an unknown label',
      { VersionStage: 'AWSPENDING' },
      'ResourceNotFoundException',
      "Secrets Manager can't find the specified secret value for staging label: AWSPENDING",
    ],
    [
      'a version that lacks the label asked for',
      { VersionId: V1, VersionStage: 'CANDIDATE' },
      'InvalidRequestException',
      'You provided a VersionStage that is not associated to the provided VersionId.',
    ],
  ])(
    'if it reads %s',
    async (_, { id, ...version }: { id?: string; VersionId?: string; VersionStage?: string }, name, message) => {
      await create();
      await put(V2, 'two', ['CANDIDATE']);
      await expect(get(version, id)).rejects.toMatchObject({ name, message, $metadata: { httpStatusCode: 400 } });
    },
  );

  test('if it puts a value with a short token, with text and bytes at once, without a value or without a label', async () => {
    await create();
    await expect(put('short', 'x')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const both = { SecretId: NAME, SecretString: 'x', SecretBinary: new Uint8Array([1]) };
    await expect(client.send(new PutSecretValueCommand(both))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await expect(client.send(new PutSecretValueCommand({ SecretId: NAME }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    await expect(put(randomUUID(), 'x', [])).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('if its operation is not simulated', async () => {
    await expect(client.send(new ListSecretsCommand({}))).rejects.toMatchObject({ name: 'UnknownOperationException' });
  });

  test('if its body is not JSON', async () => {
    const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue' };
    const response = await fetch(server.url, { method: 'POST', headers, body: 'not JSON' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'SerializationException', Message: expect.any(String) });
  });
});
