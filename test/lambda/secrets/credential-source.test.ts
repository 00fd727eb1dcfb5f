import { inspect } from 'node:util';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../../lambda/clock.ts';
import { CredentialSource } from '../../../lambda/secrets/credential-source.ts';
import { SecretReader } from '../../../lambda/secrets/secret-reader.ts';
import type { Listening } from '../../../local/http.ts';
import { STAND_IN_CLIENT } from '../../../local/names.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';

let server: Listening;
let client: SecretsManagerClient;
let reads: number;
let nowMs: number;
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
    clock: { ...systemClock, nowMs: () => nowMs },
  });
}

const create = (SecretString?: string) => client.send(new CreateSecretCommand({ Name: 'emporix', SecretString }));
const put = (SecretString: string) => client.send(new PutSecretValueCommand({ SecretId: 'emporix', SecretString }));
const value = (clientSecret: string) => JSON.stringify({ client_id: 'the-client', client_secret: clientSecret });

describe('the current version', () => {
  test('is read by one request for any number of callers at the same time', async () => {
    await create(value('one'));
    await Promise.all(Array.from({ length: 20 }, () => source.read()));
    expect(reads).toBe(1);
    expect([source.current?.clientId, source.current?.clientSecret]).toEqual(['the-client', 'one']);
  });

  test('is read from bytes as well as from text', async () => {
    const SecretBinary = Buffer.from(`\uFEFF${value('one')}`);
    await client.send(new CreateSecretCommand({ Name: 'emporix', SecretBinary }));
    expect((await source.read()).clientSecret).toBe('one');
  });

  test('is the one whose read began last, also if an older read is answered later', async () => {
    await create(value('one'));
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const hold = { isOn: true, hasBegun: false };
    client.middlewareStack.add(
      (next) => async (args) => {
        const isHeld = hold.isOn;
        const result = await next(args);
        hold.hasBegun = true;
        if (isHeld) await answered;
        return result;
      },
      { step: 'finalizeRequest' },
    );
    const reading = source.read();
    while (!hold.hasBegun) await new Promise(setImmediate);
    hold.isOn = false;
    nowMs += 600_000; // The instance is frozen before the answer arrives.
    await put(value('two'));
    await source.read();
    answer();
    expect((await reading).clientSecret).toBe('two');
    expect(source.current?.clientSecret).toBe('two');
  });

  test('stays known when a value is put that is no credential', async () => {
    await create(value('one'));
    await source.read();
    await put('nonsense');
    await expect(source.read()).rejects.toMatchObject({ code: 'misconfigured' });
    expect(source.current?.clientSecret).toBe('one');
  });

  test('prints as [redacted]', async () => {
    await create(value('canary'));
    const credential = await source.read();
    const printed = [
      inspect(credential, { depth: 9, showHidden: true }),
      JSON.stringify(credential),
      `${credential}`,
    ].join();
    expect(printed).not.toMatch(/canary|the-client/);
  });
});

describe('another version', () => {
  test('is found by its ID, without a read if it was the current one', async () => {
    await create(value('one'));
    const { version } = await source.read();
    await put(value('two'));
    await source.read();
    expect((await source.ofVersion(version)).clientSecret).toBe('one');
    expect(reads).toBe(2);
    source = newSource();
    expect((await source.ofVersion(version)).clientSecret).toBe('one');
    expect((await source.ofVersion(version)).clientSecret).toBe('one');
    expect(reads).toBe(3);
  });

  test('that is the previous one is read by its label', async () => {
    await create(value('one'));
    await expect(source.previous()).rejects.toMatchObject({ code: 'misconfigured' });
    await put(value('two'));
    expect((await source.previous()).clientSecret).toBe('one');
  });

  test.each([
    ['that does not exist', async () => {}],
    ['that can not be reached', () => server.close()],
  ])('%s is asked for once in 5 s', async (_, happen) => {
    await create(value('one'));
    await happen();
    for (let call = 0; call < 200; call++) await expect(source.ofVersion(UNKNOWN_VERSION)).rejects.toBeDefined();
    expect(reads).toBe(1);
    nowMs += 5_000;
    await expect(source.ofVersion(UNKNOWN_VERSION)).rejects.toBeDefined();
    expect(reads).toBe(2);
  });
});

