import { inspect } from 'node:util';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../lambda/clock.ts';
import { errorName } from '../../../lambda/errors.ts';
import { CredentialSource } from '../../../lambda/secrets/credential-source.ts';
import { SecretReader } from '../../../lambda/secrets/secret-reader.ts';
import type { Listening } from '../../../local/http.ts';
import { STAND_IN_CLIENT } from '../../../local/names.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';

let server: Listening;
let client: SecretsManagerClient;
let reads: number;
let nowMs: number;
let waitsMs: number[];
let failedChecks: string[];
let failedReads: [version: string, error: string][];
let source: CredentialSource;

beforeEach(async () => {
  server = await startSecretsManager();
  client = new SecretsManagerClient({ ...STAND_IN_CLIENT, endpoint: server.url, maxAttempts: 1 });
  reads = 0;
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        if (commandName === 'GetSecretValueCommand') reads++;
        return next(args);
      },
    { step: 'initialize' },
  );
  nowMs = 1_800_000_000_000;
  waitsMs = [];
  failedChecks = [];
  failedReads = [];
  source = newSource();
});
afterEach(async () => {
  client.destroy();
  await server.close();
});

/** A version that does not exist. */
const UNKNOWN_VERSION = '00000000-0000-0000-0000-000000000000';

function newSource(): CredentialSource {
  return new CredentialSource({
    reader: new SecretReader({ client, secretId: 'emporix', region: 'eu-central-1' }),
    // Only the tests move the clock. No caller waits for a check longer than 50 ms of real time.
    clock: {
      ...systemClock,
      nowMs: () => nowMs,
      waitAtMost: (durationMs, promise) => {
        waitsMs.push(durationMs);
        return systemClock.waitAtMost(50, promise);
      },
    },
    onCheckFailed: (error) => failedChecks.push(errorName(error)),
    onReadFailed: (version, error) => failedReads.push([version, errorName(error)]),
  });
}

const create = (SecretString?: string) => client.send(new CreateSecretCommand({ Name: 'emporix', SecretString }));
const put = (SecretString: string) => client.send(new PutSecretValueCommand({ SecretId: 'emporix', SecretString }));
const value = (clientSecret: string) => JSON.stringify({ client_id: 'the-client', client_secret: clientSecret });