describe('while Secrets Manager denies the secret,', () => {
  const refuse = (name: string) =>
    client.middlewareStack.add(
      () => async () => {
        throw Object.assign(new Error(), { name, $fault: 'client' });
      },
      { step: 'finalizeRequest', name: 'refuse', override: true },
    );

  test.each(['AccessDeniedException', 'ResourceNotFoundException', 'InvalidRequestException', 'DecryptionFailure'])(
    'nothing is minted later than 5 min after its first %s since the last good answer',
    async (name) => {
      await create(value('one'));
      await source.read();
      nowMs += 3_600_000;
      refuse(name);
      for (let minute = 0; minute < 5; minute++) {
        await source.read().catch(() => {});
        expect(() => source.assertMayMint()).not.toThrow();
        nowMs += 60_000;
      }
      expect(() => source.assertMayMint()).toThrow(expect.objectContaining({ code: 'misconfigured' }));
      client.middlewareStack.remove('refuse');
      await source.read();
      expect(() => source.assertMayMint()).not.toThrow();
    },
  );

  test.each([
    ['can not be reached', () => refuse('TimeoutError')],
    ['gives a value that is no credential', () => put('nonsense')],
  ])('which is not the case when it %s, mints go on', async (_, happen) => {
    await create(value('one'));
    await source.read();
    await happen();
    await source.read().catch(() => {});
    nowMs += 3_600_000;
    await source.read().catch(() => {});
    expect(() => source.assertMayMint()).not.toThrow();
  });
});

describe('the operator is told the command to run', () => {
  const command = 'aws secretsmanager put-secret-value --region eu-central-1 --secret-id emporix --secret-string ';
  test.each<[string, string | undefined, string]>([
    ['has no value yet', undefined, 'secret emporix does not exist or has no value'],
    ["has CloudFormation's generated value", 'x8}d?k!canary', 'secret emporix is not JSON'],
    ['is empty', ' ', 'secret emporix holds only blanks'],
    ['is a list', '["canary"]', 'secret emporix is a list, not a JSON object'],
    ['has no client_id', '{"client_secret":"canary"}', 'secret emporix has no field "client_id"'],
    [
      'has an empty client_secret',
      '{"client_id":"canary","client_secret":""}',
      'secret emporix has an empty "client_secret"',
    ],
  ])('if the secret %s', async (_, secretString, problem) => {
    await create(secretString);
    const failure = await source.read().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'misconfigured', message: expect.stringContaining(`${problem}; `) });
    expect(failure).toMatchObject({ message: expect.stringContaining(command) });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  test('with the names that the fields of the secret have', async () => {
    await create('{"client_id":"canary"}');
    const secretFields = { clientId: 'key', clientSecret: 'pass word' };
    const reader = new SecretReader({ client, secretId: 'emporix', secretFields, region: 'eu-central-1' });
    await expect(reader.read()).rejects.toThrow(
      `secret emporix has no field "key"; put the credential there: ${command}'{"key":"YOUR_CLIENT_ID","pass word":"YOUR_CLIENT_SECRET"}'`,
    );
    await put('{"key":"the-client","pass word":"one"}');
    expect(await reader.read()).toMatchObject({ clientId: 'the-client', clientSecret: 'one' });
  });

  test('if there is no secret', async () => {
    await expect(source.read()).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(/^secret emporix does not exist.*put-secret-value/),
    });
  });

  test('and the credential that is then put is used within 5 s', async () => {
    await create('generated');
    await expect(source.read()).rejects.toMatchObject({ code: 'misconfigured' });
    await put(value('one'));
    nowMs += 5_000;
    expect((await source.read()).clientSecret).toBe('one');
  });

  test('by one read in 5 s, however many callers ask', async () => {
    await create('generated');
    for (let call = 0; call < 200; call++) {
      await expect(source.read()).rejects.toMatchObject({ code: 'misconfigured' });
    }
    expect(reads).toBe(1);
    nowMs += 4_999;
    await source.read().catch(() => {});
    expect(reads).toBe(1);
    nowMs += 1;
    await source.read().catch(() => {});
    expect(reads).toBe(2);
  });

  test('but if Secrets Manager is out of reach, the caller is told when to retry', async () => {
    await server.close();
    await expect(source.read()).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 });
  });
});