describe('a credential', () => {
  test('is read once, and then used for a minute', async () => {
    await create(value('one'));
    const first = await source.current();
    expect([first.clientId, first.clientSecret]).toEqual(['the-client', 'one']);
    nowMs += 59_999;
    expect(source.checked).toBe(first);
    expect(await source.current()).toBe(first);
    expect(reads).toBe(1);
  });

  test('that was replaced is seen within a minute', async () => {
    await create(value('one'));
    const before = await source.current();
    await put(value('two'));
    nowMs += 60_000;
    expect(source.checked).toBeUndefined();
    const after = await source.current();
    expect(after.clientSecret).toBe('two');
    expect(after.version).not.toBe(before.version);
  });

  test('is read once for any number of callers at the same time', async () => {
    await create(value('one'));
    await Promise.all(Array.from({ length: 20 }, () => source.current()));
    expect(reads).toBe(1);
  });

  test('is read again when another version is seen, once in 5 s for each', async () => {
    await create(value('one'));
    await source.current();
    await put(value('two'));
    expect(await source.recheck('new')).toMatchObject({ credential: { clientSecret: 'two' }, isConfirmed: true });
    await source.recheck('another');
    expect(reads).toBe(3);
    nowMs += 4_999;
    expect(await source.recheck('another')).toMatchObject({ isConfirmed: true });
    expect(reads).toBe(3);
    nowMs += 1;
    await source.recheck('another');
    expect(reads).toBe(4);
  });

  test('is not read again if it was read since the other version was seen', async () => {
    await create(value('one'));
    await source.current();
    expect(await source.recheck('another', nowMs)).toMatchObject({ isConfirmed: true });
    expect(reads).toBe(1);
    await source.recheck('another', nowMs + 1);
    expect(reads).toBe(2);
  });

  test('counts as confirmed without Secrets Manager only if the other version was current before', async () => {
    await create(value('one'));
    const { version: first } = await source.current();
    await put(value('two'));
    nowMs += 60_000;
    await source.current();
    await server.close();
    nowMs += 10_000;
    expect(await source.recheck('another')).toMatchObject({ credential: { clientSecret: 'two' }, isConfirmed: false });
    expect(await source.recheck(first)).toMatchObject({ credential: { clientSecret: 'two' }, isConfirmed: true });
  });

  test('counts as checked from the start of the request, not from the time of its answer', async () => {
    await create(value('one'));
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        await answered;
        return result;
      },
      { step: 'finalizeRequest' },
    );
    const reading = source.current();
    nowMs += 600_000; // The instance is frozen before the answer arrives.
    answer();
    await reading;
    expect(source.checked).toBeUndefined();
  });

  test('stays in use while a check takes long', async () => {
    await create(value('one'));
    const credential = await source.current();
    client.middlewareStack.add(() => () => new Promise(() => {}), { step: 'finalizeRequest' });
    nowMs += 60_000;
    expect(await source.current()).toBe(credential);
    expect(source.checked).toBe(credential);
    nowMs += 5_000;
    expect(source.checked).toBeUndefined();
  });

  test.each([
    ['half a second if it was checked lately', 60_000, false, 500],
    ['longer if it may be long out of date', 130_000, false, 3_000],
    ['half a second if it may be out of date, but the caller has a valid token', 130_000, true, 500],
  ])('that is being checked is awaited for %s', async (_, afterMs, hasToken, waitMs) => {
    await create(value('one'));
    await source.current();
    client.middlewareStack.add(() => () => new Promise(() => {}), { step: 'finalizeRequest' });
    nowMs += afterMs;
    await source.current(hasToken);
    await source.recheck('another', undefined, hasToken);
    expect(waitsMs).toEqual([waitMs, waitMs]);
  });

  test('of an older version is found by its version', async () => {
    await create(value('one'));
    const { version } = await source.current();
    await put(value('two'));
    nowMs += 60_000;
    await source.current();
    expect((await source.ofVersion(version))?.clientSecret).toBe('one');
    expect(reads).toBe(2);
    expect(await source.ofVersion(UNKNOWN_VERSION)).toBeUndefined();
    expect(failedReads).toEqual([[UNKNOWN_VERSION, 'misconfigured']]);
  });

  test('that was current before is read by its label, and a failure to read it is reported', async () => {
    await create(value('one'));
    await source.current();
    expect(await source.previous()).toBeUndefined();
    expect(failedReads).toEqual([['AWSPREVIOUS', 'misconfigured']]);
    await put(value('two'));
    expect((await source.previous())?.clientSecret).toBe('one');
  });

  test('that opened a token counts as checked while the secret holds none, and the secret is read once in 5 s', async () => {
    await create(value('one'));
    const { version } = await source.current();
    await put('generated');
    source = newSource();
    reads = 0;
    await expect(source.current()).rejects.toMatchObject({ code: 'misconfigured' });
    const opener = await source.ofVersion(version);
    if (opener === undefined) throw new Error('the version is not there');
    source.adopt(opener);
    for (let call = 0; call < 200; call++) expect(await source.current()).toBe(opener);
    expect(source.checked).toBe(opener);
    expect(reads).toBe(2);
    nowMs += 5_000;
    expect(source.checked).toBeUndefined();
    expect(await source.current()).toBe(opener);
    expect(reads).toBe(3);
    await put(value('two'));
    nowMs += 5_000;
    expect((await source.current()).clientSecret).toBe('two');
  });

  test('stays in use while Secrets Manager is out of reach, with a new try every 5 s', async () => {
    await create(value('one'));
    const credential = await source.current();
    await server.close();
    nowMs += 60_000;
    expect(await source.current()).toBe(credential);
    expect(source.checked).toBe(credential);
    expect(failedChecks).toEqual(['unavailable']);
    nowMs += 5_000;
    expect(source.checked).toBeUndefined();
    expect(await source.current()).toBe(credential);
    expect(failedChecks).toHaveLength(2);
  });

  test('stays in use when a value is put that is no credential', async () => {
    await create(value('one'));
    await source.current();
    await put('nonsense');
    nowMs += 60_000;
    expect((await source.current()).clientSecret).toBe('one');
    expect(failedChecks).toEqual(['misconfigured']);
  });

  test('prints as [redacted]', async () => {
    await create(value('canary'));
    const credential = await source.current();
    const printed = [
      inspect(credential, { depth: 9, showHidden: true }),
      JSON.stringify(credential),
      `${credential}`,
    ].join();
    expect(printed).not.toMatch(/canary|the-client/);
  });
});

describe('the operator is told the command to run', () => {
  const command = 'aws secretsmanager put-secret-value --region eu-central-1 --secret-id emporix --secret-string ';
  test.each<[string, string | undefined, string]>([
    ['has no value yet', undefined, 'secret emporix does not exist or has no value'],
    ["has CloudFormation's generated value", 'x8}d?k!canary', 'secret emporix is not JSON'],
    ['is a space', ' ', 'secret emporix is not JSON'],
    ['is a list', '["canary"]', 'secret emporix is not a JSON object'],
    ['is null', 'null', 'secret emporix is not a JSON object'],
    ['has no client_id', '{"client_secret":"canary"}', 'secret emporix has no client_id'],
    ['has no client_secret', '{"client_id":"canary"}', 'secret emporix has no client_secret'],
    ['has an empty client_id', '{"client_id":"","client_secret":"canary"}', 'secret emporix has no client_id'],
    ['has an empty client_secret', '{"client_id":"canary","client_secret":""}', 'secret emporix has no client_secret'],
    [
      'has a number as client_secret',
      '{"client_id":"canary","client_secret":1}',
      'secret emporix has no client_secret',
    ],
  ])('if the secret %s', async (_, secretString, problem) => {
    await create(secretString);
    const failure = await source.current().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'misconfigured', message: expect.stringContaining(`${problem}; `) });
    expect(failure).toMatchObject({ message: expect.stringContaining(command) });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  test('if there is no secret', async () => {
    await expect(source.current()).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(/^secret emporix does not exist.*put-secret-value/),
    });
  });

  test('and the credential that is then put is used within 5 s', async () => {
    await create('generated');
    await expect(source.current()).rejects.toMatchObject({ code: 'misconfigured' });
    await put(value('one'));
    nowMs += 5_000;
    expect((await source.current()).clientSecret).toBe('one');
  });

  test('by one read in 5 s, however many callers ask', async () => {
    await create('generated');
    for (let call = 0; call < 200; call++) {
      await expect(source.current()).rejects.toMatchObject({ code: 'misconfigured' });
    }
    expect(reads).toBe(1);
    nowMs += 4_999;
    await source.current().catch(() => {});
    expect(reads).toBe(1);
    nowMs += 1;
    await source.current().catch(() => {});
    expect(reads).toBe(2);
  });

  test('and a version that can not be read is not read again within 5 s', async () => {
    await create(value('one'));
    await source.current();
    for (let call = 0; call < 200; call++) expect(await source.ofVersion(UNKNOWN_VERSION)).toBeUndefined();
    expect(reads).toBe(2);
    nowMs += 5_000;
    await source.ofVersion(UNKNOWN_VERSION);
    expect(reads).toBe(3);
  });

  test('but if Secrets Manager is out of reach, the caller is told when to retry', async () => {
    await server.close();
    await expect(source.current()).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 });
  });
});
